package ttlog_test

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ttlog/ttlog"
)

// work is what an application does with the helpers.
func work(ctx context.Context, f func(context.Context) error) (err error) {
	ctx, span := ttlog.Span(ctx, "work", attribute.Int("items", 3))
	defer ttlog.End(span, &err)
	return f(ctx)
}

// TestSpan_End: what a function returns, or panics with, is in its span.
func TestSpan_End(t *testing.T) {
	start(t, ttlog.WithDataDir(t.TempDir()))
	var missing *fs.PathError
	for _, c := range []struct {
		f        func(context.Context) error
		panicked any
		want     []any // status and its message
	}{
		{func(ctx context.Context) error {
			_, child := ttlog.Span(ctx, "child")
			ttlog.End(child, nil)
			return nil
		}, nil, []any{"unset", ""}},
		{func(context.Context) error { return errors.New("no stock") }, nil, []any{"error", "no stock"}},
		{func(context.Context) error { return missing }, nil, []any{"error", "<nil>"}},
		{func(context.Context) error { panic("boom") }, "boom", []any{"error", "panic: boom"}},
	} {
		func() {
			defer func() {
				if p := recover(); p != c.panicked {
					t.Errorf("panicked with %v, want %v", p, c.panicked)
				}
			}()
			_ = work(t.Context(), c.f)
		}()
		flush(t)
		rows := ask(t, "SELECT status, status_message FROM spans WHERE name = 'work' AND items = 3 ORDER BY timestamp DESC LIMIT 1")
		if len(rows) != 1 || !reflect.DeepEqual(rows[0], c.want) {
			t.Errorf("got %v, want %v", rows, c.want)
		}
	}
	if got := ask(t, "SELECT c.name FROM spans c JOIN spans p ON c.parent_span_id = p.span_id WHERE p.name = 'work'"); !reflect.DeepEqual(got, [][]any{{"child"}}) {
		t.Errorf("below work: got %v, want its child", got)
	}
}

func flush(t *testing.T) {
	t.Helper()
	for _, p := range []any{otel.GetTracerProvider(), otel.GetMeterProvider()} {
		if err := p.(interface{ ForceFlush(context.Context) error }).ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// The instruments of an application are package variables.
var (
	orders   = ttlog.Counter("shop.orders", metric.WithUnit("{order}"))
	carts    = ttlog.UpDownCounter("shop.carts")
	weights  = ttlog.Histogram("shop.weight", metric.WithUnit("kg"), metric.WithExplicitBucketBoundaries(1, 10))
	shelves  = ttlog.Gauge("shop.shelves")
	revenues = ttlog.KPI("shop.revenue", "EUR", "What customers paid")
)

// TestInstruments: they record into whichever Start is in effect, and not into none.
func TestInstruments(t *testing.T) {
	ctx, shop := t.Context(), attribute.String("shop", "x")
	for range 2 {
		orders.Add(ctx, 100, shop) // before Start
		stop := start(t, ttlog.WithDataDir(t.TempDir()))
		for range 3 {
			orders.Add(ctx, 2, shop, attribute.Bool("paid", true))
		}
		carts.Add(ctx, 5)
		carts.Add(ctx, -2)
		weights.Record(ctx, 2.5)
		shelves.Record(ctx, 7)
		revenues.Add(ctx, 12.5, shop)
		revenues.Add(ctx, -2.5, shop)
		flush(t)
		for sql, want := range map[string][][]any{
			"SELECT DISTINCT value, unit, shop, paid FROM metrics WHERE name = 'shop.orders'":                                         {{6.0, "{order}", "x", true}},
			"SELECT DISTINCT value FROM metrics WHERE name = 'shop.carts'":                                                            {{3.0}},
			"SELECT DISTINCT count, sum FROM metrics WHERE name = 'shop.weight'":                                                      {{1.0, 2.5}},
			"SELECT DISTINCT value FROM metrics WHERE name = 'shop.shelves'":                                                          {{7.0}},
			"SELECT DISTINCT name, value, unit, shop, description FROM metrics WHERE scope['" + ttlog.KPIScopeAttribute + "'] = true": {{"shop.revenue", 10.0, "EUR", "x", "What customers paid"}},
		} {
			if got := ask(t, sql); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %v, want %v", sql, got, want)
			}
		}
		stop()
	}
	if n := testing.AllocsPerRun(200, func() { orders.Add(ctx, 1, shop, attribute.Bool("paid", true)) }); n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
