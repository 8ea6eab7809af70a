package tracer

import (
	"context"

	"go.opentelemetry.io/otel/trace"
)

// spanContext is a context with a span in it. It is part of the span, so that the
// two are one allocation; context.WithValue would make another.
type spanContext struct {
	context.Context
	span *span
}

// Value answers OpenTelemetry's own key for the span, and nothing else.
func (c *spanContext) Value(key any) any {
	if key == spanKey {
		return c.span
	}
	return c.Context.Value(key)
}

// String is for those who print a context.
func (c *spanContext) String() string { return "tracer.spanContext" }

// spanKey is the key by which OpenTelemetry's API finds a span in a context, or
// nil should the API do so in another way.
var spanKey = learnSpanKey()

// learnSpanKey asks the API for a span and sees what it looks for. The key has no
// name outside of its package.
func learnSpanKey() any {
	var p probe
	p.Context = context.Background()
	trace.SpanFromContext(&p)
	if p.asked != 1 {
		return nil
	}
	return p.key
}

type probe struct {
	context.Context
	key   any
	asked int
}

func (p *probe) Value(key any) any {
	p.key = key
	p.asked++
	return nil
}

// with returns a context with the span: c, or where that would not be found one of
// the API's.
func (c *spanContext) with(parent context.Context, s *span) context.Context {
	if spanKey == nil {
		return trace.ContextWithSpan(parent, s)
	}
	c.Context, c.span = parent, s
	return c
}
