package tracer_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/sdktest"
	"github.com/ttlog/ttlog/processor"
	"github.com/ttlog/ttlog/ringbuffer"
	"github.com/ttlog/ttlog/tracer"
)

// start is the time of the spans, so that two of them have the same.
var start = time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)

var shop = resource.NewSchemaless(attribute.String("service.name", "shop"))

// sequence gives ids in a row, so that two providers give the same.
type sequence struct{ n atomic.Uint64 }

func (s *sequence) NewIDs(ctx context.Context) (id trace.TraceID, span trace.SpanID) {
	binary.BigEndian.PutUint64(id[8:], s.n.Add(1)*0x9e3779b97f4a7c15|1)
	return id, s.NewSpanID(ctx, id)
}

func (s *sequence) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	binary.BigEndian.PutUint64(id[:], s.n.Add(1))
	return id
}

// recorded is a provider and what it has recorded.
type recorded struct {
	trace.TracerProvider
	ring   *ringbuffer.Ring
	reader *ringbuffer.Reader
	spans  *processor.SpanProcessor
}

// provider returns a provider of ours, of the ids of sequence.
func provider(t testing.TB, opts ...tracer.Option) *recorded {
	t.Helper()
	ring, reader := sdktest.NewRing(t, 1<<20)
	spans := processor.NewSpanProcessor(ring)
	tp := tracer.NewProvider(spans, append([]tracer.Option{tracer.WithResource(shop), tracer.WithIDGenerator(new(sequence))}, opts...)...)
	return &recorded{tp, ring, reader, spans}
}

// sdk returns the SDK's.
func sdk(t testing.TB, opts ...sdktrace.TracerProviderOption) *recorded {
	t.Helper()
	ring, reader := sdktest.NewRing(t, 1<<20)
	spans := processor.NewSpanProcessor(ring)
	tp := sdktrace.NewTracerProvider(append([]sdktrace.TracerProviderOption{
		sdktrace.WithSpanProcessor(spans), sdktrace.WithResource(shop), sdktrace.WithIDGenerator(new(sequence)),
	}, opts...)...)
	return &recorded{tp, ring, reader, spans}
}

// take returns what was recorded since the last time.
func (r *recorded) take(t testing.TB) ptrace.Traces {
	t.Helper()
	return sdktest.DrainAll(t, r.ring, r.reader).Traces
}

// spansOf returns the spans, in the order in which they ended.
func (r *recorded) spansOf(t testing.TB) (list []ptrace.Span) {
	t.Helper()
	for _, rs := range r.take(t).ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				list = append(list, s)
			}
		}
	}
	return list
}

// text is OTLP as JSON.
func text(t testing.TB, traces ptrace.Traces) string {
	t.Helper()
	b, err := new(ptrace.JSONMarshaler).MarshalTraces(traces)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
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

// setting is a way to set up both providers alike.
type setting struct {
	name string
	env  map[string]string
	ours []tracer.Option
	sdk  []sdktrace.TracerProviderOption
}

// settings are those that programs have.
func settings() []setting {
	sampler := func(s sdktrace.Sampler) setting {
		return setting{name: s.Description(), ours: []tracer.Option{tracer.WithSampler(s)}, sdk: []sdktrace.TracerProviderOption{sdktrace.WithSampler(s)}}
	}
	limits := func(name string, set func(*sdktrace.SpanLimits)) setting {
		l := sdktrace.NewSpanLimits()
		set(&l)
		return setting{name: name, ours: []tracer.Option{tracer.WithSpanLimits(l)}, sdk: []sdktrace.TracerProviderOption{sdktrace.WithRawSpanLimits(l)}}
	}
	env := func(pairs ...string) setting {
		s := setting{name: strings.Join(pairs, "="), env: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			s.env[pairs[i]] = pairs[i+1]
		}
		return s
	}
	return []setting{
		{name: "defaults"},
		sampler(sdktrace.AlwaysSample()), sampler(sdktrace.NeverSample()),
		sampler(sdktrace.TraceIDRatioBased(0.5)), sampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.5))),
		sampler(sdktrace.ParentBased(sdktrace.NeverSample())),
		sampler(sdktrace.ParentBased(sdktrace.AlwaysSample(), sdktrace.WithRemoteParentSampled(sdktrace.NeverSample()))),
		sampler(adding{}), sampler(recordOnly{}),
		limits("no attributes", func(l *sdktrace.SpanLimits) { l.AttributeCountLimit = 0 }),
		limits("two attributes", func(l *sdktrace.SpanLimits) { l.AttributeCountLimit = 2 }),
		limits("any attributes", func(l *sdktrace.SpanLimits) { l.AttributeCountLimit = -1 }),
		limits("short values", func(l *sdktrace.SpanLimits) { l.AttributeValueLengthLimit = 3 }),
		limits("no events", func(l *sdktrace.SpanLimits) { l.EventCountLimit = 0 }),
		limits("one event", func(l *sdktrace.SpanLimits) { l.EventCountLimit = 1 }),
		limits("one link", func(l *sdktrace.SpanLimits) { l.LinkCountLimit, l.AttributePerLinkCountLimit = 1, 0 }),
		limits("bare events", func(l *sdktrace.SpanLimits) { l.AttributePerEventCountLimit = 1 }),
		limits("flat values", func(l *sdktrace.SpanLimits) { l.AttributeValueDepthLimit = 1 }),
		limits("nothing", func(l *sdktrace.SpanLimits) { *l = sdktrace.SpanLimits{} }),
		env("OTEL_TRACES_SAMPLER", "always_off"),
		env("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
		env("OTEL_TRACES_SAMPLER", " TraceIDRatio ", "OTEL_TRACES_SAMPLER_ARG", "0.25"),
		env("OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG", "2"),
		env("OTEL_TRACES_SAMPLER", "nonsense"),
		env("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3"),
		env("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4"),
		env("OTEL_SPAN_EVENT_COUNT_LIMIT", "1", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "1"),
		env("OTEL_SPAN_LINK_COUNT_LIMIT", "1", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "0"),
		{name: "another processor", ours: []tracer.Option{tracer.WithSpanProcessor(annotator{})}, sdk: []sdktrace.TracerProviderOption{sdktrace.WithSpanProcessor(annotator{})}},
	}
}

