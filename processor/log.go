package processor

import (
	"context"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/recorder"
	"github.com/ttlog/ttlog/ringbuffer"
)

// LogProcessor writes each log record to a ring as it is emitted. It is safe
// for concurrent use.
type LogProcessor struct{ recorder *recorder.Recorder }

var _ sdklog.Processor = (*LogProcessor)(nil)

// NewLogProcessor returns a processor that writes to ring, which must stay open
// until after Shutdown.
func NewLogProcessor(ring *ringbuffer.Ring, opts ...Option) *LogProcessor {
	return &LogProcessor{recorder: recorder.New(ring, otlpwire.Logs, newConfig(opts))}
}

// Enabled returns true until Shutdown: every record is kept.
func (p *LogProcessor) Enabled(context.Context, sdklog.EnabledParameters) bool {
	return !p.recorder.Stopped()
}

// OnEmit writes the record to the ring, whatever the state of ctx. It does not
// wait, unless the ring is full and [WithBlock] is given; it does not panic,
// and it keeps nothing of r. What it drops is counted in Stats and is no error:
// the SDK would print a line for each while the ring is full.
func (p *LogProcessor) OnEmit(_ context.Context, r *sdklog.Record) error {
	if r == nil {
		return nil
	}
	c := p.recorder
	defer c.Guard()
	c.Enter()
	if c.Refuses() {
		return nil
	}
	scope := r.InstrumentationScope()
	id, err := c.ScopeID(r.Resource(), &scope)
	e := c.Encoder()
	switch {
	case err != nil:
		c.Write(nil, err)
	case id != 0:
		c.Write(e.LogRecord(id, r))
	default:
		c.WriteRequest(e.LogRequest(r))
	}
	// Not deferred: after a panic the encoder is left to the collector.
	e.Release()
	return nil
}

// ForceFlush calls the function of [WithFlush]. The records themselves need no
// flush: they are in the ring when OnEmit returns. It does nothing after
// Shutdown.
func (p *LogProcessor) ForceFlush(ctx context.Context) error { return p.recorder.ForceFlush(ctx) }

// Shutdown makes the processor refuse records, waits for those that are being
// written, and calls the function of [WithFlush]. When that fails, or ctx ends
// first, Shutdown may be called again; after it has succeeded it does nothing.
// The ring stays open.
func (p *LogProcessor) Shutdown(ctx context.Context) error { return p.recorder.Shutdown(ctx) }

// Recorder is for package tracer, whose records go to the ring without a processor
// in between.
func (p *LogProcessor) Recorder() *recorder.Recorder { return p.recorder }

// Stats returns what became of the records so far. It works after Shutdown.
func (p *LogProcessor) Stats() Stats { return p.recorder.Stats() }
