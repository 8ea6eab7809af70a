package tracer

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"runtime/trace"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Options are what a provider is made of.
type Options struct {
	// Resource is what the spans are of.
	Resource *resource.Resource
	// Processor gets the spans as they end; nil is none. Of those that go the
	// short way it sees no start.
	Processor sdktrace.SpanProcessor
	// Sampler decides; nil is the one of OTEL_TRACES_SAMPLER.
	Sampler sdktrace.Sampler
}

// Provider is the SDK's provider, with its methods.
type Provider struct {
	*sdktrace.TracerProvider
	// probes makes spans that nobody gets, to see what the SDK makes of a tracer.
	probes    *sdktrace.TracerProvider
	processor sdktrace.SpanProcessor
	// short tells that spans may go the short way. It ends when another processor
	// wants to see them, or none does any more.
	short   atomic.Bool
	tracers sync.Map // of short spans, by the SDK's: some ask for theirs again and again
}

// New returns a provider of these options.
func New(o Options) *Provider {
	opts := []sdktrace.TracerProviderOption{sdktrace.WithResource(o.Resource), sdktrace.WithIDGenerator(ids{})}
	if o.Sampler != nil {
		// Without one the SDK reads OTEL_TRACES_SAMPLER.
		opts = append(opts, sdktrace.WithSampler(o.Sampler))
	}
	p := &Provider{processor: o.Processor}
	if o.Processor != nil && o.Sampler == nil && defaults() {
		p.probes = sdktrace.NewTracerProvider(opts...)
		p.short.Store(true)
	}
	if o.Processor != nil {
		opts = append(opts, sdktrace.WithSpanProcessor(o.Processor))
	}
	p.TracerProvider = sdktrace.NewTracerProvider(opts...)
	return p
}

// defaults tells whether the environment leaves the SDK as it is. Under its
// experimental features it has more to do than what is seen of it here.
func defaults() bool {
	switch strings.ToLower(strings.TrimSpace(os.Getenv("OTEL_TRACES_SAMPLER"))) {
	case "", "parentbased_always_on":
	default:
		return false
	}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "OTEL_GO_X_") {
			return false
		}
	}
	return sdktrace.NewSpanLimits() == sdktrace.SpanLimits{
		AttributeValueLengthLimit:   sdktrace.DefaultAttributeValueLengthLimit,
		AttributeValueDepthLimit:    sdktrace.DefaultAttributeValueDepthLimit,
		AttributeCountLimit:         sdktrace.DefaultAttributeCountLimit,
		EventCountLimit:             sdktrace.DefaultEventCountLimit,
		LinkCountLimit:              sdktrace.DefaultLinkCountLimit,
		AttributePerEventCountLimit: sdktrace.DefaultAttributePerEventCountLimit,
		AttributePerLinkCountLimit:  sdktrace.DefaultAttributePerLinkCountLimit,
	}
}

// RegisterSpanProcessor is the SDK's. A processor of the application's may look
// at a span's start, and at anything of it: the spans are the SDK's from now on.
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
	if t.blank, t.short = probe.(sdktrace.ReadWriteSpan); t.short {
		t.scope, t.resource = t.blank.InstrumentationScope(), t.blank.Resource()
	}
	return t
}

// tracer is immutable.
type tracer struct {
	oteltrace.Tracer
	provider *Provider
	short    bool
	// Of a tracer of short spans: what they have in common, and a span that has
	// ended, for methods that only a later SDK has.
	scope    instrumentation.Scope
	resource *resource.Resource
	blank    sdktrace.ReadWriteSpan
}

// Start implements [oteltrace.Tracer].
func (t *tracer) Start(ctx context.Context, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	if ctx != nil && t.short && t.provider.short.Load() && !trace.IsEnabled() {
		if s := t.startShort(ctx, name, opts); s != nil {
			return oteltrace.ContextWithSpan(ctx, s), s
		}
	}
	ctx, s := t.Tracer.Start(ctx, name, opts...)
	full, ok := s.(sdktrace.ReadWriteSpan)
	if !ok {
		return ctx, s // it records nothing
	}
	wrapped := &span{ReadWriteSpan: full, full: full, data: data{tracer: t, context: full.SpanContext()}}
	return oteltrace.ContextWithSpan(ctx, wrapped), wrapped
}

// startShort returns a span, or nil where it has to be the SDK's from its start,
// or is not sampled.
func (t *tracer) startShort(ctx context.Context, name string, opts []oteltrace.SpanStartOption) *span {
	parent := oteltrace.SpanContextFromContext(ctx)
	traceID := parent.TraceID()
	switch {
	case parent.IsValid() && parent.IsSampled():
	case !traceID.IsValid():
		traceID = newTraceID()
	default:
		return nil
	}
	c := oteltrace.NewSpanStartConfig(opts...)
	if c.NewRoot() || len(c.Links()) > 0 || !plain(c.Attributes()) {
		return nil
	}
	start := c.Timestamp()
	if start.IsZero() {
		start = time.Now()
	}
	return &span{ReadWriteSpan: t.blank, data: data{
		ReadOnlySpan: t.blank, tracer: t, name: name, kind: oteltrace.ValidateSpanKind(c.SpanKind()), parent: parent,
		context: oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
			TraceID: traceID, SpanID: newSpanID(), TraceFlags: parent.TraceFlags() | oteltrace.FlagsSampled, TraceState: parent.TraceState(),
		}),
		start: start, attributes: c.Attributes(),
	}}
}

// ids generates ids as the SDK does, but for a span that is handed over to it.
type ids struct{}

// givenIDs is the key of the context with the ids of that span.
type givenIDs struct{}

// NewIDs implements [sdktrace.IDGenerator].
func (ids) NewIDs(ctx context.Context) (oteltrace.TraceID, oteltrace.SpanID) {
	if s, ok := ctx.Value(givenIDs{}).(oteltrace.SpanContext); ok {
		return s.TraceID(), s.SpanID()
	}
	return newTraceID(), newSpanID()
}

// NewSpanID implements [sdktrace.IDGenerator].
func (ids) NewSpanID(ctx context.Context, _ oteltrace.TraceID) oteltrace.SpanID {
	if s, ok := ctx.Value(givenIDs{}).(oteltrace.SpanContext); ok {
		return s.SpanID()
	}
	return newSpanID()
}

func newTraceID() (id oteltrace.TraceID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(id[8:], rand.Uint64())
	}
	return id
}

func newSpanID() (id oteltrace.SpanID) {
	for !id.IsValid() {
		binary.NativeEndian.PutUint64(id[:], rand.Uint64())
	}
	return id
}
