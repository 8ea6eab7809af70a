package sdktest

import (
	"encoding/binary"
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/log/logtest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// Gen makes telemetry of every shape the SDK can hold from a string of bytes.
// The same bytes give the same telemetry; when they are used up, all is zero.
type Gen struct {
	src []byte
	// RawStrings leaves bytes in strings that are not valid UTF-8, which the
	// SDK's exporters fail on.
	RawStrings bool
	// Schemaless makes resources without a schema URL. The SDK's exporters
	// take resources of one batch that differ by schema URL alone for one.
	Schemaless bool
}

// NewGen returns a generator over src, which it does not change.
func NewGen(src []byte) *Gen { return &Gen{src: src} }

func (g *Gen) byte() byte {
	if len(g.src) == 0 {
		return 0
	}
	b := g.src[0]
	g.src = g.src[1:]
	return b
}

// N returns a number below n.
func (g *Gen) N(n int) int { return int(g.byte()) % n }

func (g *Gen) uint64() uint64 {
	switch g.N(6) {
	case 0:
		return uint64(g.byte())
	case 1:
		return math.MaxUint64
	case 2:
		return math.MaxInt64
	case 3:
		return 1 << g.N(64)
	}
	var b [8]byte
	g.src = g.src[copy(b[:], g.src):]
	return binary.LittleEndian.Uint64(b[:])
}

func (g *Gen) float() float64 {
	switch g.N(6) {
	case 0:
		return 0
	case 1:
		return math.Inf(-1)
	case 2:
		return math.Copysign(0, -1)
	}
	// A NaN's bits must not depend on the path they take.
	if f := math.Float64frombits(g.uint64()); f == f {
		return f
	}
	return math.NaN()
}

// Text returns a string, now and then an empty or a long one.
func (g *Gen) Text() string {
	n := g.N(40)
	switch {
	case n == 39:
		return strings.Repeat("long ", 1+40*g.N(256))
	case n > len(g.src):
		n = len(g.src)
	}
	s := string(g.src[:n])
	g.src = g.src[n:]
	if !g.RawStrings {
		s = strings.ToValidUTF8(s, "é")
	}
	return s
}

func (g *Gen) time() time.Time {
	switch g.N(5) {
	case 0:
		return time.Time{}
	case 1:
		return time.Unix(-5, 0)
	}
	return time.Unix(0, int64(g.uint64()))
}

func many[T any](g *Gen, limit int, one func() T) []T {
	n := g.N(limit + 1)
	if n == 0 {
		return nil
	}
	out := make([]T, n)
	for i := range out {
		out[i] = one()
	}
	return out
}

// Value returns an attribute value of any type.
func (g *Gen) Value(depth int) attribute.Value {
	kinds := 13
	if depth == 0 {
		kinds = 10
	}
	switch g.N(kinds) {
	case 0:
		return attribute.Value{}
	case 1:
		return attribute.BoolValue(g.N(2) == 1)
	case 2:
		return attribute.Int64Value(int64(g.uint64()))
	case 3:
		return attribute.Float64Value(g.float())
	case 4:
		return attribute.StringValue(g.Text())
	case 5:
		return attribute.BoolSliceValue(many(g, 5, func() bool { return g.N(2) == 1 }))
	case 6:
		return attribute.Int64SliceValue(many(g, 5, func() int64 { return int64(g.uint64()) }))
	case 7:
		return attribute.Float64SliceValue(many(g, 5, g.float))
	case 8:
		return attribute.StringSliceValue(many(g, 5, g.Text))
	case 9:
		return attribute.ByteSliceValue(many(g, 40, g.byte))
	case 10:
		return attribute.SliceValue(many(g, 7, func() attribute.Value { return g.Value(depth - 1) })...)
	case 11:
		return attribute.MapValue(many(g, 7, func() attribute.KeyValue { return g.attribute(depth - 1) })...)
	}
	return attribute.StringValue(g.Text())
}

func (g *Gen) attribute(depth int) attribute.KeyValue {
	return attribute.KeyValue{Key: attribute.Key(g.Text()), Value: g.Value(depth)}
}

// Attributes returns up to limit attributes.
func (g *Gen) Attributes(limit int) []attribute.KeyValue {
	return many(g, limit, func() attribute.KeyValue { return g.attribute(3) })
}

func (g *Gen) set() attribute.Set { return attribute.NewSet(g.Attributes(4)...) }

// Resource returns a resource, now and then none.
func (g *Gen) Resource() *resource.Resource {
	switch g.N(5) {
	case 0:
		return nil
	case 1:
		return resource.Empty()
	}
	if g.Schemaless {
		return resource.NewSchemaless(g.Attributes(4)...)
	}
	return resource.NewWithAttributes(g.Text(), g.Attributes(4)...)
}

// Scope returns a scope, now and then an empty one.
func (g *Gen) Scope() instrumentation.Scope {
	if g.N(4) == 0 {
		return instrumentation.Scope{}
	}
	return instrumentation.Scope{Name: g.Text(), Version: g.Text(), SchemaURL: g.Text(), Attributes: g.set()}
}

func (g *Gen) context() trace.SpanContext {
	c := trace.SpanContextConfig{TraceFlags: trace.TraceFlags(g.byte()), Remote: g.N(2) == 1}
	g.src = g.src[copy(c.TraceID[:], g.src):]
	g.src = g.src[copy(c.SpanID[:], g.src):]
	switch g.N(3) {
	case 1:
		c.TraceState, _ = trace.ParseTraceState("k=v")
	case 2:
		c.TraceState, _ = trace.ParseTraceState("vendor@tenant=opaque/value,rojo=00f067aa0ba902b7,a=")
	}
	return trace.NewSpanContext(c)
}

func (g *Gen) count() int {
	switch g.N(4) {
	case 0:
		return 0
	case 1:
		return -1
	case 2:
		return g.N(200)
	}
	return int(g.uint64() & math.MaxInt)
}

// Span returns a span.
func (g *Gen) Span() sdktrace.ReadOnlySpan {
	return tracetest.SpanStub{
		Name:        g.Text(),
		SpanContext: g.context(),
		Parent:      g.context(),
		SpanKind:    trace.SpanKind(g.N(8) - 1),
		StartTime:   g.time(),
		EndTime:     g.time(),
		Attributes:  g.Attributes(12),
		Events: many(g, 4, func() sdktrace.Event {
			return sdktrace.Event{Name: g.Text(), Time: g.time(), Attributes: g.Attributes(5), DroppedAttributeCount: g.count()}
		}),
		Links: many(g, 4, func() sdktrace.Link {
			return sdktrace.Link{SpanContext: g.context(), Attributes: g.Attributes(5), DroppedAttributeCount: g.count()}
		}),
		Status:               sdktrace.Status{Code: codes.Code(g.N(4)), Description: g.Text()},
		DroppedAttributes:    g.count(),
		DroppedEvents:        g.count(),
		DroppedLinks:         g.count(),
		Resource:             g.Resource(),
		InstrumentationScope: g.Scope(),
	}.Snapshot()
}

// Log returns a log record.
func (g *Gen) Log() sdklog.Record {
	scope := g.Scope()
	c := g.context()
	return logtest.RecordFactory{
		EventName:            g.Text(),
		Timestamp:            g.time(),
		ObservedTimestamp:    g.time(),
		Severity:             log.Severity(g.N(28) - 1),
		SeverityText:         g.Text(),
		Body:                 g.Value(3),
		Attributes:           g.Attributes(9),
		TraceID:              c.TraceID(),
		SpanID:               c.SpanID(),
		TraceFlags:           c.TraceFlags(),
		Resource:             g.Resource(),
		InstrumentationScope: &scope,
		DroppedAttributes:    g.count(),
	}.NewRecord()
}

// Metrics returns the metrics of one resource.
func (g *Gen) Metrics() *metricdata.ResourceMetrics {
	return &metricdata.ResourceMetrics{
		Resource: g.Resource(),
		ScopeMetrics: many(g, 3, func() metricdata.ScopeMetrics {
			return metricdata.ScopeMetrics{Scope: g.Scope(), Metrics: many(g, 5, g.metric)}
		}),
	}
}

func (g *Gen) metric() metricdata.Metrics {
	m := metricdata.Metrics{Name: g.Text(), Description: g.Text(), Unit: g.Text()}
	integer := func() int64 { return int64(g.uint64()) }
	switch g.N(10) {
	case 0:
		m.Data = metricdata.Gauge[int64]{DataPoints: many(g, 4, func() metricdata.DataPoint[int64] { return point(g, integer) })}
	case 1:
		m.Data = metricdata.Gauge[float64]{DataPoints: many(g, 4, func() metricdata.DataPoint[float64] { return point(g, g.float) })}
	case 2:
		m.Data = metricdata.Sum[int64]{
			Temporality: g.temporality(), IsMonotonic: g.N(2) == 1,
			DataPoints: many(g, 4, func() metricdata.DataPoint[int64] { return point(g, integer) }),
		}
	case 3:
		m.Data = metricdata.Sum[float64]{
			Temporality: g.temporality(), IsMonotonic: g.N(2) == 1,
			DataPoints: many(g, 4, func() metricdata.DataPoint[float64] { return point(g, g.float) }),
		}
	case 4:
		m.Data = histogram(g, integer)
	case 5:
		m.Data = histogram(g, g.float)
	case 6:
		m.Data = exponential(g, integer)
	case 7:
		m.Data = exponential(g, g.float)
	case 8:
		m.Data = metricdata.Summary{DataPoints: many(g, 3, func() metricdata.SummaryDataPoint {
			return metricdata.SummaryDataPoint{
				Attributes: g.set(), StartTime: g.time(), Time: g.time(), Count: g.uint64(), Sum: g.float(),
				QuantileValues: many(g, 3, func() metricdata.QuantileValue {
					return metricdata.QuantileValue{Quantile: g.float(), Value: g.float()}
				}),
			}
		})}
	}
	return m // case 9: no data at all, which exporters refuse
}

func (g *Gen) temporality() metricdata.Temporality {
	return []metricdata.Temporality{metricdata.CumulativeTemporality, metricdata.DeltaTemporality, metricdata.CumulativeTemporality, 0}[g.N(4)]
}

func point[N int64 | float64](g *Gen, num func() N) metricdata.DataPoint[N] {
	return metricdata.DataPoint[N]{Attributes: g.set(), StartTime: g.time(), Time: g.time(), Value: num(), Exemplars: exemplars(g, num)}
}

func exemplars[N int64 | float64](g *Gen, num func() N) []metricdata.Exemplar[N] {
	return many(g, 3, func() metricdata.Exemplar[N] {
		x := metricdata.Exemplar[N]{FilteredAttributes: g.Attributes(3), Time: g.time(), Value: num()}
		if g.N(2) == 1 {
			c := g.context()
			t, s := c.TraceID(), c.SpanID()
			x.TraceID, x.SpanID = t[:], s[:]
		}
		return x
	})
}

func extremum[N int64 | float64](g *Gen, num func() N) (x metricdata.Extrema[N]) {
	if g.N(2) == 1 {
		return metricdata.NewExtrema(num())
	}
	return x
}

func histogram[N int64 | float64](g *Gen, num func() N) metricdata.Histogram[N] {
	return metricdata.Histogram[N]{
		Temporality: g.temporality(),
		DataPoints: many(g, 3, func() metricdata.HistogramDataPoint[N] {
			return metricdata.HistogramDataPoint[N]{
				Attributes: g.set(), StartTime: g.time(), Time: g.time(), Count: g.uint64(),
				Bounds: many(g, 20, g.float), BucketCounts: many(g, 20, g.uint64),
				Min: extremum(g, num), Max: extremum(g, num), Sum: num(), Exemplars: exemplars(g, num),
			}
		}),
	}
}

func exponential[N int64 | float64](g *Gen, num func() N) metricdata.ExponentialHistogram[N] {
	bucket := func() metricdata.ExponentialBucket {
		return metricdata.ExponentialBucket{Offset: int32(g.uint64()), Counts: many(g, 30, g.uint64)}
	}
	return metricdata.ExponentialHistogram[N]{
		Temporality: g.temporality(),
		DataPoints: many(g, 3, func() metricdata.ExponentialHistogramDataPoint[N] {
			return metricdata.ExponentialHistogramDataPoint[N]{
				Attributes: g.set(), StartTime: g.time(), Time: g.time(), Count: g.uint64(),
				Scale: int32(g.uint64()), ZeroCount: g.uint64(), ZeroThreshold: g.float(),
				PositiveBucket: bucket(), NegativeBucket: bucket(),
				Min: extremum(g, num), Max: extremum(g, num), Sum: num(), Exemplars: exemplars(g, num),
			}
		}),
	}
}
