package ttlogsql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/ttlog/ttlog/internal/conformance"
)

// connWaits answers a query when its context has ended, in the words of
// different drivers.
type connWaits struct {
	bareConn
	leave context.CancelFunc
	err   error
}

func (c connWaits) ExecContext(ctx context.Context, _ string, _ []driver.NamedValue) (driver.Result, error) {
	if c.leave != nil {
		c.leave()
		<-ctx.Done()
	}
	return nil, c.err
}

func TestCanceled_IsNoErrorOfTheDatabase(t *testing.T) {
	f := func(what string, leaves bool, err error, want map[string]string) {
		t.Helper()
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		conn := connWaits{err: err}
		if leaves {
			conn.leave = leave
		}
		db, rec, _ := openFake(t, func(c bareConn) driver.Conn { conn.bareConn = c; return conn })
		if _, err := db.ExecContext(ctx, "DELETE FROM t"); err == nil {
			t.Fatal("no error")
		}
		span := rec.One(t)
		t.Log(what)
		conformance.Want(t, span, want)
		if isError := span.Status().Code == codes.Error; isError == leaves {
			t.Errorf("%s: the status is %v", what, span.Status())
		}
		got := conformance.Texts(rec.Histogram(t, "db.client.operation.duration")[0].Attributes.ToSlice())
		if got["error.type"] != want["error.type"] {
			t.Errorf("%s: measured with the error type %q", what, got["error.type"])
		}
	}
	left := map[string]string{"error.type": "context.Canceled", "db.response.status_code": "-"}
	f("the context's error", true, context.Canceled, left)
	f("PostgreSQL's error", true, pgError("57014"), left)
	f("the server's own timeout", false, pgError("57014"), map[string]string{"error.type": "57014", "db.response.status_code": "57014"})
	f("the driver's own context", false, context.Canceled, map[string]string{"error.type": "context.Canceled"})
}

type pgError string

func (e pgError) Error() string    { return "canceling statement" }
func (e pgError) SQLState() string { return string(e) }

type connectorFails struct{ fakeConnector }

func (connectorFails) Connect(context.Context) (driver.Conn, error) {
	return nil, errors.New("refused")
}

func TestConnect_FailsWithoutAParent(t *testing.T) {
	rec := conformance.NewRecorder(t)
	db := OpenDB(connectorFails{}, options(rec.Tracers, rec.Meters)...)
	defer db.Close()
	if err := db.PingContext(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if n := len(rec.Spans()); n != 0 {
		t.Errorf("%d spans of nobody's connecting", n)
	}
	ctx, _ := conformance.Parent(t.Context())
	if err := db.PingContext(ctx); err == nil {
		t.Fatal("no error")
	}
	if got := rec.One(t).Name(); got != "CONNECT" {
		t.Errorf("span is called %q", got)
	}
	if n := rec.Histogram(t, "db.client.operation.duration")[0].Count; n != 2 {
		t.Errorf("measured %d times, want 2", n)
	}
}

// connQuiet answers everything with nothing, and allocates nothing.
type connQuiet struct{ bareConn }

func (connQuiet) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.ResultNoRows, nil
}

func TestNobodyListens_NothingIsDone(t *testing.T) {
	analyzed := 0
	opts := []Option{
		WithTracerProvider(tracenoop.NewTracerProvider()), WithMeterProvider(metricnoop.NewMeterProvider()),
		WithSpanNameFormatter(func(string, string) string { analyzed++; return "" }),
		WithFilter(func(context.Context, string) bool { analyzed++; return true }),
	}
	c, err := newConnector(fakeConnector{func() driver.Conn { return connQuiet{} }}, newConfig(opts)).Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	query := "INSERT INTO t VALUES " + strings.Repeat("(1, 'a'), ", 4000)
	steps := analyzed
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := c.(driver.ExecerContext).ExecContext(t.Context(), query, nil); err != nil {
			t.Fatal(err)
		}
	})
	if analyzed != steps || allocs != 0 {
		t.Errorf("analyzed %d times, allocated %v times for nobody", analyzed-steps, allocs)
	}
}