// adding is a sampler that has something to add.
type adding struct{}

func (adding) Description() string { return "adding" }
func (adding) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	state, _ := trace.ParseTraceState("by=sampler")
	return sdktrace.SamplingResult{
		Decision: sdktrace.RecordAndSample, Tracestate: state,
		Attributes: []attribute.KeyValue{attribute.Int("given", len(p.Attributes)), attribute.String("name", p.Name), attribute.Int("links", len(p.Links))},
	}
}

// recordOnly is a sampler that takes every other span by its name's length.
type recordOnly struct{}

func (recordOnly) Description() string { return "record only" }
func (recordOnly) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	return sdktrace.SamplingResult{Decision: []sdktrace.SamplingDecision{sdktrace.RecordOnly, sdktrace.RecordAndSample}[p.TraceID[15]>>1&1]}
}

// annotator is a processor that writes into the spans that start.
type annotator struct{ sdktrace.SpanProcessor }

func (annotator) OnStart(_ context.Context, s sdktrace.ReadWriteSpan) {
	s.SetAttributes(attribute.Bool("seen", true))
}
func (annotator) OnEnd(sdktrace.ReadOnlySpan)      {}
func (annotator) Shutdown(context.Context) error   { return nil }
func (annotator) ForceFlush(context.Context) error { return nil }

// TestProvider_RecordsWhatTheSDKDoes makes the same calls with the SDK's provider
// and with ours, in every setting, and compares what became of them as OTLP.
func TestProvider_RecordsWhatTheSDKDoes(t *testing.T) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) // some settings are nonsense
	for i, set := range settings() {
		t.Run(set.name, func(t *testing.T) {
			for k, v := range set.env {
				t.Setenv(k, v)
			}
			ours, theirs := provider(t, set.ours...), sdk(t, set.sdk...)
			seeds := uint64(100)
			if i == 0 {
				seeds = 2000
			}
			for seed := range seeds {
				if a, b := calls(ours, seed), calls(theirs, seed); !reflect.DeepEqual(a, b) {
					t.Fatalf("seed %d: got %v, want %v", seed, a, b)
				}
				if a, b := text(t, ours.take(t)), text(t, theirs.take(t)); a != b {
					t.Fatalf("seed %d:\ngot  %s\nwant %s", seed, a, b)
				}
				if a, b := ours.spans.Stats(), theirs.spans.Stats(); a != b {
					t.Fatalf("seed %d: got %+v, want %+v", seed, a, b)
				}
			}
		})
	}
}

