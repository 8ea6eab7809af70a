package otelsql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"github.com/ttlog/ttlog/instrument/compat/otelsql"
	"github.com/ttlog/ttlog/internal/conformance"
)

// fakeDriver answers "fail" with an error and all else with a row.
type fakeDriver struct{}

type fakeConn struct{ driver.Conn }

type fakeRows struct{ read bool }

func (fakeDriver) Open(string) (driver.Conn, error) { return fakeConn{}, nil }
func (fakeConn) Close() error                       { return nil }
func (fakeConn) Ping(context.Context) error         { return nil }
func (fakeConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	if query == "fail" {
		return nil, errors.New("failed")
	}
	return &fakeRows{}, nil
}
func (*fakeRows) Columns() []string { return []string{"a"} }
func (*fakeRows) Close() error      { return nil }
func (r *fakeRows) Next(dest []driver.Value) error {
	if r.read {
		return io.EOF
	}
	r.read, dest[0] = true, int64(1)
	return nil
}

func init() { sql.Register("fakepgx", fakeDriver{}) }

func query(t *testing.T, db *sql.DB, text string) {
	t.Helper()
	rows, err := db.Query(text)
	if err != nil {
		return
	}
	for rows.Next() {
	}
	_ = rows.Close()
}

func TestOpen_Options(t *testing.T) {
	rec := conformance.NewRecorder(t)
	name, err := otelsql.Register("fakepgx",
		otelsql.WithTracerProvider(rec.Tracers), otelsql.WithMeterProvider(rec.Meters),
		otelsql.WithAttributes(otelsql.AttributesFromDSN("postgres://u:secret@db.test:5433/shop")...),
		otelsql.WithSpanNameFormatter(func(_ context.Context, m otelsql.Method, _ string) string { return string(m) }),
		otelsql.WithAttributesGetter(func(_ context.Context, m otelsql.Method, q string, args []driver.NamedValue) []attribute.KeyValue {
			return []attribute.KeyValue{attribute.Int("args", len(args))}
		}),
		otelsql.WithSpanErrorAttributesGetter(func(error) []attribute.KeyValue { return []attribute.KeyValue{attribute.Bool("bad", true)} }),
		otelsql.WithSpanOptions(otelsql.SpanOptions{
			Ping: true, RowsNext: true, RecordError: func(error) bool { return false },
			SpanFilter: func(_ context.Context, _ otelsql.Method, q string, _ []driver.NamedValue) bool { return q != "quiet" },
		}))
	if err != nil || !strings.HasPrefix(name, "fakepgx-otelsql-") {
		t.Fatal(name, err)
	}
	db, err := sql.Open(name, "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"SELECT 1", "quiet", "fail"} {
		query(t, db, q)
	}
	spans := rec.Spans()
	if got, want := conformance.Names(spans), []string{"sql.conn.ping", "sql.conn.query", "sql.conn.query"}; !slices.Equal(got, want) {
		t.Fatalf("spans %q, want %q", got, want)
	}
	conformance.Want(t, spans[1], map[string]string{
		"args": "0", "server.address": "db.test", "server.port": "5433", "db.system.name": "postgresql", "db.query.text": "SELECT ?", "bad": "-",
	})
	if len(spans[1].Events()) != 1 {
		t.Errorf("%d events of rows, want 1", len(spans[1].Events()))
	}
	conformance.Want(t, spans[2], map[string]string{"bad": "true", "error.type": "-"})
	if spans[2].Status().Code != codes.Unset {
		t.Errorf("the status is %v", spans[2].Status())
	}
	reg, err := otelsql.RegisterDBStatsMetrics(db, otelsql.WithMeterProvider(rec.Meters), otelsql.WithAttributes(attribute.String("server.address", "db.test")))
	if err != nil {
		t.Fatal(err)
	}
	if n := rec.Sum(t, "db.client.connection.count", "db.test"); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	_ = reg.Unregister()
}

func TestAttributesFromDSN(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://u:p@db.test:5433/shop": "db.test 5433", "u:p@tcp(db.test:3307)/shop": "db.test 3307",
		"host=db.test port=5433 password=p": "db.test 5433", "": " ",
	} {
		got := conformance.Texts(otelsql.AttributesFromDSN(dsn))
		if text := got["server.address"] + " " + got["server.port"]; text != want || strings.Contains(text, "shop") {
			t.Errorf("AttributesFromDSN(%q) is %v", dsn, got)
		}
	}
}
