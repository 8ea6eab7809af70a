package processor

import (
	"context"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/recorder"
	"github.com/ttlog/ttlog/ringbuffer"
)

// SpanProcessor writes each sampled span to a ring as it ends. It is safe for
// concurrent use.
type SpanProcessor struct{ recorder *recorder.Recorder }

var _ sdktrace.SpanProcessor = (*SpanProcessor)(nil)

// NewSpanProcessor returns a processor that writes to ring, which must stay
// open until after Shutdown.
func NewSpanProcessor(ring *ringbuffer.Ring, opts ...Option) *SpanProcessor {
	return &SpanProcessor{recorder: recorder.New(ring, otlpwire.Traces, newConfig(opts))}
}

// OnStart does nothing: a span is written when it ends.
func (p *SpanProcessor) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd writes the span to the ring if it is sampled. It does not wait, unless
// the ring is full and [WithBlock] is given; it does not panic, and it keeps
// nothing of s.
func (p *SpanProcessor) OnEnd(s sdktrace.ReadOnlySpan) {
	if s == nil {
		return
	}
	c := p.recorder
	defer c.Guard()
	c.Enter()
	if !s.SpanContext().IsSampled() {
		c.Unsampled()
		return
	}
	if c.Refuses() {
		return
	}
	scope := s.InstrumentationScope()
	id, err := c.ScopeID(s.Resource(), &scope)
	e := c.Encoder()
	switch {
	case err != nil:
		c.Write(nil, err)
	case id != 0:
		c.Write(e.SpanRecord(id, s))
	default:
		c.WriteRequest(e.SpanRequest(s))
	}
	// Not deferred: after a panic the encoder is left to the collector.
	e.Release()
}

// ForceFlush calls the function of [WithFlush]. The spans themselves need no
// flush: they are in the ring when OnEnd returns. It does nothing after
// Shutdown.
func (p *SpanProcessor) ForceFlush(ctx context.Context) error { return p.recorder.ForceFlush(ctx) }

// Shutdown makes the processor refuse spans, waits for those that are being
// written, and calls the function of [WithFlush]. When that fails, or ctx ends
// first, Shutdown may be called again; after it has succeeded it does nothing.
// The ring stays open.
func (p *SpanProcessor) Shutdown(ctx context.Context) error { return p.recorder.Shutdown(ctx) }

// Recorder is for package tracer, whose spans go to the ring without a processor
// in between.
func (p *SpanProcessor) Recorder() *recorder.Recorder { return p.recorder }

// Stats returns what became of the spans so far. It works after Shutdown.
func (p *SpanProcessor) Stats() Stats { return p.recorder.Stats() }