// calls makes the calls of a seed, for a span and a child of its, and returns what
// the application sees.
func calls(tp trace.TracerProvider, seed uint64) (seen []any) {
	r := rand.New(rand.NewPCG(seed, 1))
	ctx, opts := randomStart(r)
	steps := append(randomSteps(r), func(s trace.Span) { s.End(trace.WithTimestamp(start.Add(time.Second))) })
	scope := []trace.TracerOption{trace.WithInstrumentationVersion("v1"), trace.WithSchemaURL("url"), trace.WithInstrumentationAttributes(attribute.Int("i", r.IntN(2)))}
	ctx, s := tp.Tracer([]string{"", "scope"}[seed%2], scope...).Start(ctx, "span", opts...)
	if !trace.SpanContextFromContext(ctx).Equal(s.SpanContext()) {
		return []any{"the span is not in its context"}
	}
	_, child := s.TracerProvider().Tracer("child").Start(ctx, "child", trace.WithTimestamp(start))
	seen = append(seen, child.SpanContext(), s.SpanContext(), child.IsRecording())
	child.End(trace.WithTimestamp(start.Add(time.Minute)))
	for _, step := range steps {
		step(s)
		seen = append(seen, s.IsRecording())
		if read, ok := s.(sdktrace.ReadOnlySpan); ok && seed%3 == 0 && s.IsRecording() {
			seen = append(seen, read.Name(), read.Status(), len(read.Attributes()), len(read.Events()), len(read.Links()), read.EndTime(),
				read.StartTime(), read.Parent(), read.SpanKind(), read.InstrumentationScope(), read.Resource().String(),
				read.DroppedAttributes(), read.DroppedEvents(), read.DroppedLinks(), read.ChildSpanCount())
		}
	}
	return seen
}

// TestProvider_HandedOver: a span keeps its ids, its parent and its flags when it
// becomes the SDK's.
func TestProvider_HandedOver(t *testing.T) {
	tp := provider(t, tracer.WithIDGenerator(nil), tracer.WithSampler(sdktrace.ParentBased(tracer.ConsistentProbability(1))))
	ctx, root := tp.Tracer("test").Start(t.Context(), "root")
	_, child := trace.SpanFromContext(ctx).TracerProvider().Tracer("test").Start(ctx, "child")
	nested := attribute.Map("nested", attribute.Int("a", 1))
	child.SetAttributes(nested)
	root.SetAttributes(nested)
	child.End()
	root.End()
	got := tp.spansOf(t)
	if len(got) != 2 {
		t.Fatalf("got %d spans, want 2", len(got))
	}
	for i, want := range []trace.SpanContext{child.SpanContext(), root.SpanContext()} {
		s := got[i]
		if trace.TraceID(s.TraceID()) != want.TraceID() || trace.SpanID(s.SpanID()) != want.SpanID() || s.Flags()&0xff != uint32(want.TraceFlags()) || s.Attributes().Len() != 1 {
			t.Errorf("%s: got %v %v %x, want %v", s.Name(), s.TraceID(), s.SpanID(), s.Flags(), want)
		}
	}
	if trace.SpanID(got[0].ParentSpanID()) != root.SpanContext().SpanID() || !got[1].ParentSpanID().IsEmpty() {
		t.Error("the parents are others")
	}
	if !root.SpanContext().IsRandom() || !child.SpanContext().IsRandom() {
		t.Error("random ids are not marked as such")
	}
}

// TestProvider_RegisterSpanProcessor: a processor that comes later sees the spans
// that are on their way, and the starts of those that follow.
func TestProvider_RegisterSpanProcessor(t *testing.T) {
	tp := provider(t)
	_, under := tp.Tracer("test").Start(t.Context(), "under way")
	second := tracetest.NewSpanRecorder()
	tp.TracerProvider.(*tracer.Provider).RegisterSpanProcessor(second)
	under.End()
	_, next := tp.Tracer("test").Start(t.Context(), "next")
	next.End()
	if got := len(tp.spansOf(t)); got != 2 || len(second.Ended()) != 2 || second.Started()[1].Name() != "next" {
		t.Errorf("got %d and %d spans, want both twice", got, len(second.Ended()))
	}
	_, late := tp.Tracer("test").Start(t.Context(), "late")
	if err := tp.TracerProvider.(*tracer.Provider).Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	late.End()
	if got := tp.spansOf(t); len(got) != 0 {
		t.Error("a span was recorded after Shutdown")
	}
}

