package gate_test

import (
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/ttlog/ttlog/instrument/internal/gate"
)

func TestClosed(t *testing.T) {
	if !gate.OfTracers(noop.NewTracerProvider()).Closed() {
		t.Error("a noop provider is taken to listen")
	}
	sdk := sdktrace.NewTracerProvider()
	if gate.OfTracers(sdk).Closed() {
		t.Error("an SDK is taken for a noop")
	}
	if gate.OfPropagators(propagation.TraceContext{}).Closed() {
		t.Error("a propagator is taken for none")
	}
	// What is set after an instrumentation was made is seen by it.
	tracers, propagators := gate.OfTracers(otel.GetTracerProvider()), gate.OfPropagators(otel.GetTextMapPropagator())
	if !tracers.Closed() || !propagators.Closed() {
		t.Fatal("with no SDK somebody is taken to listen")
	}
	otel.SetTracerProvider(noop.NewTracerProvider())
	if !tracers.Closed() {
		t.Error("a global noop provider is taken to listen")
	}
	otel.SetTracerProvider(sdk)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	if tracers.Closed() || propagators.Closed() {
		t.Error("the SDK that was set is not seen")
	}
}
