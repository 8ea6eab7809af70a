package ttlogsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/conformance"
)

// The parts of a fake driver, for the behavior that no real one shows on
// demand. bareConn has no optional interface at all.
type bareConn struct{ log *[]string }

func (c bareConn) note(s string) { *c.log = append(*c.log, s) }
func (c bareConn) Prepare(q string) (driver.Stmt, error) {
	c.note("prepare")
	if q == "bad" {
		return nil, errors.New("syntax")
	}
	return bareStmt(c), nil
}
func (bareConn) Close() error                { return nil }
func (c bareConn) Begin() (driver.Tx, error) { c.note("begin"); return bareTx(c), nil }

type bareTx bareConn

func (bareTx) Commit() error   { return nil }
func (bareTx) Rollback() error { return nil }

type bareStmt bareConn

func (bareStmt) Close() error  { return nil }
func (bareStmt) NumInput() int { return -1 }
func (s bareStmt) Exec([]driver.Value) (driver.Result, error) {
	bareConn(s).note("exec")
	return driver.RowsAffected(1), nil
}

func (s bareStmt) Query([]driver.Value) (driver.Rows, error) {
	bareConn(s).note("query")
	return &bareRows{}, nil
}

// bareRows has one row, and then fails with err, or ends.
type bareRows struct {
	n   int
	err error
}

func (*bareRows) Columns() []string { return []string{"a"} }
func (*bareRows) Close() error      { return nil }
func (r *bareRows) Next(dest []driver.Value) error {
	if r.n++; r.n == 1 {
		dest[0] = int64(1)
		return nil
	}
	if r.err != nil {
		return r.err
	}
	return io.EOF
}

type fakeConnector struct{ connect func() driver.Conn }

func (c fakeConnector) Connect(context.Context) (driver.Conn, error) { return c.connect(), nil }
func (fakeConnector) Driver() driver.Driver                          { return nil }

// openFake opens a database over connections that build returns, with the log of
// what the driver was asked.
func openFake(t *testing.T, build func(bareConn) driver.Conn, opts ...Option) (*sql.DB, *conformance.Recorder, *[]string) {
	t.Helper()
	rec := conformance.NewRecorder(t)
	log := &[]string{}
	db := OpenDB(fakeConnector{func() driver.Conn { return build(bareConn{log}) }}, options(rec.Tracers, rec.Meters, opts...)...)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db, rec, log
}

type connSkips struct{ bareConn }

func (c connSkips) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	c.note("skip")
	return nil, driver.ErrSkip
}

func (c connSkips) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	c.note("skip")
	return nil, driver.ErrSkip
}

func TestErrSkip_ContinuesTheSpan(t *testing.T) {
	db, rec, log := openFake(t, func(c bareConn) driver.Conn { return connSkips{c} })
	if _, err := db.ExecContext(t.Context(), "DELETE FROM t WHERE a = ?", 1); err != nil {
		t.Fatal(err)
	}
	conformance.Want(t, rec.One(t), map[string]string{"error.type": "-", "db.query.text": "DELETE FROM t WHERE a = ?"})
	if want := []string{"skip", "prepare", "exec"}; !slices.Equal(*log, want) {
		t.Errorf("the driver was asked to %q, want %q", *log, want)
	}
	rec.Reset()
	var a int
	if err := db.QueryRowContext(t.Context(), "SELECT a FROM t").Scan(&a); err != nil {
		t.Fatal(err)
	}
	rec.One(t)

	// A failing prepare is the failure of the same operation.
	rec.Reset()
	if _, err := db.ExecContext(t.Context(), "bad"); err == nil {
		t.Fatal("no error")
	}
	if s := rec.One(t); s.Status().Code != codes.Error {
		t.Errorf("status is %v", s.Status())
	}
	for _, p := range rec.Histogram(t, "db.client.operation.duration") {
		if got := conformance.Texts(p.Attributes.ToSlice())["error.type"]; got != "" && got != "*errors.errorString" {
			t.Errorf("the metric counts error.type %q", got)
		}
	}
}

// stmtOfOne takes one argument.
type stmtOfOne struct{ bareStmt }

func (stmtOfOne) NumInput() int { return 1 }

type connSkipsToOne struct{ connSkips }

func (c connSkipsToOne) Prepare(string) (driver.Stmt, error) {
	return stmtOfOne{bareStmt(c.bareConn)}, nil
}

// TestErrSkip_ArgumentsDoNotFit covers what database/sql finds out between
// prepare and execute.
func TestErrSkip_ArgumentsDoNotFit(t *testing.T) {
	db, rec, _ := openFake(t, func(c bareConn) driver.Conn { return connSkipsToOne{connSkips{c}} })
	if _, err := db.ExecContext(t.Context(), "DELETE FROM t WHERE a = ?", 1, 2); err == nil {
		t.Fatal("no error")
	}
	span := rec.One(t)
	conformance.Want(t, span, map[string]string{"error.type": "ttlogsql.NotExecuted", "db.response.status_code": "-"})
	if span.Status().Code != codes.Error {
		t.Errorf("status is %v", span.Status())
	}
}

