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
// spans, and so it may at these.

// read returns what of reads from the SDK's span where it has this one, and else
// what own reads from this one.
func read[T any](s *span, of func(sdktrace.ReadOnlySpan) T, own func() T) T {
	s.mu.Lock()
	if full := s.full; full != nil {
		s.mu.Unlock()
		return of(full)
	}
	defer s.mu.Unlock()
	return own()
}

func (s *span) Name() string {
	return read(s, sdktrace.ReadOnlySpan.Name, func() string { return s.name })
}

func (s *span) Parent() trace.SpanContext {
	return read(s, sdktrace.ReadOnlySpan.Parent, func() trace.SpanContext { return s.parent })
}

func (s *span) SpanKind() trace.SpanKind {
	return read(s, sdktrace.ReadOnlySpan.SpanKind, func() trace.SpanKind { return trace.SpanKind(s.kind) })
}

func (s *span) StartTime() time.Time {
	return read(s, sdktrace.ReadOnlySpan.StartTime, func() time.Time { return s.start })
}

func (s *span) EndTime() time.Time {
	return read(s, sdktrace.ReadOnlySpan.EndTime, func() time.Time { return s.end })
}

func (s *span) Attributes() []attribute.KeyValue {
	return read(s, sdktrace.ReadOnlySpan.Attributes, s.attributes.decode)
}

func (s *span) Links() []sdktrace.Link {
	return read(s, sdktrace.ReadOnlySpan.Links, func() []sdktrace.Link {
		if s.extras == nil {
			return nil
		}
		return slices.Clone(s.extras.links)
	})
}

func (s *span) Events() []sdktrace.Event {
	return read(s, sdktrace.ReadOnlySpan.Events, func() []sdktrace.Event {
		if s.extras == nil {
			return nil
		}
		return slices.Clone(s.extras.events)
	})
}

func (s *span) Status() sdktrace.Status {
	return read(s, sdktrace.ReadOnlySpan.Status, func() sdktrace.Status { return sdktrace.Status{Code: s.status, Description: s.text()} })
}

// What is dropped is dropped by the SDK.

func (s *span) DroppedAttributes() int {
	return read(s, sdktrace.ReadOnlySpan.DroppedAttributes, func() int { return 0 })
}

func (s *span) DroppedLinks() int {
	return read(s, sdktrace.ReadOnlySpan.DroppedLinks, func() int { return 0 })
}

func (s *span) DroppedEvents() int {
	return read(s, sdktrace.ReadOnlySpan.DroppedEvents, func() int { return 0 })
}

func (s *span) ChildSpanCount() int { return int(s.children.Load()) }

func (s *span) InstrumentationScope() instrumentation.Scope {
	return read(s, sdktrace.ReadOnlySpan.InstrumentationScope, func() instrumentation.Scope { return s.tracer.scope })
}

func (s *span) InstrumentationLibrary() instrumentation.Library { //nolint:staticcheck // a method of the interface
	return s.InstrumentationScope()
}

func (s *span) Resource() *resource.Resource {
	return read(s, sdktrace.ReadOnlySpan.Resource, func() *resource.Resource { return s.tracer.resource })
}