// TestConsistentProbability: who takes fewer takes of the same, and says so.
func TestConsistentProbability(t *testing.T) {
	few, many := tracer.ConsistentProbability(0.1), tracer.ConsistentProbability(0.5)
	taken := [2]int{}
	r := rand.New(rand.NewPCG(1, 2))
	const n = 20_000
	for range n {
		var id trace.TraceID
		binary.BigEndian.PutUint64(id[:], r.Uint64())
		binary.BigEndian.PutUint64(id[8:], r.Uint64())
		p := sdktrace.SamplingParameters{ParentContext: t.Context(), TraceID: id}
		a, b := few.ShouldSample(p).Decision == sdktrace.RecordAndSample, many.ShouldSample(p).Decision == sdktrace.RecordAndSample
		if a {
			taken[0]++
		}
		if b {
			taken[1]++
		}
		if a && !b {
			t.Fatalf("%v is taken at a tenth, and not at a half", id)
		}
	}
	if math.Abs(float64(taken[0])-0.1*n) > 300 || math.Abs(float64(taken[1])-0.5*n) > 400 {
		t.Errorf("took %d and %d of %d, want a tenth and a half", taken[0], taken[1], n)
	}
	// The values are those of the specification.
	f := func(fraction float64, before, after string, want sdktrace.SamplingDecision) {
		t.Helper()
		state, err := trace.ParseTraceState(before)
		if err != nil {
			t.Fatal(err)
		}
		ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceState: state}))
		got := tracer.ConsistentProbability(fraction).ShouldSample(sdktrace.SamplingParameters{ParentContext: ctx, TraceID: trace.TraceID{1}})
		if got.Decision != want || got.Tracestate.String() != after {
			t.Errorf("%g of %q: got %v %q, want %v %q", fraction, before, got.Decision, got.Tracestate, want, after)
		}
	}
	f(1, "", "ot=th:0", sdktrace.RecordAndSample)
	f(0.5, "ot=rv:80000000000000,a=b", "ot=th:8;rv:80000000000000,a=b", sdktrace.RecordAndSample)
	f(0.5, "ot=th:c;rv:7fffffffffffff", "ot=rv:7fffffffffffff", sdktrace.Drop)
	f(0.25, "ot=th:8", "", sdktrace.Drop)
	f(0, "a=b", "a=b", sdktrace.Drop)
}

// TestSpan_NoMoreThanOneAllocation: the span, its context and its attributes.
func TestSpan_NoMoreThanOneAllocation(t *testing.T) {
	tp := provider(t)
	tr, ctx := tp.Tracer("test"), t.Context()
	kvs := []attribute.KeyValue{
		attribute.String("http.request.method", "GET"), attribute.String("http.route", "/orders/{id}"), attribute.String("url.path", "/orders/123456"),
		attribute.Int("http.response.status_code", 200), attribute.Int("shop.items", 12),
	}
	if n := testing.AllocsPerRun(500, func() {
		_, s := tr.Start(ctx, "GET /orders/{id}")
		s.SetAttributes(kvs...)
		s.End()
	}); n > 1 && !raceEnabled {
		t.Errorf("%v allocations, want 1", n)
	}
}

// TestSpan_ConcurrentSafe lets everything be called at once; what is asserted is
// the race detector's.
func TestSpan_ConcurrentSafe(t *testing.T) {
	tp := provider(t)
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
	if got := len(tp.spansOf(t)); got != 2*rounds {
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
		tp := provider(t)
		_, span := tp.Tracer("test").Start(t.Context(), "s")
		span.RecordError(nil)
		span.RecordError(c.err, trace.WithAttributes(attribute.Int("n", 1)))
		span.End()
		spans := tp.spansOf(t)
		if len(spans) != 1 || spans[0].Events().Len() != 1 {
			t.Fatalf("%v: got %v, want a span with one event", c.kind, spans)
		}
		got := map[string]string{}
		for k, v := range spans[0].Events().At(0).Attributes().All() {
			got[k] = v.AsString()
		}
		if got["exception.type"] != c.kind || got["exception.message"] != c.text || got["n"] != "1" {
			t.Errorf("got %v, want %s %q", got, c.kind, c.text)
		}
	}
}

// TestSpan_EndInAPanic: a deferred End records the panic, as the SDK's does.
func TestSpan_EndInAPanic(t *testing.T) {
	for _, long := range []bool{false, true} {
		tp := provider(t)
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
		if got := tp.spansOf(t); len(got) != 1 || got[0].Events().Len() != 1 || got[0].Events().At(0).Name() != "exception" {
			t.Errorf("got %v, want a span with the panic", got)
		}
	}
}

// BenchmarkSpan is an ordinary span of an instrumentation.
func BenchmarkSpan(b *testing.B) {
	kvs := []attribute.KeyValue{
		attribute.String("http.request.method", "GET"), attribute.String("http.route", "/orders/{id}"), attribute.String("url.path", "/orders/123456"),
		attribute.Int("http.response.status_code", 200), attribute.Int("shop.items", 12),
	}
	for name, tp := range map[string]*recorded{"ttlog": provider(b, tracer.WithIDGenerator(nil)), "sdk": sdk(b)} {
		b.Run(name, func(b *testing.B) {
			ctx, t := trace.ContextWithRemoteSpanContext(b.Context(), remote(true)), tp.Tracer("bench")
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				_, s := t.Start(ctx, "span")
				s.SetAttributes(kvs...)
				s.End()
				if n%1024 == 0 {
					for rec, ok := tp.reader.Next(); ok; rec, ok = tp.reader.Next() {
						tp.reader.Release(rec.End)
					}
				}
			}
		})
	}
}
