package drivers_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"go.opentelemetry.io/otel/codes"

	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
	ttlogsqlx "github.com/ttlog/ttlog/instrument/sqlx"
	"github.com/ttlog/ttlog/internal/conformance"
)

func TestDatabase_OneSpanPerOperation(t *testing.T) {
	each(t, func(t *testing.T, d database, db *sql.DB, rec *conformance.Recorder) {
		f := func(what string, do func(ctx context.Context) error, names ...string) {
			t.Helper()
			rec.Reset()
			if err := do(t.Context()); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if got := conformance.Names(rec.Spans()); !slices.Equal(got, names) {
				t.Errorf("%s: spans %q, want %q", what, got, names)
			}
			if n := rec.Open(); n != 0 {
				t.Errorf("%s: %d spans never ended", what, n)
			}
		}
		byID := "SELECT name FROM items WHERE id = " + d.holder
		f("ping", db.PingContext)
		f("exec with arguments", func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, "UPDATE items SET name = 'x' WHERE id = "+d.holder, 9)
			return err
		}, "UPDATE items")
		f("query", func(ctx context.Context) error {
			rows, err := db.QueryContext(ctx, "SELECT id FROM items ORDER BY id")
			if err != nil {
				return err
			}
			for rows.Next() {
			}
			return rows.Err()
		}, "SELECT items")
		f("prepared twice", func(ctx context.Context) error {
			stmt, err := db.PrepareContext(ctx, byID)
			if err != nil {
				return err
			}
			defer stmt.Close()
			for id := range 2 {
				var name string
				if err := stmt.QueryRowContext(ctx, id+1).Scan(&name); err != nil {
					return err
				}
			}
			return nil
		}, "SELECT items", "SELECT items")
		f("transaction", func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM items WHERE id = "+d.holder, 8); err != nil {
				return err
			}
			if err := tx.Commit(); err != nil {
				return err
			}
			return ignoreTxDone(tx.Rollback())
		}, "DELETE items", "COMMIT")
		f("rolled back", func(ctx context.Context) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			return tx.Rollback()
		}, "ROLLBACK")
		// database/sql may find out before it asks the driver, or in the
		// middle of prepare and execute.
		_, err := db.ExecContext(t.Context(), "DELETE FROM items WHERE id = "+d.holder, func() {})
		if err == nil {
			t.Error("no error for an argument that cannot be converted")
		}
		if n := rec.Open(); n != 0 {
			t.Errorf("%d spans never ended", n)
		}
	})
}

func ignoreTxDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

func TestDatabase_Attributes(t *testing.T) {
	each(t, func(t *testing.T, d database, db *sql.DB, rec *conformance.Recorder) {
		for _, q := range []struct {
			query, text string
			args        []any
		}{
			{"SELECT id FROM items WHERE name = 'one' AND id IN (1, 2)", "SELECT id FROM items WHERE name = ? AND id IN (?)", nil},
			{"SELECT id FROM items WHERE id = " + d.holder, "SELECT id FROM items WHERE id = " + d.holder, []any{1}},
		} {
			rec.Reset()
			var id int
			if err := db.QueryRowContext(t.Context(), q.query, q.args...).Scan(&id); err != nil {
				t.Fatal(err)
			}
			conformance.Want(t, rec.One(t), map[string]string{
				"db.system.name": d.system, "db.query.text": q.text, "db.operation.name": "SELECT", "db.collection.name": "items",
				"db.query.summary": "SELECT items", "db.response.status_code": "-", "db.response.returned_rows": "1",
			})
		}
	}, ttlogsql.WithReturnedRows())
}

func TestDatabase_ErrorHasStatusCode(t *testing.T) {
	each(t, func(t *testing.T, d database, db *sql.DB, rec *conformance.Recorder) {
		_, err := db.QueryContext(t.Context(), "SELECT * FROM missing WHERE id = "+d.holder, 1)
		if err == nil {
			t.Fatal("no error")
		}
		span := rec.One(t)
		conformance.Want(t, span, map[string]string{"db.response.status_code": d.code, "error.type": d.code})
		if span.Status().Code != codes.Error || span.Status().Description == "" {
			t.Errorf("status is %v", span.Status())
		}
	})
}

func TestDatabase_ColumnTypesSurvive(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			wrapped := d.open(t)
			bare, err := sql.Open(d.driver, d.dsn(t))
			if err != nil {
				t.Fatal(err)
			}
			defer bare.Close()
			if !d.server {
				bare = d.openBare(t)
			}
			got, want := columns(t, wrapped), columns(t, bare)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("wrapped columns are\n%v, bare\n%v", got, want)
			}
		})
	}
}

