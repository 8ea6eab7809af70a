package tracer_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/tracer"
)

// start is the time of the spans, so that two of them have the same.
var start = time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)

// provider returns a provider and what it recorded.
func provider(opts ...func(*tracer.Options)) (*tracer.Provider, *tracetest.SpanRecorder) {
	spans := tracetest.NewSpanRecorder()
	o := tracer.Options{Resource: resource.NewSchemaless(attribute.String("service.name", "shop")), Processor: spans}
	for _, opt := range opts {
		opt(&o)
	}
	return tracer.New(o), spans
}

// step is one call of a span's.
type step func(trace.Span)

// randomSteps are calls as an application may make them: most of them plain.
func randomSteps(r *rand.Rand) (steps []step) {
	for range r.IntN(8) {
		switch r.IntN(16) {
		case 0:
			steps = append(steps, func(s trace.Span) {
				s.AddEvent("event", trace.WithTimestamp(start), trace.WithAttributes(attribute.Int("n", 1)))
			})
		case 1:
			steps = append(steps, func(s trace.Span) { s.RecordError(errors.New("failed"), trace.WithTimestamp(start)) })
		case 2:
			steps = append(steps, func(s trace.Span) {
				s.AddLink(trace.Link{SpanContext: remote(true), Attributes: []attribute.KeyValue{attribute.Bool("b", true)}})
			})
		case 3, 4:
			code, text := codes.Code(r.IntN(3)), fmt.Sprint("status ", r.IntN(3))
			steps = append(steps, func(s trace.Span) { s.SetStatus(code, text) })
		case 5:
			name := fmt.Sprint("name ", r.IntN(9))
			steps = append(steps, func(s trace.Span) { s.SetName(name) })
		case 6:
			end := trace.WithTimestamp(start.Add(time.Hour))
			steps = append(steps, func(s trace.Span) { s.End(end) })
		default:
			kvs := randomAttributes(r)
			steps = append(steps, func(s trace.Span) { s.SetAttributes(kvs...) })
		}
	}
	return steps
}

func randomAttributes(r *rand.Rand) (kvs []attribute.KeyValue) {
	n := r.IntN(6)
	if r.IntN(20) == 0 {
		n = r.IntN(200)
	}
	for range n {
		key := fmt.Sprint("key", r.IntN(20*(1+n/6)))
		switch r.IntN(40) {
		case 0:
			kvs = append(kvs, attribute.KeyValue{Key: "empty"})
		case 1:
			kvs = append(kvs, attribute.String("", "no key"))
		case 2:
			kvs = append(kvs, attribute.StringSlice(key, []string{"a", "b"}))
		case 3:
			kvs = append(kvs, attribute.Map(key, attribute.Int("twice", 1), attribute.Int("twice", 2)))
		case 4, 5, 6, 7, 8:
			kvs = append(kvs, attribute.Float64(key, r.Float64()))
		case 9, 10, 11, 12, 13:
			kvs = append(kvs, attribute.Bool(key, true))
		case 14, 15, 16, 17, 18, 19, 20:
			kvs = append(kvs, attribute.Int(key, r.IntN(100)))
		default:
			kvs = append(kvs, attribute.String(key, strings.Repeat("v", r.IntN(9))))
		}
	}
	return kvs
}

// remote is the context of a caller.
func remote(sampled bool) trace.SpanContext {
	state, _ := trace.ParseTraceState("vendor=1")
	c := trace.SpanContextConfig{TraceID: trace.TraceID{1, 2}, SpanID: trace.SpanID{3, 4}, TraceState: state, Remote: true}
	if sampled {
		c.TraceFlags = trace.FlagsSampled
	}
	return trace.NewSpanContext(c)
}

func randomStart(r *rand.Rand) (context.Context, []trace.SpanStartOption) {
	ctx := context.Background()
	if n := r.IntN(8); n < 7 {
		ctx = trace.ContextWithRemoteSpanContext(ctx, remote(n > 0))
	}
	opts := []trace.SpanStartOption{trace.WithTimestamp(start)}
	for range r.IntN(3) {
		opts = append(opts, trace.WithAttributes(randomAttributes(r)...))
	}
	if r.IntN(2) == 0 {
		opts = append(opts, trace.WithSpanKind(trace.SpanKind(r.IntN(7))))
	}
	if r.IntN(10) == 0 {
		opts = append(opts, trace.WithLinks(trace.Link{SpanContext: remote(true)}))
	}
	if r.IntN(10) == 0 {
		opts = append(opts, trace.WithNewRoot())
	}
	return ctx, opts
}

