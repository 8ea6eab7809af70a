// Package gate tells whether anybody listens to an instrumentation.
//
// The API does not say: a program without an SDK has providers that make nothing
// of what they get, and what was put together for them (attributes, a query's
// analysis) was put together for nobody. All functions are safe for concurrent
// use.
package gate

import (
	"reflect"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Tracers watches a provider. The zero value takes it to listen.
type Tracers struct {
	provider trace.TracerProvider
	waits    bool // provider is the global one's stand-in
	never    bool
}

// OfTracers returns the gate of a provider.
func OfTracers(p trace.TracerProvider) Tracers {
	return Tracers{provider: p, waits: isGlobal(p), never: isNoop(p)}
}

// Closed reports whether no span goes anywhere: the provider is a noop, or the
// stand-in for a global one that nobody has set.
func (t Tracers) Closed() bool {
	if !t.waits {
		return t.never
	}
	now := otel.GetTracerProvider()
	return now == t.provider || isNoop(now)
}

func isNoop(p trace.TracerProvider) bool {
	_, ok := p.(noop.TracerProvider)
	return ok
}

// Propagators watches a propagator. The zero value takes it to propagate.
type Propagators struct {
	propagator propagation.TextMapPropagator
	waits      bool
}

// OfPropagators returns the gate of a propagator.
func OfPropagators(p propagation.TextMapPropagator) Propagators {
	return Propagators{propagator: p, waits: isGlobal(p)}
}

// Closed reports whether nothing is read from or written to a carrier, as the
// propagator is the stand-in for a global one that nobody has set.
func (p Propagators) Closed() bool { return p.waits && otel.GetTextMapPropagator() == p.propagator }

// isGlobal knows the stand-ins by their package: the API does not export them.
func isGlobal(v any) bool {
	t := reflect.TypeOf(v)
	return t != nil && t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "go.opentelemetry.io/otel/internal/global"
}