// openBare opens a database without instrumentation, with the same table.
func (d database) openBare(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(d.driver, d.dsn(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, q := range []string{"CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20))", "INSERT INTO items VALUES (1, 'one'), (2, 'two')"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func columns(t *testing.T, db *sql.DB) [][]any {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT id, name FROM items")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]any
	for _, c := range types {
		length, hasLength := c.Length()
		nullable, hasNullable := c.Nullable()
		precision, scale, hasScale := c.DecimalSize()
		all = append(all, []any{c.Name(), c.DatabaseTypeName(), c.ScanType(), length, hasLength, nullable, hasNullable, precision, scale, hasScale})
	}
	return all
}

func TestDatabase_TransactionSpan(t *testing.T) {
	each(t, func(t *testing.T, d database, db *sql.DB, rec *conformance.Recorder) {
		ctx, parent := conformance.Parent(t.Context())
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM items WHERE id = "+d.holder, 8); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(ctx, "DELETE FROM items WHERE id = "+d.holder, 8); err != nil {
			t.Fatal(err)
		}
		spans := rec.Spans()
		if got, want := conformance.Names(spans), []string{"DELETE items", "COMMIT", "TRANSACTION", "DELETE items"}; !slices.Equal(got, want) {
			t.Fatalf("spans %q, want %q", got, want)
		}
		whole := spans[2].SpanContext().SpanID()
		if spans[0].Parent().SpanID() != whole || spans[1].Parent().SpanID() != whole {
			t.Error("the statements are not children of the transaction")
		}
		if want := parent.SpanContext().SpanID(); spans[2].Parent().SpanID() != want || spans[3].Parent().SpanID() != want {
			t.Error("the transaction is not a child of the caller's span, or what follows it is not")
		}
	}, ttlogsql.WithTransactionSpans())
}

func TestSqlx_BindTypes(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			rec := conformance.NewRecorder(t)
			d.open(t)
			dsn := d.dsn(t)
			db, err := ttlogsqlx.Connect(t.Context(), d.driver, dsn, options(rec.Tracers, rec.Meters)...)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if sqlx.BindType(db.DriverName()) == sqlx.UNKNOWN {
				t.Errorf("bind type of %s is unknown", db.DriverName())
			}
			if got := db.Rebind("SELECT ?"); got != "SELECT "+d.holder {
				t.Errorf("Rebind gives %q", got)
			}
			db.MustExec("CREATE TABLE IF NOT EXISTS named (id INTEGER)")
			rec.Reset()
			if _, err := db.NamedExecContext(t.Context(), "INSERT INTO named VALUES (:id)", map[string]any{"id": 7}); err != nil {
				t.Fatal(err)
			}
			var ids []int
			if err := db.SelectContext(t.Context(), &ids, db.Rebind("SELECT id FROM named WHERE id = ?"), 7); err != nil || len(ids) == 0 {
				t.Fatalf("%v, %v", ids, err)
			}
			if got, want := conformance.Names(rec.Spans()), []string{"INSERT named", "SELECT named"}; !slices.Equal(got, want) {
				t.Errorf("spans %q, want %q", got, want)
			}
		})
	}
}

func TestOpen_Errors(t *testing.T) {
	if _, err := ttlogsql.Open("no such driver", ""); err == nil {
		t.Error("an unknown driver gives no error")
	}
	if _, err := ttlogsql.Open("mysql", "not a dsn"); err == nil {
		t.Error("a malformed data source name gives no error")
	}
	rec := conformance.NewRecorder(t)
	ctx, _ := conformance.Parent(t.Context())
	if _, err := ttlogsqlx.Connect(ctx, "pgx", "postgres://u:secret@127.0.0.1:1/shop?sslmode=disable", options(rec.Tracers, rec.Meters)...); err == nil {
		t.Error("a refused connection gives no error")
	}
	for _, s := range rec.Spans() {
		if s.Name() != "CONNECT" && s.Name() != "PING" {
			t.Errorf("span %q", s.Name())
		}
		conformance.Want(t, s, map[string]string{"error.type": "*", "server.port": "1", "db.namespace": "shop"})
	}
	if len(rec.Spans()) == 0 {
		t.Error("a refused connection has no span")
	}
}

var registered atomic.Int64