func TestPoolMetrics(t *testing.T) {
	db, rec, _ := openFake(t, func(c bareConn) driver.Conn { return connRows{bareConn: c} },
		WithPoolName("main"))
	db.SetMaxOpenConns(3)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var a int
	if err := conn.QueryRowContext(t.Context(), "SELECT a").Scan(&a); err != nil {
		t.Fatal(err)
	}
	f := func(idle, used, uses int64) {
		t.Helper()
		for state, want := range map[string]int64{"idle": idle, "used": used} {
			if n := rec.Sum(t, "db.client.connection.count", state, "main"); n != want {
				t.Errorf("%d connections are %s, want %d", n, state, want)
			}
		}
		if n := rec.Sum(t, "db.client.connection.max", "main"); n != 3 {
			t.Errorf("at most %d connections, want 3", n)
		}
		var n uint64
		for _, p := range rec.Histogram(t, "db.client.connection.use_time") {
			n += p.Count
		}
		if n != uint64(uses) {
			t.Errorf("measured %d uses, want %d", n, uses)
		}
	}
	f(0, 1, 0)
	_ = conn.Close()
	f(1, 0, 1)
	if _, err := db.ExecContext(t.Context(), "DELETE FROM t"); err != nil {
		t.Fatal(err)
	}
	f(1, 0, 2)
	if n := rec.Histogram(t, "db.client.connection.create_time")[0].Count; n != 1 {
		t.Errorf("measured %d new connections", n)
	}
	if p := rec.Sizes(t, "db.client.response.returned_rows"); len(p) != 1 || p[0].Sum != 1 {
		t.Errorf("returned rows are %v", p)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(rec.Metrics(t)); n == 0 {
		t.Fatal("nothing is left")
	}
	if n := rec.Sum(t, "db.client.connection.max"); n != 0 {
		t.Error("a closed database is observed")
	}
	other := sql.OpenDB(fakeConnector{func() driver.Conn { return bareConn{log: &[]string{}} }})
	defer other.Close()
	reg, err := RegisterPoolMetrics(other, options(rec.Tracers, rec.Meters, WithPoolName("other"))...)
	if err != nil {
		t.Fatal(err)
	}
	other.SetMaxOpenConns(5)
	if n := rec.Sum(t, "db.client.connection.max", "other"); n != 5 {
		t.Errorf("at most %d connections, want 5", n)
	}
	_ = reg.Unregister()
}

func TestOptions_OfCalls(t *testing.T) {
	sent := ""
	db, rec, _ := openFake(t, func(c bareConn) driver.Conn { return connSent{c, &sent} },
		WithCallNameFormatter(func(_ context.Context, c Call) string { return c.Method + " name" }),
		WithSpanAttributes(func(_ context.Context, c Call) []attribute.KeyValue {
			return []attribute.KeyValue{attribute.Int("args", len(c.Args))}
		}),
		WithMetricAttributes(func(_ context.Context, c Call) []attribute.KeyValue {
			return []attribute.KeyValue{attribute.String("method", c.Method)}
		}),
		WithSQLCommenter(propagation.TraceContext{}),
	)
	if _, err := db.ExecContext(t.Context(), "DELETE FROM t WHERE a = ?", 1); err != nil {
		t.Fatal(err)
	}
	span := rec.One(t)
	if span.Name() != "EXEC name" {
		t.Errorf("span is called %q", span.Name())
	}
	conformance.Want(t, span, map[string]string{"args": "1", "db.query.text": "DELETE FROM t WHERE a = ?"})
	if got := conformance.Texts(rec.Histogram(t, "db.client.operation.duration")[0].Attributes.ToSlice())["method"]; got != "EXEC" {
		t.Errorf("measured with the method %q", got)
	}
	want := "DELETE FROM t WHERE a = ? /*traceparent='00-" + span.SpanContext().TraceID().String() + "-" +
		span.SpanContext().SpanID().String() + "-0"
	if !strings.HasPrefix(sent, want) || !strings.HasSuffix(sent, "'*/") {
		t.Errorf("sent %q, want %q", sent, want)
	}
}

type connSent struct {
	bareConn
	sent *string
}

func (c connSent) ExecContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Result, error) {
	*c.sent = query
	return driver.ResultNoRows, nil
}
