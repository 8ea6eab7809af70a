package processor_test

import (
	"fmt"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/log/logtest"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/ttlog/ttlog/internal/sdktest"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/ringbuffer"
)

var everyday = []attribute.KeyValue{
	attribute.String("http.request.method", "GET"), attribute.String("http.route", "/api/users/{id}"), attribute.Int("http.response.status_code", 200),
	attribute.String("url.path", "/api/users/12345"), attribute.Bool("cache.hit", true), attribute.Float64("score", 0.5),
	attribute.String("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) test"), attribute.Int64("bytes", 1<<40),
	attribute.String("server.address", "example.test"), attribute.String("network.protocol.version", "1.1"),
}

var (
	res   = resource.NewSchemaless(attribute.String("service.name", "bench"))
	scope = instrumentation.Scope{Name: "github.com/ttlog/ttlog/instrument/http", Version: "v0.1.0"}
)

func everydaySpan(attributes int) sdktrace.ReadOnlySpan {
	now := time.Unix(1700000000, 1)
	return tracetest.SpanStub{
		Name: "GET /api/users/{id}", SpanContext: sampled(1), Parent: sampled(2), SpanKind: 2, StartTime: now, EndTime: now.Add(time.Millisecond),
		Attributes: everyday[:attributes], Resource: res, InstrumentationScope: scope,
	}.Snapshot()
}

// empty reads the ring from time to time, so that it is never full.
type empty struct {
	ring *ringbuffer.Ring
	rd   *ringbuffer.Reader
	n    int
}

func (e *empty) tick() {
	if e.n++; e.n%4096 != 0 {
		return
	}
	var end uint64
	for rec, ok := e.rd.Next(); ok; rec, ok = e.rd.Next() {
		end = rec.End
	}
	e.rd.Release(end)
}

func TestNoAllocations(t *testing.T) { // not parallel: counts allocations
	if raceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	ring, rd := sdktest.NewRing(t, 8<<20)
	p, lp := processor.NewSpanProcessor(ring), processor.NewLogProcessor(ring)
	e := &empty{ring: ring, rd: rd}
	span := everydaySpan(10)
	rec := logtest.RecordFactory{Body: attribute.StringValue("hello"), Attributes: everyday, Resource: res, InstrumentationScope: &scope}.NewRecord()
	ctx := t.Context()
	f := func(what string, fn func()) {
		t.Helper()
		if n := testing.AllocsPerRun(500, func() { fn(); e.tick() }); n != 0 {
			t.Errorf("%s: %v allocations, want none", what, n)
		}
	}
	f("OnEnd", func() { p.OnEnd(span) })
	f("OnEmit", func() { _ = lp.OnEmit(ctx, &rec) })
}

func BenchmarkOnEnd(b *testing.B) {
	for _, n := range []int{0, 5, 10} {
		b.Run(fmt.Sprintf("attributes=%d", n), func(b *testing.B) {
			ring, rd := sdktest.NewRing(b, 8<<20)
			p, e, s := processor.NewSpanProcessor(ring), &empty{ring: ring, rd: rd}, everydaySpan(n)
			b.ReportAllocs()
			for b.Loop() {
				p.OnEnd(s)
				e.tick()
			}
			if d := p.Stats().Dropped(); d != 0 {
				b.Fatalf("%d dropped", d)
			}
		})
	}
}

func BenchmarkOnEmit(b *testing.B) {
	ring, rd := sdktest.NewRing(b, 8<<20)
	p, e := processor.NewLogProcessor(ring), &empty{ring: ring, rd: rd}
	rec := logtest.RecordFactory{Severity: 9, SeverityText: "INFO", Body: attribute.StringValue("user logged in"), Attributes: everyday[:5], Resource: res, InstrumentationScope: &scope}.NewRecord()
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if err := p.OnEmit(ctx, &rec); err != nil {
			b.Fatal(err)
		}
		e.tick()
	}
}

// BenchmarkSpan is what an application pays: the SDK's own work and OnEnd.
func BenchmarkSpan(b *testing.B) {
	for _, n := range []int{0, 5, 10} {
		b.Run(fmt.Sprintf("attributes=%d", n), func(b *testing.B) {
			ring, rd := sdktest.NewRing(b, 8<<20)
			tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(processor.NewSpanProcessor(ring)), sdktrace.WithResource(res))
			tr, e, ctx := tp.Tracer(scope.Name), &empty{ring: ring, rd: rd}, b.Context()
			b.ReportAllocs()
			for b.Loop() {
				_, s := tr.Start(ctx, "GET /api/users/{id}")
				s.SetAttributes(everyday[:n]...)
				s.End()
				e.tick()
			}
		})
	}
}