// TestWrap_Registered uses the driver under a name of its own, as tools that open
// databases by name need it.
func TestWrap_Registered(t *testing.T) {
	each(t, func(t *testing.T, d database, db *sql.DB, rec *conformance.Recorder) {
		name := fmt.Sprintf("traced-%d", registered.Add(1))
		sql.Register(name, ttlogsql.Wrap(db.Driver(), options(rec.Tracers, rec.Meters)...))
		traced, err := sql.Open(name, d.dsn(t))
		if err != nil {
			t.Fatal(err)
		}
		defer traced.Close()
		x := ttlogsqlx.Wrap(traced, name)
		if got := x.Rebind("SELECT ?"); got != "SELECT "+d.holder {
			t.Errorf("Rebind gives %q", got)
		}
		rec.Reset()
		if _, err := x.ExecContext(t.Context(), "CREATE TABLE IF NOT EXISTS wrapped (id INTEGER)"); err != nil {
			t.Fatal(err)
		}
		span := rec.One(t)
		if got, want := span.Name(), "CREATE TABLE wrapped"; got != want {
			t.Errorf("span is called %q, want %q", got, want)
		}
		conformance.Want(t, span, map[string]string{"db.system.name": d.system, "db.namespace": "*"})
	})
}

func TestUnwrap_ReachesTheDriver(t *testing.T) {
	packages := map[string]string{
		"PostgreSQL": "github.com/jackc/pgx/v5/stdlib", "MariaDB": "github.com/go-sql-driver/mysql", "SQLite": "modernc.org/sqlite",
	}
	each(t, func(t *testing.T, d database, db *sql.DB, _ *conformance.Recorder) {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.Raw(func(dc any) error {
			if got, want := reflect.TypeOf(ttlogsql.Unwrap(dc)).Elem().PkgPath(), packages[d.name]; got != want {
				t.Errorf("unwrapped connection is of package %s, want %s", got, want)
			}
			return nil
		})
	})
	if ttlogsql.Unwrap(42) != 42 {
		t.Error("a foreign value does not stay what it is")
	}
}

func TestDatabase_WrongNumberOfArguments(t *testing.T) {
	each(t, func(t *testing.T, d database, db *sql.DB, rec *conformance.Recorder) {
		if _, err := db.ExecContext(t.Context(), "DELETE FROM items WHERE id = "+d.holder, 1, 2); err == nil {
			t.Skip("the driver takes them")
		}
		if span := rec.One(t); span.Status().Code != codes.Error {
			t.Errorf("status is %v", span.Status())
		}
	})
}

// TestDatabase_WithParentRequired has spans only below another, and measures
// always.
func TestDatabase_WithParentRequired(t *testing.T) {
	each(t, func(t *testing.T, d database, db *sql.DB, rec *conformance.Recorder) {
		do := func(ctx context.Context) {
			t.Helper()
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(ctx, "DELETE FROM items WHERE id = "+d.holder, 8); err != nil {
				t.Error(err)
			}
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
			if _, err := db.ExecContext(ctx, "DELETE FROM missing"); err == nil {
				t.Error("no error")
			}
		}
		do(t.Context())
		if got := conformance.Names(rec.Spans()); len(got) != 0 {
			t.Errorf("without a parent: spans %q", got)
		}
		ctx, _ := conformance.Parent(t.Context())
		do(ctx)
		if got, want := conformance.Names(rec.Spans()), []string{"DELETE items", "COMMIT", "TRANSACTION", "DELETE missing"}; !slices.Equal(got, want) {
			t.Errorf("below a span: spans %q, want %q", got, want)
		}
		measured := map[string]uint64{}
		for _, p := range rec.Histogram(t, "db.client.operation.duration") {
			measured[conformance.Texts(p.Attributes.ToSlice())["db.operation.name"]] += p.Count
		}
		if measured["COMMIT"] != 2 || measured["TRANSACTION"] != 2 || measured["DELETE"] != 4 {
			t.Errorf("measured %v", measured)
		}
	}, ttlogsql.WithParentRequired(), ttlogsql.WithTransactionSpans())
}

// TestDatabase_CanceledIsNoError has a caller that does not wait for a query.
func TestDatabase_CanceledIsNoError(t *testing.T) {
	each(t, func(t *testing.T, d database, db *sql.DB, rec *conformance.Recorder) {
		slow := map[string]string{
			"PostgreSQL": "SELECT pg_sleep(60)", "MariaDB": "SELECT SLEEP(60)",
			"SQLite": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c",
		}[d.name]
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(200*time.Millisecond, leave)
		var v any
		if err := db.QueryRowContext(ctx, slow).Scan(&v); err == nil {
			t.Fatal("no error")
		}
		for _, span := range rec.Spans() {
			conformance.Want(t, span, map[string]string{"error.type": "context.Canceled", "db.response.status_code": "-"})
			if span.Status().Code != codes.Unset {
				t.Errorf("%s: the status is %v", span.Name(), span.Status())
			}
		}
		if len(rec.Spans()) == 0 {
			t.Error("no span")
		}
	})
}
