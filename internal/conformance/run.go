package conformance

import (
	"context"
	"sync"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// Operation performs one operation with the instrumented thing. The span of ctx
// is its parent; a server's operation carries it over in headers. An error of
// the operation itself is part of the game and not returned.
type Operation func(ctx context.Context, t testing.TB)

// Subject is what Run tests.
type Subject struct {
	Scope    string         // the name of the instrumentation scope
	Kind     trace.SpanKind // of the spans
	Metric   string         // the duration metric
	Required []string       // attributes of every span
	Measured []string       // attributes of every measurement

	// Open makes the instrumented thing with providers that may be nil. It
	// returns an operation that succeeds and one that fails; each makes one
	// span, and may be called from many goroutines.
	Open func(t testing.TB, tp trace.TracerProvider, mp metric.MeterProvider) (ok, fails Operation)
	// OKName and FailName are the names of the two spans.
	OKName, FailName string
	// ErrorType is the error.type of the failure.
	ErrorType string
}

const goroutines, rounds = 8, 10

// Run tests a subject.
func Run(t *testing.T, s Subject) {
	t.Helper()
	t.Run("success", s.success)
	t.Run("failure", s.failure)
	t.Run("concurrent", s.concurrent)
	t.Run("unsampled", s.unsampled)
	t.Run("nil providers", func(t *testing.T) { s.silent(t, nil, nil) })
	t.Run("noop providers", func(t *testing.T) { s.silent(t, tracenoop.NewTracerProvider(), metricnoop.NewMeterProvider()) })
}

func (s Subject) success(t *testing.T) {
	r := NewRecorder(t)
	ok, _ := s.Open(t, r.Tracers, r.Meters)
	r.Reset()
	ctx, parent := Parent(t.Context())
	ok(ctx, t)
	span := r.One(t)
	s.checkSpan(t, span, parent)
	if span.Name() != s.OKName {
		t.Errorf("the span is called %q, want %q", span.Name(), s.OKName)
	}
	if got := span.Status(); got.Code != codes.Unset {
		t.Errorf("the status of a success is %v", got)
	}
	if v, ok := Attributes(span)["error.type"]; ok {
		t.Errorf("a success has error.type %q", v)
	}
	if n := r.Open(); n != 0 {
		t.Errorf("%d spans never ended", n)
	}
	s.checkMeasure(t, r, "")
}

func (s Subject) failure(t *testing.T) {
	r := NewRecorder(t)
	_, fails := s.Open(t, r.Tracers, r.Meters)
	r.Reset()
	ctx, parent := Parent(t.Context())
	fails(ctx, t)
	span := r.One(t)
	s.checkSpan(t, span, parent)
	if span.Name() != s.FailName {
		t.Errorf("the span is called %q, want %q", span.Name(), s.FailName)
	}
	if got := span.Status(); got.Code != codes.Error {
		t.Errorf("the status of a failure is %v", got)
	}
	if got := Attributes(span)["error.type"]; got != s.ErrorType {
		t.Errorf("error.type of the span is %q, want %q", got, s.ErrorType)
	}
	s.checkMeasure(t, r, s.ErrorType)
}

func (s Subject) checkSpan(t *testing.T, span sdktrace.ReadOnlySpan, parent trace.Span) {
	t.Helper()
	if span.SpanKind() != s.Kind {
		t.Errorf("the kind is %v, want %v", span.SpanKind(), s.Kind)
	}
	if got := span.InstrumentationScope(); got.Name != s.Scope || got.SchemaURL == "" || got.Version == "" {
		t.Errorf("the scope is %q, version %q, schema %q, want %q with both", got.Name, got.Version, got.SchemaURL, s.Scope)
	}
	if got, want := span.Parent().SpanID(), parent.SpanContext().SpanID(); got != want {
		t.Errorf("the parent is %v, want %v", got, want)
	}
	if got, want := span.SpanContext().TraceID(), parent.SpanContext().TraceID(); got != want {
		t.Errorf("the trace is %v, want %v", got, want)
	}
	want := map[string]string{}
	for _, k := range s.Required {
		want[k] = "*"
	}
	Want(t, span, want)
	for _, a := range span.Attributes() {
		if a.Value.Type() == attribute.STRING && !utf8.ValidString(a.Value.AsString()) {
			t.Errorf("%s is not valid UTF-8: %q", a.Key, a.Value.AsString())
		}
	}
}

// checkMeasure looks for one measurement with the same error.type as the span.
func (s Subject) checkMeasure(t *testing.T, r *Recorder, errorType string) {
	t.Helper()
	n := uint64(0)
	for _, p := range r.Histogram(t, s.Metric) {
		got := Texts(p.Attributes.ToSlice())
		if got["error.type"] != errorType {
			continue
		}
		n += p.Count
		for _, k := range s.Measured {
			if _, ok := got[k]; !ok {
				t.Errorf("the metric has no %s: %v", k, got)
			}
		}
	}
	if n < 1 {
		t.Errorf("%s has no measurement with error.type %q", s.Metric, errorType)
	}
}

func (s Subject) concurrent(t *testing.T) {
	r := NewRecorder(t)
	ok, fails := s.Open(t, r.Tracers, r.Meters)
	r.Reset()
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			ctx, _ := Parent(t.Context())
			for range rounds {
				ok(ctx, t)
				fails(ctx, t)
			}
		})
	}
	wg.Wait()
	if got, want := len(r.Spans()), 2*goroutines*rounds; got != want {
		t.Errorf("got %d spans, want %d", got, want)
	}
	if n := r.Open(); n != 0 {
		t.Errorf("%d spans never ended", n)
	}
}

// unsampled checks that metrics count what traces leave out.
func (s Subject) unsampled(t *testing.T) {
	r := NewRecorder(t, sdktrace.NeverSample())
	ok, _ := s.Open(t, r.Tracers, r.Meters)
	ok(t.Context(), t)
	if got := len(r.Spans()); got != 0 {
		t.Errorf("got %d spans, want none", got)
	}
	s.checkMeasure(t, r, "")
}

func (s Subject) silent(t *testing.T, tp trace.TracerProvider, mp metric.MeterProvider) {
	ok, fails := s.Open(t, tp, mp)
	ok(t.Context(), t)
	fails(t.Context(), t)
}
