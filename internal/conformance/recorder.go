package conformance

import (
	"context"
	"maps"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// Recorder is an SDK that keeps in memory what it is given. It is safe for
// concurrent use.
type Recorder struct {
	Tracers *sdktrace.TracerProvider
	Meters  *sdkmetric.MeterProvider
	spans   *tracetest.SpanRecorder
	reader  *sdkmetric.ManualReader
}

// NewRecorder returns a recorder that samples everything, or what the given
// sampler says.
func NewRecorder(t testing.TB, sampler ...sdktrace.Sampler) *Recorder {
	t.Helper()
	r := &Recorder{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	opts := []sdktrace.TracerProviderOption{sdktrace.WithSpanProcessor(r.spans)}
	for _, s := range sampler {
		opts = append(opts, sdktrace.WithSampler(s))
	}
	r.Tracers = sdktrace.NewTracerProvider(opts...)
	r.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))
	t.Cleanup(func() {
		_ = r.Tracers.Shutdown(context.Background())
		_ = r.Meters.Shutdown(context.Background())
	})
	return r
}

// Spans returns the spans that have ended, in the order of their end.
func (r *Recorder) Spans() []sdktrace.ReadOnlySpan { return r.spans.Ended() }

// Open returns how many spans have begun and not ended.
func (r *Recorder) Open() int { return len(r.spans.Started()) - len(r.spans.Ended()) }

// Reset forgets the spans.
func (r *Recorder) Reset() { r.spans.Reset() }

// One returns the only span, and ends the test when there is not exactly one.
func (r *Recorder) One(t testing.TB) sdktrace.ReadOnlySpan {
	t.Helper()
	spans := r.Spans()
	if len(spans) != 1 {
		t.Fatalf("got %d spans %v, want 1", len(spans), Names(spans))
	}
	return spans[0]
}

// Names returns the names of spans.
func Names(spans []sdktrace.ReadOnlySpan) []string {
	names := make([]string, len(spans))
	for i, s := range spans {
		names[i] = s.Name()
	}
	return names
}

// Parent starts a span of the test's own, which [Recorder.Spans] does not hold.
func Parent(ctx context.Context) (context.Context, trace.Span) {
	tp := sdktrace.NewTracerProvider()
	return tp.Tracer("test").Start(ctx, "parent")
}

// Histogram returns the data points of a duration metric.
func (r *Recorder) Histogram(t testing.TB, name string) []metricdata.HistogramDataPoint[float64] {
	t.Helper()
	var points []metricdata.HistogramDataPoint[float64]
	for _, m := range r.Metrics(t) {
		if h, ok := m.Data.(metricdata.Histogram[float64]); ok && m.Name == name {
			points = append(points, h.DataPoints...)
		}
	}
	return points
}

// Sizes returns the data points of a metric of sizes.
func (r *Recorder) Sizes(t testing.TB, name string) []metricdata.HistogramDataPoint[int64] {
	t.Helper()
	var points []metricdata.HistogramDataPoint[int64]
	for _, m := range r.Metrics(t) {
		if h, ok := m.Data.(metricdata.Histogram[int64]); ok && m.Name == name {
			points = append(points, h.DataPoints...)
		}
	}
	return points
}

// Sum returns the total of a counter over all of its attributes, or over those
// points that have one with the text of each of with.
func (r *Recorder) Sum(t testing.TB, name string, with ...string) int64 {
	t.Helper()
	total := int64(0)
	for _, m := range r.Metrics(t) {
		sum, ok := m.Data.(metricdata.Sum[int64])
		if !ok || m.Name != name {
			continue
		}
		for _, p := range sum.DataPoints {
			texts := slices.Collect(maps.Values(Texts(p.Attributes.ToSlice())))
			if !slices.ContainsFunc(with, func(w string) bool { return !slices.Contains(texts, w) }) {
				total += p.Value
			}
		}
	}
	return total
}

// Metrics returns all metrics that have data.
func (r *Recorder) Metrics(t testing.TB) []metricdata.Metrics {
	t.Helper()
	var rm metricdata.ResourceMetrics
	if err := r.reader.Collect(context.Background(), &rm); err != nil {
		t.Fatal(err)
	}
	var all []metricdata.Metrics
	for _, sm := range rm.ScopeMetrics {
		all = append(all, sm.Metrics...)
	}
	return all
}

// Attributes returns the attributes of a span by key, as text.
func Attributes(s sdktrace.ReadOnlySpan) map[string]string { return Texts(s.Attributes()) }

// Texts returns attributes by key, as text.
func Texts(attrs []attribute.KeyValue) map[string]string {
	m := make(map[string]string, len(attrs))
	for _, a := range attrs {
		m[string(a.Key)] = a.Value.String()
	}
	return m
}

// Want compares some attributes of a span. The value "-" means that the
// attribute must be absent, "*" that it may have any value.
func Want(t testing.TB, s sdktrace.ReadOnlySpan, want map[string]string) {
	t.Helper()
	got := Attributes(s)
	for k, w := range want {
		g, ok := got[k]
		switch {
		case w == "-" && ok:
			t.Errorf("span %q: %s is %q, want none", s.Name(), k, g)
		case w != "-" && !ok:
			t.Errorf("span %q has no %s", s.Name(), k)
		case w != "-" && w != "*" && g != w:
			t.Errorf("span %q: %s is %q, want %q", s.Name(), k, g, w)
		}
	}
}

// Discarding returns a provider that samples everything and keeps nothing, for
// benchmarks.
func Discarding() trace.TracerProvider { return sdktrace.NewTracerProvider() }
