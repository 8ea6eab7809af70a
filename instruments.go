package ttlog

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ttlog/ttlog/internal/attrsets"
)

// The instruments below are OpenTelemetry's, found by name in the meter of the
// application. They may be package variables: until [Start] they lead nowhere, as
// OpenTelemetry's global ones do, and after another Start to that. A measurement
// whose attributes were there before allocates nothing; with the instruments
// themselves making the set takes several times as long as using it.

// KPIScopeAttribute is the attribute of the instrumentation scope of [KPI]s, whose
// value is true: scope['ttlog.kpi'] in a query.
const KPIScopeAttribute = "ttlog.kpi"

// Adder is a counter of whole things. It is safe for concurrent use.
type Adder struct {
	instrument[func(context.Context, int64, ...metric.AddOption)]
}

// Counter returns a counter that only rises. Its options are the API's, such as
// metric.WithUnit and metric.WithDescription.
func Counter(name string, opts ...metric.Int64CounterOption) *Adder {
	a := new(Adder)
	a.find = func(m metric.Meter) (func(context.Context, int64, ...metric.AddOption), error) {
		c, err := m.Int64Counter(name, opts...)
		return c.Add, err
	}
	return a
}

// UpDownCounter returns a counter that may fall as well, of what is under way or
// in stock.
func UpDownCounter(name string, opts ...metric.Int64UpDownCounterOption) *Adder {
	a := new(Adder)
	a.find = func(m metric.Meter) (func(context.Context, int64, ...metric.AddOption), error) {
		c, err := m.Int64UpDownCounter(name, opts...)
		return c.Add, err
	}
	return a
}

// Add adds n.
func (a *Adder) Add(ctx context.Context, n int64, attrs ...attribute.KeyValue) {
	a.get()(ctx, n, a.sets.Of(attrs).Add...)
}

// Recorder records values. It is safe for concurrent use.
type Recorder struct {
	instrument[func(context.Context, float64, ...metric.RecordOption)]
}

// Histogram returns a recorder of how values are distributed, such as durations in
// seconds.
func Histogram(name string, opts ...metric.Float64HistogramOption) *Recorder {
	r := new(Recorder)
	r.find = func(m metric.Meter) (func(context.Context, float64, ...metric.RecordOption), error) {
		h, err := m.Float64Histogram(name, opts...)
		return h.Record, err
	}
	return r
}

// Gauge returns a recorder of what a value is now.
func Gauge(name string, opts ...metric.Float64GaugeOption) *Recorder {
	r := new(Recorder)
	r.find = func(m metric.Meter) (func(context.Context, float64, ...metric.RecordOption), error) {
		g, err := m.Float64Gauge(name, opts...)
		return g.Record, err
	}
	return r
}

// Record records a value.
func (r *Recorder) Record(ctx context.Context, value float64, attrs ...attribute.KeyValue) {
	r.get()(ctx, value, r.sets.Of(attrs).Record...)
}

// Indicator sums up what a business counts: orders, revenue, refunds. It is safe for
// concurrent use.
type Indicator struct {
	instrument[func(context.Context, float64, ...metric.AddOption)]
}

// KPI returns an indicator of the business, which people will look at who have not
// seen the code: it has a unit, such as EUR or {order}, and a description. Its scope
// has the attribute [KPIScopeAttribute], by which such metrics are told from those
// of the program.
func KPI(name, unit, description string) *Indicator {
	k := new(Indicator)
	k.scope = []metric.MeterOption{metric.WithInstrumentationAttributes(attribute.Bool(KPIScopeAttribute, true))}
	k.find = func(m metric.Meter) (func(context.Context, float64, ...metric.AddOption), error) {
		c, err := m.Float64UpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		return c.Add, err
	}
	return k
}

// Add adds a value, which may be below zero.
func (k *Indicator) Add(ctx context.Context, value float64, attrs ...attribute.KeyValue) {
	k.get()(ctx, value, k.sets.Of(attrs).Add...)
}

// instrument finds the function that records, F, and keeps it for as long as the
// same Start is in effect.
type instrument[F any] struct {
	find  func(metric.Meter) (F, error) // immutable, as scope is
	scope []metric.MeterOption
	found atomic.Pointer[foundIn[F]]
	sets  attrsets.Cache
}

type foundIn[F any] struct {
	start  uint64
	record F
}

// starts counts the times that the globals were set.
var starts atomic.Uint64

func (i *instrument[F]) get() F {
	start := starts.Load()
	if f := i.found.Load(); f != nil && f.start == start {
		return f.record
	}
	// An instrument that is not valid is told of and works all the same.
	record, err := i.find(otel.Meter(applicationScope(), i.scope...))
	if err != nil {
		otel.Handle(err)
	}
	i.found.Store(&foundIn[F]{start, record})
	return record
}
