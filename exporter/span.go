package exporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/ringbuffer"
)

// ErrShutdown is what the errors of an export after Shutdown wrap.
var ErrShutdown = errors.New("exporter is shut down")

// SpanExporter writes batches of spans to a ring.
type SpanExporter struct{ core *core }

var _ sdktrace.SpanExporter = (*SpanExporter)(nil)

// NewSpanExporter returns an exporter that writes to ring.
func NewSpanExporter(ring *ringbuffer.Ring, opts ...Option) *SpanExporter {
	return &SpanExporter{core: newCore(ring, otlpwire.Traces, opts)}
}

// ExportSpans writes the spans. The error says how many could not be written
// and wraps ringbuffer.ErrFull, ErrTooLarge or ErrClosed, the error of ctx, or
// ErrShutdown.
func (x *SpanExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if x.core.stopped.Load() {
		return failed("spans", 0, len(spans), ErrShutdown)
	}
	spans = grouped(spans, func(s sdktrace.ReadOnlySpan) (group, bool) {
		if s == nil {
			return group{}, false
		}
		return group{s.Resource(), s.InstrumentationScope()}, true
	})
	if len(spans) == 0 {
		return nil
	}
	n, err := x.core.batch(ctx, 0, len(spans), func(e *otlpsdk.Encoder, i, j int) ([]byte, error) {
		return e.SpansRequest(spans[i:j])
	})
	return failed("spans", n, len(spans), err)
}

// ForceFlush calls the function of [WithFlush], unless the exporter is shut
// down.
func (x *SpanExporter) ForceFlush(ctx context.Context) error { return x.core.forceFlush(ctx) }

// Shutdown makes the exporter refuse spans and calls the function of
// [WithFlush], once. The ring stays open.
func (x *SpanExporter) Shutdown(ctx context.Context) error { return x.core.stop(ctx, nil) }

// group is what records share when they stand in one message.
type group struct {
	resource *resource.Resource
	scope    instrumentation.Scope
}

// grouped returns the records ordered by resource and scope, in the order in
// which those first occur, and without records that have none. Batches are
// small and most hold a few scopes, so the groups are looked through in turn,
// the one of the record before first.
func grouped[T any](records []T, of func(T) (group, bool)) []T {
	var groups []group
	var lists [][]T
	last := 0
	for _, r := range records {
		g, ok := of(r)
		if !ok {
			continue
		}
		if last >= len(groups) || !groups[last].is(&g) {
			for last = 0; last < len(groups) && !groups[last].is(&g); last++ {
			}
		}
		if last == len(groups) {
			groups, lists = append(groups, g), append(lists, nil)
		}
		lists[last] = append(lists[last], r)
	}
	if len(lists) == 1 {
		return lists[0]
	}
	out := make([]T, 0, len(records))
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func (g *group) is(o *group) bool {
	return g.resource == o.resource && otlpsdk.SameScope(&g.scope, &o.scope)
}
