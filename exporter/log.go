package exporter

import (
	"context"

	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/ringbuffer"
)

// LogExporter writes batches of log records to a ring.
type LogExporter struct{ core *core }

var _ sdklog.Exporter = (*LogExporter)(nil)

// NewLogExporter returns an exporter that writes to ring.
func NewLogExporter(ring *ringbuffer.Ring, opts ...Option) *LogExporter {
	return &LogExporter{core: newCore(ring, otlpwire.Logs, opts)}
}

// Export writes the records. The error says how many could not be written and
// wraps ringbuffer.ErrFull, ErrTooLarge or ErrClosed, or the error of ctx.
// After Shutdown it does nothing and returns nil, as the SDK asks for.
func (x *LogExporter) Export(ctx context.Context, records []sdklog.Record) error {
	if x.core.stopped.Load() || len(records) == 0 {
		return nil
	}
	order := make([]*sdklog.Record, len(records))
	for i := range records {
		order[i] = &records[i]
	}
	order = grouped(order, func(r *sdklog.Record) (group, bool) {
		return group{r.Resource(), r.InstrumentationScope()}, true
	})
	n, err := x.core.batch(ctx, 0, len(order), func(e *otlpsdk.Encoder, i, j int) ([]byte, error) {
		return e.LogsRequest(order[i:j])
	})
	return failed("log records", n, len(records), err)
}

// ForceFlush calls the function of [WithFlush], unless the exporter is shut
// down.
func (x *LogExporter) ForceFlush(ctx context.Context) error { return x.core.forceFlush(ctx) }

// Shutdown makes the exporter ignore records and calls the function of
// [WithFlush], once. The ring stays open.
func (x *LogExporter) Shutdown(ctx context.Context) error { return x.core.stop(ctx, nil) }
