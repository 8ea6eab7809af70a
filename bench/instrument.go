package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// instrumented is one thing that is instrumented. Each function makes a call of
// it, with a provider each where it is instrumented.
type instrumented struct {
	id, peer string
	// attributes are how many a span of ours has: one bare span of the official
	// SDK with as many is the floor.
	attributes int
	bare       func() (func(), error)
	ours       func(trace.TracerProvider, metric.MeterProvider) (func(), error)
	peers      func(trace.TracerProvider, metric.MeterProvider) (func(), error)
}

// One measurement is so many calls, after some that are not measured.
const (
	instrumentCalls = 20_000
	instrumentWarm  = 1_000
)

// providers are what an instrumentation is given: an SDK that records everything
// and sends nothing, or none.
func providers(sdk bool) (trace.TracerProvider, metric.MeterProvider) {
	if !sdk {
		return tracenoop.NewTracerProvider(), metricnoop.NewMeterProvider()
	}
	return sdktrace.NewTracerProvider(), sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
}

// instruments measures what instrumentation adds to a call: its processor time
// and its allocations.
func instruments(_ context.Context, log io.Writer, o Options) ([]Figure, error) {
	var figures []Figure
	for _, in := range instrumentations() {
		for _, sdk := range []bool{true, false} {
			id := "instrument." + in.id + map[bool]string{true: ".sdk", false: ".none"}[sdk]
			if !o.wants(id) && !o.wants(id+".allocs") {
				continue
			}
			f, err := in.measure(log, id, sdk)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", id, err)
			}
			figures = append(figures, f...)
		}
	}
	return figures, nil
}

func (in instrumented) measure(log io.Writer, id string, sdk bool) ([]Figure, error) {
	tp, mp := providers(sdk)
	base, err := in.bare()
	if err != nil {
		return nil, err
	}
	ttlog, err := in.ours(tp, mp)
	if err != nil {
		return nil, err
	}
	peer, err := in.peers(providers(sdk))
	if err != nil {
		return nil, err
	}
	sides := []func(){base, ttlog, peer, bareSpan(in.attributes)}
	times, allocs := make([][]float64, len(sides)), make([][]float64, len(sides))
	for range Rounds {
		for i, call := range sides {
			ns, n := callCost(call)
			times[i], allocs[i] = append(times[i], ns), append(allocs[i], n)
		}
	}
	bareTime, bareAllocs := median(times[0]), median(allocs[0])
	floor, theirs := median(times[3]), median(times[2])-bareTime
	fmt.Fprintf(log, "%s: bare %.0f, ttlog %.0f, peer %.0f, one span %.0f ns\n", id, bareTime, median(times[1]), median(times[2]), floor)
	took := Figure{ID: id, Unit: "CPU ns/call added", TTLog: median(times[1]) - bareTime}.withPeer(in.peer, theirs)
	made := Figure{ID: id + ".allocs", Unit: "allocations/call added", TTLog: median(allocs[1]) - bareAllocs}.
		withPeer(in.peer, median(allocs[2])-bareAllocs)
	if !sdk {
		return []Figure{took.atMost(150, "at most 150 ns"), made.atMost(0, "none")}, nil
	}
	return []Figure{
		took.atMost(floor+theirs/8, fmt.Sprintf("at most one span of the SDK (%.0f ns) and 1/8 of the peer", floor)),
		made.ratioAtMost(0.5, "ratio <= 0.5"),
	}, nil
}

// callCost returns the processor time of a call in nanoseconds, and its
// allocations.
func callCost(call func()) (ns, allocs float64) {
	for range instrumentWarm {
		call()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := cpuTime()
	for range instrumentCalls {
		call()
	}
	took := cpuTime() - start
	runtime.ReadMemStats(&after)
	return float64(took/time.Nanosecond) / instrumentCalls, float64(after.Mallocs-before.Mallocs) / instrumentCalls
}

// bareSpan is a span of the official SDK with nothing but attributes.
func bareSpan(attributes int) func() {
	tracer := sdktrace.NewTracerProvider().Tracer("bench")
	attrs := make([]attribute.KeyValue, attributes)
	for i := range attrs {
		attrs[i] = attribute.String(fmt.Sprintf("attribute.%d", i), "value")
	}
	return func() {
		_, span := tracer.Start(context.Background(), "span", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attrs...))
		span.End()
	}
}
