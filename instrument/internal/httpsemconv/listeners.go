package httpsemconv

import (
	"context"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/gate"
)

// listeners is who may want to know of requests: the tracer, the propagators that
// carry a trace on, and the instruments of the semantic conventions.
type listeners struct {
	tracer      trace.Tracer
	tracers     gate.Tracers
	propagators gate.Propagators

	duration     metric.Float64Histogram
	active       metric.Int64UpDownCounter
	requestBody  metric.Int64Histogram
	responseBody metric.Int64Histogram
}

func (s Scope) listeners(p propagation.TextMapPropagator) listeners {
	return listeners{tracer: s.tracer(s.Tracers), tracers: gate.OfTracers(s.Tracers), propagators: gate.OfPropagators(p)}
}

// none reports whether nobody listens and there is no trace context to carry on.
func (l *listeners) none(ctx context.Context) bool {
	return l.tracers.Closed() && l.propagators.Closed() && !l.duration.Enabled(ctx) &&
		!l.active.Enabled(ctx) && !l.requestBody.Enabled(ctx) && !l.responseBody.Enabled(ctx)
}
