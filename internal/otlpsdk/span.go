package otlpsdk

import (
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// The bits of Span.flags and Link.flags above those of W3C trace context.
const (
	flagHasIsRemote = 0x100
	flagIsRemote    = 0x200
)

// The codes of OTLP's Status, which number Ok and Error the other way round
// than the API does.
const (
	statusOK    = 1
	statusError = 2
)

// SpanRecord encodes the payload of an [otlpwire.KindSpan] record: the catalog
// id of the span's scope and the Span message.
func (e *Encoder) SpanRecord(scopeID uint32, s sdktrace.ReadOnlySpan) ([]byte, error) {
	e.reset()
	e.span(s)
	e.ref(scopeID)
	return e.finish()
}

// span puts the content of a Span message in front.
func (e *Encoder) span(s sdktrace.ReadOnlySpan) {
	sc, parent := s.SpanContext(), s.Parent()
	e.fixed32(otlpwire.SpanFlags, contextFlags(sc.TraceFlags(), parent.IsRemote()))
	e.status(s.Status())
	e.countIf(otlpwire.SpanDroppedLinksCount, s.DroppedLinks())
	e.links(s.Links())
	e.countIf(otlpwire.SpanDroppedEventsCount, s.DroppedEvents())
	e.events(s.Events())
	e.countIf(otlpwire.SpanDroppedAttributesCount, s.DroppedAttributes())
	e.keyValues(otlpwire.SpanAttributes, s.Attributes(), 0)
	e.fixed64If(otlpwire.SpanEndTimeUnixNano, unixNano(s.EndTime()))
	e.fixed64If(otlpwire.SpanStartTimeUnixNano, unixNano(s.StartTime()))
	// The SDK's kinds and OTLP's have the same numbers.
	if kind := s.SpanKind(); kind > trace.SpanKindUnspecified && kind <= trace.SpanKindConsumer {
		e.varint(otlpwire.SpanKind, uint64(kind))
	}
	e.textIf(otlpwire.SpanName, s.Name())
	if parent.HasSpanID() {
		id := parent.SpanID()
		e.bytes(otlpwire.SpanParentSpanID, id[:])
	}
	e.traceState(sc.TraceState())
	spanID, traceID := sc.SpanID(), sc.TraceID()
	e.bytes(otlpwire.SpanSpanID, spanID[:])
	e.bytes(otlpwire.SpanTraceID, traceID[:])
}

// status puts the status of a span in front, unless it is unset and says
// nothing.
func (e *Encoder) status(s sdktrace.Status) {
	end := e.len()
	switch s.Code {
	case codes.Ok:
		e.varint(otlpwire.StatusCode, statusOK)
	case codes.Error:
		e.varint(otlpwire.StatusCode, statusError)
	}
	e.textIf(otlpwire.StatusMessage, s.Description)
	if e.len() > end {
		e.close(otlpwire.SpanStatus, end)
	}
}

func (e *Encoder) events(events []sdktrace.Event) {
	for i := len(events) - 1; i >= 0; i-- {
		ev, end := &events[i], e.len()
		e.countIf(otlpwire.EventDroppedAttributesCount, ev.DroppedAttributeCount)
		e.keyValues(otlpwire.EventAttributes, ev.Attributes, 0)
		e.textIf(otlpwire.EventName, ev.Name)
		e.fixed64If(otlpwire.EventTimeUnixNano, unixNano(ev.Time))
		e.close(otlpwire.SpanEvents, end)
	}
}

func (e *Encoder) links(links []sdktrace.Link) {
	for i := len(links) - 1; i >= 0; i-- {
		l, end := &links[i], e.len()
		e.fixed32(otlpwire.LinkFlags, contextFlags(l.SpanContext.TraceFlags(), l.SpanContext.IsRemote()))
		e.countIf(otlpwire.LinkDroppedAttributesCount, l.DroppedAttributeCount)
		e.keyValues(otlpwire.LinkAttributes, l.Attributes, 0)
		e.traceState(l.SpanContext.TraceState())
		spanID, traceID := l.SpanContext.SpanID(), l.SpanContext.TraceID()
		e.bytes(otlpwire.LinkSpanID, spanID[:])
		e.bytes(otlpwire.LinkTraceID, traceID[:])
		e.close(otlpwire.SpanLinks, end)
	}
}

// traceState puts the trace state of a span or link, which both have as field
// 3, in front. It fills the header value in without building a string.
func (e *Encoder) traceState(ts trace.TraceState) {
	members := ts.Len()
	if members == 0 {
		return
	}
	n := 2*members - 1 // a '=' each, and a ',' between two
	ts.Walk(func(key, value string) bool {
		n += len(key) + len(value)
		return true
	})
	if !e.room(n) {
		return
	}
	e.at -= n
	dst := e.buf[e.at : e.at : e.at+n]
	ts.Walk(func(key, value string) bool {
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, key...), '='), value...)
		return true
	})
	e.head(otlpwire.SpanTraceState, n)
}

func contextFlags(f trace.TraceFlags, remote bool) uint32 {
	flags := uint32(f) | flagHasIsRemote
	if remote {
		flags |= flagIsRemote
	}
	return flags
}
