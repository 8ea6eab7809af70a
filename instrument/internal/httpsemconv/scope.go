package httpsemconv

import (
	"context"

	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Scope is where the spans and measurements of an instrumentation go.
type Scope struct {
	Name, Version string
	Tracers       trace.TracerProvider
	Meters        metric.MeterProvider
	// OfParent takes the provider of the span that is the parent, if that is of
	// this process.
	OfParent bool
}

func (s Scope) tracer(p trace.TracerProvider) trace.Tracer {
	return p.Tracer(s.Name, trace.WithInstrumentationVersion(s.Version), trace.WithSchemaURL(semconv.SchemaURL))
}

func (s Scope) meter() metric.Meter {
	return s.Meters.Meter(s.Name, metric.WithInstrumentationVersion(s.Version), metric.WithSchemaURL(semconv.SchemaURL))
}

// tracerFor returns the tracer of a new span, which is usual unless the
// parent's is asked for.
func (s Scope) tracerFor(ctx context.Context, usual trace.Tracer) trace.Tracer {
	if !s.OfParent {
		return usual
	}
	parent := trace.SpanFromContext(ctx)
	if sc := parent.SpanContext(); !sc.IsValid() || sc.IsRemote() {
		return usual
	}
	return s.tracer(parent.TracerProvider())
}
