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

// data is what a short span has recorded. Once the span has ended it is
// immutable, and goes to the processor; its methods take no lock.
type data struct {
	// ReadOnlySpan is for methods that only a later SDK has, and for those that
	// tell of what a short span has not got: events, links, and what was dropped.
	sdktrace.ReadOnlySpan

	tracer     *tracer
	name       string
	kind       trace.SpanKind
	parent     trace.SpanContext
	context    trace.SpanContext
	start, end time.Time
	attributes []attribute.KeyValue
	status     sdktrace.Status
}

func (d *data) Name() string                                { return d.name }
func (d *data) SpanContext() trace.SpanContext              { return d.context }
func (d *data) Parent() trace.SpanContext                   { return d.parent }
func (d *data) SpanKind() trace.SpanKind                    { return d.kind }
func (d *data) StartTime() time.Time                        { return d.start }
func (d *data) EndTime() time.Time                          { return d.end }
func (d *data) Attributes() []attribute.KeyValue            { return slices.Clip(d.attributes) }
func (d *data) Links() []sdktrace.Link                      { return nil }
func (d *data) Events() []sdktrace.Event                    { return nil }
func (d *data) Status() sdktrace.Status                     { return d.status }
func (d *data) InstrumentationScope() instrumentation.Scope { return d.tracer.scope }
func (d *data) Resource() *resource.Resource                { return d.tracer.resource }
func (d *data) DroppedAttributes() int                      { return 0 }
func (d *data) DroppedLinks() int                           { return 0 }
func (d *data) DroppedEvents() int                          { return 0 }
func (d *data) ChildSpanCount() int                         { return 0 }
func (d *data) InstrumentationLibrary() instrumentation.Library { //nolint:staticcheck // a method of the interface
	return d.tracer.scope
}

// read returns what the span has recorded so far, for the application: the
// SDK's spans can be read as well.
func (s *span) read() sdktrace.ReadOnlySpan {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full != nil {
		return s.full
	}
	if !s.data.end.IsZero() {
		return &s.data
	}
	d := s.data
	d.attributes = slices.Clone(d.attributes)
	return &d
}

func (s *span) Name() string                                { return s.read().Name() }
func (s *span) Parent() trace.SpanContext                   { return s.read().Parent() }
func (s *span) SpanKind() trace.SpanKind                    { return s.read().SpanKind() }
func (s *span) StartTime() time.Time                        { return s.read().StartTime() }
func (s *span) EndTime() time.Time                          { return s.read().EndTime() }
func (s *span) Attributes() []attribute.KeyValue            { return s.read().Attributes() }
func (s *span) Links() []sdktrace.Link                      { return s.read().Links() }
func (s *span) Events() []sdktrace.Event                    { return s.read().Events() }
func (s *span) Status() sdktrace.Status                     { return s.read().Status() }
func (s *span) InstrumentationScope() instrumentation.Scope { return s.read().InstrumentationScope() }
func (s *span) Resource() *resource.Resource                { return s.read().Resource() }
func (s *span) DroppedAttributes() int                      { return s.read().DroppedAttributes() }
func (s *span) DroppedLinks() int                           { return s.read().DroppedLinks() }
func (s *span) DroppedEvents() int                          { return s.read().DroppedEvents() }
func (s *span) ChildSpanCount() int                         { return s.read().ChildSpanCount() }
func (s *span) InstrumentationLibrary() instrumentation.Library { //nolint:staticcheck // a method of the interface
	return s.read().InstrumentationScope()
}
