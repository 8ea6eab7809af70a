package otlpsdk

import (
	"encoding/binary"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/encoding/protowire"

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

// SpanExtras encodes what only few spans have, as fields of a Span message.
func (e *Encoder) SpanExtras(events []sdktrace.Event, links []sdktrace.Link) ([]byte, error) {
	e.reset()
	e.links(links)
	e.events(events)
	return e.finish()
}

// span puts the content of a Span message in front.
func (e *Encoder) span(s sdktrace.ReadOnlySpan) {
	sc, parent := s.SpanContext(), s.Parent()
	e.fixed32(otlpwire.SpanFlags, ContextFlags(sc.TraceFlags(), parent.IsRemote()))
	e.status(s.Status())
	e.countIf(otlpwire.SpanDroppedLinksCount, s.DroppedLinks())
	e.links(s.Links())
	e.countIf(otlpwire.SpanDroppedEventsCount, s.DroppedEvents())
	e.events(s.Events())
	e.countIf(otlpwire.SpanDroppedAttributesCount, s.DroppedAttributes())
	e.keyValues(otlpwire.SpanAttributes, s.Attributes(), 0)
	e.times(unixNano(s.StartTime()), unixNano(s.EndTime()))
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
	e.ids(sc.TraceID(), sc.SpanID())
}

// ids puts the trace id and span id of a span or link, which both have as
// fields 1 and 2, in front.
func (e *Encoder) ids(traceID trace.TraceID, spanID trace.SpanID) {
	if b := e.block(2 + 16 + 2 + 8); b != nil {
		b[0], b[1] = byte(otlpwire.SpanTraceID)<<3|byte(protowire.BytesType), 16
		copy(b[2:], traceID[:])
		b[18], b[19] = byte(otlpwire.SpanSpanID)<<3|byte(protowire.BytesType), 8
		copy(b[20:], spanID[:])
	}
}

// times puts the start and end of a span in front.
func (e *Encoder) times(start, end uint64) {
	if start == 0 || end == 0 {
		e.fixed64If(otlpwire.SpanEndTimeUnixNano, end)
		e.fixed64If(otlpwire.SpanStartTimeUnixNano, start)
		return
	}
	if b := e.block(2 * (1 + 8)); b != nil {
		b[0] = byte(otlpwire.SpanStartTimeUnixNano)<<3 | byte(protowire.Fixed64Type)
		binary.LittleEndian.PutUint64(b[1:], start)
		b[9] = byte(otlpwire.SpanEndTimeUnixNano)<<3 | byte(protowire.Fixed64Type)
		binary.LittleEndian.PutUint64(b[10:], end)
	}
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
		e.fixed32(otlpwire.LinkFlags, ContextFlags(l.SpanContext.TraceFlags(), l.SpanContext.IsRemote()))
		e.countIf(otlpwire.LinkDroppedAttributesCount, l.DroppedAttributeCount)
		e.keyValues(otlpwire.LinkAttributes, l.Attributes, 0)
		e.traceState(l.SpanContext.TraceState())
		e.ids(l.SpanContext.TraceID(), l.SpanContext.SpanID())
		e.close(otlpwire.SpanLinks, end)
	}
}

// traceState puts the trace state of a span or link, which both have as field
// 3, in front. It fills the header value in without building a string.
func (e *Encoder) traceState(ts trace.TraceState) {
	n := SizeTraceState(ts)
	if n == 0 || !e.room(n) {
		return
	}
	e.at -= n
	AppendTraceState(e.buf[e.at:e.at:e.at+n], ts)
	e.head(otlpwire.SpanTraceState, n)
}

// SizeTraceState returns the bytes of a trace state as a header has it.
func SizeTraceState(ts trace.TraceState) int {
	n := max(0, 2*ts.Len()-1) // a '=' each, and a ',' between two
	ts.Walk(func(key, value string) bool {
		n += len(key) + len(value)
		return true
	})
	return n
}

// AppendTraceState appends it. The API builds a string.
func AppendTraceState(dst []byte, ts trace.TraceState) []byte {
	start := len(dst)
	ts.Walk(func(key, value string) bool {
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, key...), '='), value...)
		return true
	})
	return dst
}

// ContextFlags returns the flags of a span, whose parent may be remote, or of a
// link as OTLP has them.
func ContextFlags(f trace.TraceFlags, remote bool) uint32 {
	flags := uint32(f) | flagHasIsRemote
	if remote {
		flags |= flagIsRemote
	}
	return flags
}
