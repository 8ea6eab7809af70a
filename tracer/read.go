package tracer

import (
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// The methods of [sdktrace.ReadOnlySpan]: an application may look at the SDK's
// spans, and so it may at these, until they end. What has ended is in the ring.

// read returns what of reads from the SDK's span where it has this one, and else
// what own reads from this one's body.
func read[T any](s *span, of func(sdktrace.ReadOnlySpan) T, own func(*body) T) (v T) {
	b, full := s.recorded()
	if full != nil {
		return of(full)
	}
	if b != nil {
		defer s.mu.Unlock()
		return own(b)
	}
	return v
}

func (s *span) Name() string {
	return read(s, sdktrace.ReadOnlySpan.Name, func(b *body) string { return b.name })
}

func (s *span) Parent() trace.SpanContext {
	return read(s, sdktrace.ReadOnlySpan.Parent, func(b *body) trace.SpanContext { return b.parent })
}

func (s *span) SpanKind() trace.SpanKind {
	return read(s, sdktrace.ReadOnlySpan.SpanKind, func(b *body) trace.SpanKind { return trace.SpanKind(b.kind) })
}

func (s *span) StartTime() time.Time {
	return read(s, sdktrace.ReadOnlySpan.StartTime, func(b *body) time.Time { return b.start })
}

func (s *span) EndTime() time.Time {
	return read(s, sdktrace.ReadOnlySpan.EndTime, func(b *body) time.Time { return b.end })
}

func (s *span) Attributes() []attribute.KeyValue {
	return read(s, sdktrace.ReadOnlySpan.Attributes, func(b *body) []attribute.KeyValue { return b.attributes.decode() })
}

func (s *span) Links() []sdktrace.Link {
	return read(s, sdktrace.ReadOnlySpan.Links, func(b *body) []sdktrace.Link {
		if b.extras == nil {
			return nil
		}
		return slices.Clone(b.extras.links)
	})
}

func (s *span) Events() []sdktrace.Event {
	return read(s, sdktrace.ReadOnlySpan.Events, func(b *body) []sdktrace.Event {
		if b.extras == nil {
			return nil
		}
		return slices.Clone(b.extras.events)
	})
}

func (s *span) Status() sdktrace.Status {
	return read(s, sdktrace.ReadOnlySpan.Status, func(b *body) sdktrace.Status { return sdktrace.Status{Code: b.status, Description: b.text()} })
}

// What is dropped is dropped by the SDK.

func (s *span) DroppedAttributes() int {
	return read(s, sdktrace.ReadOnlySpan.DroppedAttributes, func(*body) int { return 0 })
}

func (s *span) DroppedLinks() int {
	return read(s, sdktrace.ReadOnlySpan.DroppedLinks, func(*body) int { return 0 })
}

func (s *span) DroppedEvents() int {
	return read(s, sdktrace.ReadOnlySpan.DroppedEvents, func(*body) int { return 0 })
}

func (s *span) ChildSpanCount() int { return int(s.children.Load()) }

func (s *span) InstrumentationScope() instrumentation.Scope {
	if s.tracer.short {
		return s.tracer.scope
	}
	return read(s, sdktrace.ReadOnlySpan.InstrumentationScope, func(*body) (none instrumentation.Scope) { return none })
}

func (s *span) InstrumentationLibrary() instrumentation.Library { //nolint:staticcheck // a method of the interface
	return s.InstrumentationScope()
}

func (s *span) Resource() *resource.Resource {
	if s.tracer.short {
		return s.tracer.resource
	}
	return read(s, sdktrace.ReadOnlySpan.Resource, func(*body) *resource.Resource { return nil })
}