// TestProvider_RecordsWhatTheSDKDoes makes the same calls with the SDK's provider
// and with ours.
func TestProvider_RecordsWhatTheSDKDoes(t *testing.T) {
	ours, got := provider()
	want := tracetest.NewSpanRecorder()
	sdk := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(want), sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"))))
	short := 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		ctx, opts := randomStart(r)
		steps := append(randomSteps(r), func(s trace.Span) { s.End(trace.WithTimestamp(start.Add(time.Second))) })
		scope := []trace.TracerOption{trace.WithInstrumentationVersion("v1"), trace.WithSchemaURL("url"), trace.WithInstrumentationAttributes(attribute.Int("i", r.IntN(2)))}
		run := func(tp trace.TracerProvider) (seen []any) {
			_, s := tp.Tracer([]string{"", "scope"}[seed%2], scope...).Start(ctx, "span", opts...)
			for _, step := range steps {
				step(s)
				seen = append(seen, s.IsRecording())
				if read, ok := s.(sdktrace.ReadOnlySpan); ok && seed%3 == 0 {
					seen = append(seen, read.Name(), read.Status(), len(read.Attributes()), len(read.Events()), read.EndTime())
				}
			}
			return seen
		}
		got.Reset()
		want.Reset()
		if a, b := run(ours), run(sdk); !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d: got %v, want %v", seed, a, b)
		}
		a, b := stubs(ctx, got.Ended()), stubs(ctx, want.Ended())
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d:\ngot  %+v\nwant %+v", seed, a, b)
		}
		if len(got.Ended()) == 1 && strings.Contains(fmt.Sprintf("%T", got.Ended()[0]), "tracer.data") {
			short++
		}
	}
	if short < 300 {
		t.Errorf("%d of 3000 spans went the short way: too few to tell", short)
	}
}

// stubs returns what can be compared: ids are random, but those of the trace's
// root and of the parent.
func stubs(ctx context.Context, spans []sdktrace.ReadOnlySpan) tracetest.SpanStubs {
	list := tracetest.SpanStubsFromReadOnlySpans(spans)
	parent := trace.SpanContextFromContext(ctx)
	for i := range list {
		sc := list[i].SpanContext
		if sc.TraceID() != parent.TraceID() {
			sc = sc.WithTraceID(trace.TraceID{9})
		}
		list[i].SpanContext = sc.WithSpanID(trace.SpanID{9})
		if len(list[i].Events) == 0 {
			list[i].Events = nil
		}
		if len(list[i].Links) == 0 {
			list[i].Links = nil
		}
	}
	return list
}

// TestProvider_HandedOver: a span keeps its ids and its parent when it becomes
// the SDK's.
func TestProvider_HandedOver(t *testing.T) {
	tp, spans := provider()
	ctx, root := tp.Tracer("test").Start(t.Context(), "root")
	_, child := trace.SpanFromContext(ctx).TracerProvider().Tracer("test").Start(ctx, "child")
	before := child.SpanContext()
	child.AddEvent("event")
	root.AddEvent("event")
	child.End()
	root.End()
	for i, s := range spans.Ended() {
		want := []trace.SpanContext{before, root.SpanContext()}[i]
		if !s.SpanContext().Equal(want) || len(s.Events()) != 1 {
			t.Errorf("%s: got %v with %d events, want %v", s.Name(), s.SpanContext(), len(s.Events()), want)
		}
	}
	if got := spans.Ended()[0].Parent(); !got.Equal(root.SpanContext()) {
		t.Errorf("got parent %v, want %v", got, root.SpanContext())
	}
	if spans.Ended()[1].Parent().IsValid() {
		t.Error("the root has a parent")
	}
}

// TestProvider_RegisterSpanProcessor: a processor that comes later sees the spans
// that are on their way, and the starts of those that follow.
func TestProvider_RegisterSpanProcessor(t *testing.T) {
	tp, first := provider()
	_, under := tp.Tracer("test").Start(t.Context(), "under way")
	second := tracetest.NewSpanRecorder()
	tp.RegisterSpanProcessor(second)
	under.End()
	_, next := tp.Tracer("test").Start(t.Context(), "next")
	next.End()
	if len(first.Ended()) != 2 || len(second.Ended()) != 2 || second.Started()[1].Name() != "next" {
		t.Errorf("got %d and %d spans, want both twice", len(first.Ended()), len(second.Ended()))
	}
	_, late := tp.Tracer("test").Start(t.Context(), "late")
	if err := tp.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	late.End()
	if len(first.Ended()) != 2 {
		t.Error("a span was recorded after Shutdown")
	}
}

