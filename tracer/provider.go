package tracer

import (
	"context"
	"os"
	"runtime/trace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/ttlog/ttlog/internal/recorder"
	"github.com/ttlog/ttlog/processor"
)

// Provider is a [oteltrace.TracerProvider] with the methods of the SDK's.
type Provider struct {
	// TracerProvider is the SDK's, which has the processors.
	*sdktrace.TracerProvider
	config
	recorder *recorder.Recorder // nil where nothing is recorded
	// takesAll tells that the sampler is the default one.
	takesAll bool
	// random is the flag of traces whose ids are made here, if their sampler wants it.
	random oteltrace.TraceFlags
	// short tells that spans need not be the SDK's. It ends when another processor
	// wants to see them, or none does any more.
	short   atomic.Bool
	tracers sync.Map // of short spans, by the SDK's: some ask for theirs again and again
	// probes makes spans that nobody gets, to see what the SDK makes of a tracer.
	probes *sdktrace.TracerProvider
}

// NewProvider returns a provider of spans that are recorded for p; nil is for a
// signal that goes nowhere. Shutdown shuts p down, too.
func NewProvider(p *processor.SpanProcessor, opts ...Option) *Provider {
	c := newConfig(opts)
	tp := &Provider{takesAll: takesAll(c.sampler)}
	if c.ids == nil {
		c.ids = randomIDs{}
		if strings.Contains(c.sampler.Description(), "ConsistentProbability") {
			tp.random = oteltrace.FlagsRandom
		}
	}
	tp.config = c
	g := given{sampler: c.sampler, ids: c.ids}
	sdk := []sdktrace.TracerProviderOption{sdktrace.WithRawSpanLimits(c.limits)}
	if c.resource != nil {
		sdk = append(sdk, sdktrace.WithResource(c.resource))
	}
	tp.probes = sdktrace.NewTracerProvider(append(slices.Clip(sdk), sdktrace.WithSampler(sdktrace.AlwaysSample()))...)
	sdk = append(sdk, sdktrace.WithSampler(g), sdktrace.WithIDGenerator(g))
	if p != nil {
		tp.recorder = p.Recorder()
		sdk = append(sdk, sdktrace.WithSpanProcessor(p))
		tp.short.Store(len(c.processors) == 0 && !experimental())
	}
	for _, other := range c.processors {
		sdk = append(sdk, sdktrace.WithSpanProcessor(other))
	}
	tp.TracerProvider = sdktrace.NewTracerProvider(sdk...)
	return tp
}

// experimental tells whether the SDK has experimental features to do, more than is
// seen of it here.
func experimental() bool {
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "OTEL_GO_X_") {
			return true
		}
	}
	return false
}

// RegisterSpanProcessor is the SDK's. A processor may look at a span's start, and
// at anything of it: the spans are the SDK's from now on.
func (p *Provider) RegisterSpanProcessor(sp sdktrace.SpanProcessor) {
	p.short.Store(false)
	p.TracerProvider.RegisterSpanProcessor(sp)
}

// UnregisterSpanProcessor is the SDK's.
func (p *Provider) UnregisterSpanProcessor(sp sdktrace.SpanProcessor) {
	p.short.Store(false)
	p.TracerProvider.UnregisterSpanProcessor(sp)
}

// Shutdown is the SDK's: spans that end later are recorded nowhere.
func (p *Provider) Shutdown(ctx context.Context) error {
	p.short.Store(false)
	return p.TracerProvider.Shutdown(ctx)
}

// Tracer implements [oteltrace.TracerProvider].
func (p *Provider) Tracer(name string, opts ...oteltrace.TracerOption) oteltrace.Tracer {
	full := p.TracerProvider.Tracer(name, opts...)
	if !p.short.Load() {
		return &tracer{Tracer: full, provider: p}
	}
	if t, ok := p.tracers.Load(full); ok {
		return t.(*tracer)
	}
	t, _ := p.tracers.LoadOrStore(full, p.shortTracer(full, name, opts))
	return t.(*tracer)
}

func (p *Provider) shortTracer(full oteltrace.Tracer, name string, opts []oteltrace.TracerOption) *tracer {
	t := &tracer{Tracer: full, provider: p}
	_, probe := p.probes.Tracer(name, opts...).Start(context.Background(), name)
	probe.End()
	if t.blank.ReadWriteSpan, t.short = probe.(sdktrace.ReadWriteSpan); t.short {
		t.scope, t.resource = t.blank.InstrumentationScope(), t.blank.Resource()
	}
	return t
}

// blank is a span of the SDK's that has ended. A short span has one for methods
// that only a later SDK has.
type blank struct{ sdktrace.ReadWriteSpan }