func TestBareDriver_Works(t *testing.T) {
	db, rec, log := openFake(t, func(c bareConn) driver.Conn { return c })
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE t SET a = ?", 1); err != nil {
		t.Errorf("exec: %v", err)
	}
	if want := []string{"prepare", "exec"}; !slices.Equal(*log, want) {
		t.Errorf("the driver was asked to %q, want %q", *log, want)
	}
	rec.One(t)
	if _, err := db.ExecContext(t.Context(), "UPDATE t SET a = @a", sql.Named("a", 1)); err == nil {
		t.Error("named parameters give no error")
	}
	if _, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable}); err == nil {
		t.Error("an isolation level gives no error")
	}
	if _, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true}); err == nil {
		t.Error("a read-only transaction gives no error")
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	if _, err := db.PrepareContext(t.Context(), "bad"); err == nil {
		t.Error("prepare: no error")
	}
	names := conformance.Names(rec.Spans())
	if want := []string{"UPDATE t", "UPDATE t", "BEGIN", "BEGIN", "COMMIT", "other_sql"}; !slices.Equal(names, want) {
		t.Errorf("spans %q, want %q", names, want)
	}
}

// legacyConn executes with the interfaces from before there was a context.
type legacyConn struct{ bareConn }

func (c legacyConn) Exec(string, []driver.Value) (driver.Result, error) {
	c.note("legacy exec")
	return driver.RowsAffected(1), nil
}

func (c legacyConn) Query(string, []driver.Value) (driver.Rows, error) {
	c.note("legacy query")
	return &bareRows{}, nil
}

func TestLegacyDriver_IsNotPrepared(t *testing.T) {
	db, rec, log := openFake(t, func(c bareConn) driver.Conn { return legacyConn{c} })
	if _, err := db.Exec("DELETE FROM t"); err != nil {
		t.Fatal(err)
	}
	var a int
	if err := db.QueryRow("SELECT a FROM t").Scan(&a); err != nil {
		t.Fatal(err)
	}
	if want := []string{"legacy exec", "legacy query"}; !slices.Equal(*log, want) {
		t.Errorf("the driver was asked to %q, want %q", *log, want)
	}
	if n := len(rec.Spans()); n != 2 {
		t.Errorf("%d spans, want 2", n)
	}
}

type (
	execPart  struct{}
	queryPart struct{}
)

func (execPart) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(0), nil
}

func (queryPart) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &bareRows{}, nil
}

func TestConn_KeepsOptionalInterfaces(t *testing.T) {
	for _, c := range []driver.Conn{
		bareConn{},
		struct {
			bareConn
			execPart
		}{},
		struct {
			bareConn
			queryPart
		}{},
		struct {
			bareConn
			execPart
			queryPart
		}{},
	} {
		wrapped := wrapConn(c, newInstrument(newConfig(nil)))
		_, execs := c.(driver.ExecerContext)
		_, queries := c.(driver.QueryerContext)
		_, gotExecs := wrapped.(driver.ExecerContext)
		_, gotQueries := wrapped.(driver.QueryerContext)
		if execs != gotExecs || queries != gotQueries {
			t.Errorf("%T: wrapped executes %v and queries %v, want %v and %v", c, gotExecs, gotQueries, execs, queries)
		}
	}
}

// stmtConverts takes a value that database/sql would refuse.
type stmtConverts struct{ bareStmt }

func (stmtConverts) NumInput() int { return 1 }
func (s stmtConverts) ColumnConverter(int) driver.ValueConverter {
	return converter{}
}

type converter struct{}

func (converter) ConvertValue(v any) (driver.Value, error) {
	if _, ok := v.(complex128); ok {
		return "complex", nil
	}
	return nil, errors.New("not complex")
}

type connConverts struct{ bareConn }

func (c connConverts) Prepare(string) (driver.Stmt, error) {
	return stmtConverts{bareStmt(c.bareConn)}, nil
}

func TestStmt_KeepsColumnConverter(t *testing.T) {
	db, _, _ := openFake(t, func(c bareConn) driver.Conn { return connConverts{c} })
	if _, err := db.Exec("INSERT INTO t VALUES (?)", complex(1, 2)); err != nil {
		t.Errorf("the statement's converter is not used: %v", err)
	}
}

// connDies is dead after its first use.
type connDies struct {
	bareConn
	queries *int
}

func (c connDies) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	if *c.queries++; *c.queries == 1 {
		return nil, driver.ErrBadConn
	}
	return driver.RowsAffected(1), nil
}