// TestProvider_Heeds: what the SDK is told, by options or the environment, it
// does.
func TestProvider_Heeds(t *testing.T) {
	record := func(opts ...func(*tracer.Options)) []sdktrace.ReadOnlySpan {
		tp, spans := provider(opts...)
		_, s := tp.Tracer("test").Start(t.Context(), "s", trace.WithAttributes(attribute.Int("a", 1), attribute.Int("b", 2)))
		s.End()
		return spans.Ended()
	}
	if got := record(); len(got) != 1 || len(got[0].Attributes()) != 2 {
		t.Fatalf("got %v without being told anything", got)
	}
	if got := record(func(o *tracer.Options) { o.Sampler = sdktrace.NeverSample() }); len(got) != 0 {
		t.Errorf("got %v of a sampler that takes none", got)
	}
	t.Setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1")
	if got := record(); len(got) != 1 || got[0].DroppedAttributes() != 1 {
		t.Errorf("got %v with a limit of one attribute", got)
	}
	t.Setenv("OTEL_TRACES_SAMPLER", "always_off")
	if got := record(); len(got) != 0 {
		t.Errorf("got %v with a sampler that takes none", got)
	}
}

// TestSpan_ConcurrentSafe lets everything be called at once; what is asserted is
// the race detector's.
func TestSpan_ConcurrentSafe(t *testing.T) {
	tp, spans := provider()
	const rounds = 200
	for range rounds {
		ctx, s := tp.Tracer("test").Start(t.Context(), "s", trace.WithAttributes(attribute.Int("a", 1)))
		var wg sync.WaitGroup
		for _, f := range []func(){
			func() { s.SetAttributes(attribute.Int("a", 2), attribute.Int("b", 2)) },
			func() { s.SetStatus(codes.Error, "x") },
			func() { s.SetName("t") },
			func() { s.AddEvent("e") },
			func() { _ = s.(sdktrace.ReadOnlySpan).Attributes() },
			func() { _, child := tp.Tracer("test").Start(ctx, "child"); child.End() },
			func() { s.End() },
			func() { s.End() },
		} {
			wg.Go(f)
		}
		wg.Wait()
	}
	if got := len(spans.Ended()); got != 2*rounds {
		t.Errorf("got %d spans, want %d", got, 2*rounds)
	}
}

// faulty panics when it is asked.
type faulty struct{}

func (faulty) Error() string { panic("boom") }

func TestSpan_RecordError(t *testing.T) {
	for _, c := range []struct {
		err        error
		kind, text string
	}{
		{(*fs.PathError)(nil), "*fs.PathError", "<nil>"},
		{faulty{}, "tracer_test.faulty", "!PANIC: boom"},
		{&fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}, "*fs.PathError", "open /x: file does not exist"},
	} {
		tp, spans := provider()
		_, span := tp.Tracer("test").Start(t.Context(), "s")
		span.RecordError(nil)
		span.RecordError(c.err, trace.WithAttributes(attribute.Int("n", 1)))
		span.End()
		if len(spans.Ended()) != 1 || len(spans.Ended()[0].Events()) != 1 {
			t.Fatalf("%v: got %v, want a span with one event", c.kind, spans.Ended())
		}
		got := map[string]string{}
		for _, a := range spans.Ended()[0].Events()[0].Attributes {
			got[string(a.Key)] = a.Value.String()
		}
		if got["exception.type"] != c.kind || got["exception.message"] != c.text || got["n"] != "1" {
			t.Errorf("got %v, want %s %q", got, c.kind, c.text)
		}
	}
}

// TestSpan_EndInAPanic: a deferred End records the panic, as the SDK's does.
func TestSpan_EndInAPanic(t *testing.T) {
	for _, long := range []bool{false, true} {
		tp, spans := provider()
		func() {
			defer func() {
				if got := recover(); got != "boom" {
					t.Errorf("recovered %v", got)
				}
			}()
			_, span := tp.Tracer("test").Start(t.Context(), "s")
			defer span.End() // of a span that has ended: nothing
			defer span.End()
			if long {
				span.AddLink(trace.Link{SpanContext: remote(true)})
			}
			panic("boom")
		}()
		if got := spans.Ended(); len(got) != 1 || len(got[0].Events()) != 1 || got[0].Events()[0].Name != "exception" {
			t.Errorf("got %v, want a span with the panic", got)
		}
	}
}

// BenchmarkSpan is an ordinary span of an instrumentation.
func BenchmarkSpan(b *testing.B) {
	opts := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("a", "b"), attribute.String("c", "d"), attribute.Int("e", 1), attribute.String("f", "g"), attribute.String("h", "i"))}
	nothing := discard{}
	for name, tp := range map[string]trace.TracerProvider{
		"ttlog": tracer.New(tracer.Options{Resource: resource.Empty(), Processor: nothing}),
		"sdk":   sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(nothing)),
	} {
		b.Run(name, func(b *testing.B) {
			ctx, t := trace.ContextWithRemoteSpanContext(b.Context(), remote(true)), tp.Tracer("bench")
			b.ReportAllocs()
			for b.Loop() {
				_, s := t.Start(ctx, "span", opts...)
				s.SetAttributes(attribute.Int("status", 200))
				s.End()
			}
		})
	}
}

// discard is a processor that looks at nothing.
type discard struct{}

func (discard) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discard) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discard) Shutdown(context.Context) error                  { return nil }
func (discard) ForceFlush(context.Context) error                { return nil }