// tracer is immutable, but for the id.
type tracer struct {
	oteltrace.Tracer // the SDK's
	provider         *Provider
	short            bool
	// Of a tracer of short spans: what they have in common.
	blank    blank
	scope    instrumentation.Scope
	resource *resource.Resource
	// id is the scope's in the ring's catalog, once it is known.
	id atomic.Uint32
}

// scopeID returns the scope's id in the ring's catalog, or 0 where it has none,
// which is for the SDK and its processor to do something about.
func (t *tracer) scopeID() uint32 {
	if id := t.id.Load(); id != 0 {
		return id
	}
	id, err := t.provider.recorder.ScopeID(t.resource, &t.scope)
	if err != nil {
		return 0
	}
	t.id.Store(id)
	return id
}

// Start implements [oteltrace.Tracer].
func (t *tracer) Start(ctx context.Context, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	if ctx == nil {
		ctx = context.Background()
	}
	if t.short && t.provider.short.Load() && !trace.IsEnabled() {
		return t.start(ctx, name, opts)
	}
	parentOf(ctx)
	ctx, s := t.Tracer.Start(ctx, name, opts...)
	full, ok := s.(sdktrace.ReadWriteSpan)
	if !ok {
		return ctx, s // it records nothing
	}
	wrapped := &span{blank: &t.blank, tracer: t, context: full.SpanContext(), body: &body{full: full}}
	return wrapped.in.with(ctx, wrapped), wrapped
}

// start starts a span that is not the SDK's.
func (t *tracer) start(ctx context.Context, name string, opts []oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	var c oteltrace.SpanConfig
	if len(opts) > 0 {
		c = oteltrace.NewSpanStartConfig(opts...)
	}
	parent := parentOf(ctx)
	if c.NewRoot() {
		ctx, parent = oteltrace.ContextWithSpanContext(ctx, oteltrace.SpanContext{}), oteltrace.SpanContext{}
	}
	sc, sampled := t.sample(ctx, name, &c, &parent)
	if sampled.Decision == sdktrace.Drop {
		s := &dropped{tracer: t, context: sc}
		return oteltrace.ContextWithSpan(ctx, s), s
	}
	b := bodies.Get().(*body)
	b.parent, b.name, b.kind, b.start = parent, valid(name), uint8(oteltrace.ValidateSpanKind(c.SpanKind())), c.Timestamp()
	if b.start.IsZero() {
		b.start = time.Now()
	}
	s := &span{blank: &t.blank, tracer: t, context: sc, body: b}
	for _, l := range c.Links() {
		s.AddLink(l)
	}
	if len(sampled.Attributes)+len(c.Attributes()) > 0 {
		s.SetAttributes(sampled.Attributes...)
		s.SetAttributes(c.Attributes()...)
	}
	return s.in.with(ctx, s), s
}

// parentOf returns the context of the span in ctx, which has a child more.
func parentOf(ctx context.Context) oteltrace.SpanContext {
	parent := oteltrace.SpanFromContext(ctx)
	if s, ok := parent.(*span); ok {
		s.children.Add(1)
		return s.context
	}
	return parent.SpanContext()
}

// sample returns the context of a new span and what the sampler makes of it.
func (t *tracer) sample(ctx context.Context, name string, c *oteltrace.SpanConfig, parent *oteltrace.SpanContext) (oteltrace.SpanContext, sdktrace.SamplingResult) {
	p := t.provider
	flags, traceID := parent.TraceFlags(), parent.TraceID()
	var spanID oteltrace.SpanID
	if traceID.IsValid() {
		spanID = p.ids.NewSpanID(ctx, traceID)
	} else {
		traceID, spanID = p.ids.NewIDs(ctx)
		flags |= p.random
	}
	var r sdktrace.SamplingResult
	if p.takesAll && (!parent.IsValid() || parent.IsSampled()) {
		r.Decision, r.Tracestate = sdktrace.RecordAndSample, parent.TraceState()
	} else {
		r = p.sampler.ShouldSample(sdktrace.SamplingParameters{
			ParentContext: ctx, TraceID: traceID, Name: name, Kind: c.SpanKind(), Attributes: c.Attributes(), Links: c.Links(),
		})
	}
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceState: r.Tracestate,
		TraceFlags: flags.WithSampled(r.Decision == sdktrace.RecordAndSample),
	}), r
}

// dropped is a span that the sampler does not want. It has ids all the same, for
// those who come after it.
type dropped struct {
	noop.Span
	tracer  *tracer
	context oteltrace.SpanContext
}

// SpanContext implements [oteltrace.Span].
func (s *dropped) SpanContext() oteltrace.SpanContext { return s.context }

// TracerProvider implements [oteltrace.Span].
func (s *dropped) TracerProvider() oteltrace.TracerProvider { return s.tracer.provider }