func TestErrBadConn_IsRetried(t *testing.T) {
	n := 0
	db, rec, _ := openFake(t, func(c bareConn) driver.Conn { return connDies{c, &n} })
	if _, err := db.Exec("DELETE FROM t"); err != nil {
		t.Fatalf("database/sql does not try again: %v", err)
	}
	if len(rec.Spans()) != 2 {
		t.Fatalf("spans %q", conformance.Names(rec.Spans()))
	}
	conformance.Want(t, rec.Spans()[0], map[string]string{"error.type": "driver.ErrBadConn"})
	conformance.Want(t, rec.Spans()[1], map[string]string{"error.type": "-"})
}

type connRows struct {
	bareConn
	err error
}

func (c connRows) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &bareRows{err: c.err}, nil
}

func TestRows_LateErrorFailsTheSpan(t *testing.T) {
	f := func(err error, errorType string, cancel bool) {
		t.Helper()
		db, rec, _ := openFake(t, func(c bareConn) driver.Conn { return connRows{c, err} })
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		rows, qerr := db.QueryContext(ctx, "SELECT a FROM t")
		if qerr != nil {
			t.Fatal(qerr)
		}
		rows.Next()
		if cancel {
			stop()
		} else {
			rows.Next()
		}
		_ = rows.Close()
		conformance.Want(t, rec.One(t), map[string]string{"error.type": errorType})
	}
	f(nil, "-", false)
	f(fmt.Errorf("cut: %w", io.EOF), "io.EOF", false) // which database/sql takes for an error
	f(io.ErrUnexpectedEOF, "io.ErrUnexpectedEOF", false)
	f(nil, "context.Canceled", true)
}

// rowsOfTwo fails where its second result set should begin.
type rowsOfTwo struct {
	bareRows
	err error
}

func (*rowsOfTwo) HasNextResultSet() bool { return true }
func (r *rowsOfTwo) NextResultSet() error { return r.err }

type connOfTwo struct {
	bareConn
	err error
}

func (c connOfTwo) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return &rowsOfTwo{err: c.err}, nil
}

func TestRows_FailedResultSetFailsTheSpan(t *testing.T) {
	f := func(err error, errorType string) {
		t.Helper()
		db, rec, _ := openFake(t, func(c bareConn) driver.Conn { return connOfTwo{c, err} })
		rows, qerr := db.QueryContext(t.Context(), "SELECT a FROM t; SELECT b FROM t")
		if qerr != nil {
			t.Fatal(qerr)
		}
		for rows.Next() {
		}
		rows.NextResultSet()
		_ = rows.Close()
		conformance.Want(t, rec.One(t), map[string]string{"error.type": errorType})
	}
	f(io.EOF, "-")
	f(io.ErrUnexpectedEOF, "io.ErrUnexpectedEOF")
}

func TestOptions_FilterTextName(t *testing.T) {
	db, rec, _ := openFake(t, func(c bareConn) driver.Conn { return c },
		WithFilter(func(_ context.Context, q string) bool { return q != "SELECT 1" }),
		WithQueryText(QueryTextOff), WithSystem("mariadb"), WithDSN("u:pw@tcp(db.test:3307)/shop"),
		WithSpanNameFormatter(func(_, summary string) string { return "x " + summary }))
	for _, q := range []string{"SELECT 1", "DELETE FROM t"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	span := rec.One(t)
	if span.Name() != "x DELETE t" {
		t.Errorf("span is called %q", span.Name())
	}
	conformance.Want(t, span, map[string]string{
		"db.query.text": "-", "db.system.name": "mariadb", "db.namespace": "shop",
		"server.address": "db.test", "server.port": "3307",
	})
}

func options(tp trace.TracerProvider, mp metric.MeterProvider, more ...Option) []Option {
	return append([]Option{WithTracerProvider(tp), WithMeterProvider(mp)}, more...)
}

type connFails struct {
	bareConn
	err error
}

func (c connFails) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return nil, c.err
}

// TestErrors_ThatPanic: an error of a driver's reaches the application, and what
// is wrong with it the span.
func TestErrors_ThatPanic(t *testing.T) {
	for text, faulty := range conformance.FaultyErrors() {
		db, rec, _ := openFake(t, func(c bareConn) driver.Conn { return connFails{c, faulty} })
		if _, err := db.Exec("DELETE FROM t"); err != faulty { //nolint:errorlint // its methods panic
			t.Errorf("%s: another error arrives", text)
		}
		span := rec.One(t)
		if got := span.Status().Description; got != text {
			t.Errorf("the status says %q, want %q", got, text)
		}
		conformance.Want(t, span, map[string]string{"error.type": "*conformance.FaultyError", "db.response.status_code": "-"})
	}
}
