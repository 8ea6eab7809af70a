package tracer

import (
	"encoding/binary"
	"time"

	"go.opentelemetry.io/otel/codes"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// The codes of OTLP's Status, which number Ok and Error the other way round
// than the API does.
const (
	statusOK    = 1
	statusError = 2
)

// record writes a span that has ended to the ring.
func (b *body) record() {
	r := b.span.tracer.provider.recorder
	defer r.Guard()
	r.Enter()
	switch {
	case !b.span.context.IsSampled():
		r.Unsampled()
	case r.Refuses():
	case b.extras != nil && len(b.extras.events)+len(b.extras.links) > 0:
		b.recordExtras()
	default:
		r.WriteMessage((*message)(b))
	}
}

// recordExtras encodes what comes without a size first.
func (b *body) recordExtras() {
	r := b.span.tracer.provider.recorder
	e := r.Encoder()
	var err error
	if b.extras.encoded, err = e.SpanExtras(b.extras.events, b.extras.links); err != nil {
		r.Write(nil, err)
	} else {
		r.WriteMessage((*message)(b))
	}
	e.Release()
}

// message is a span that has ended as a record of the ring: the id of its scope
// and a Span message.
type message body

// The fixed parts of a Span message.
const (
	idsBytes    = 2 + 16 + 2 + 8
	parentBytes = 2 + 8
	timeBytes   = 1 + 8
	flagsBytes  = 2 + 4
)

// Size implements [recorder.Message].
func (m *message) Size() int {
	n := otlpwire.RefSize + idsBytes + len(m.attributes.b) + flagsBytes
	if m.parent.HasSpanID() {
		n += parentBytes
	}
	if m.name != "" {
		n += otlpwire.SizeBytes(otlpwire.SpanName, len(m.name))
	}
	if m.kind != 0 {
		n += 2
	}
	for _, t := range [...]time.Time{m.start, m.end} {
		if unixNano(t) != 0 {
			n += timeBytes
		}
	}
	if state := m.span.context.TraceState(); state.Len() > 0 {
		n += otlpwire.SizeBytes(otlpwire.SpanTraceState, otlpsdk.SizeTraceState(state))
	}
	if m.extras != nil {
		n += len(m.extras.encoded)
	}
	if size := m.statusSize(); size > 0 {
		n += otlpwire.SizeBytes(otlpwire.SpanStatus, size)
	}
	return n
}

// unixNano returns t as OTLP has it: nanoseconds since 1970, and 0 for what is
// before.
func unixNano(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) }

func (m *message) statusSize() (n int) {
	if m.status != codes.Unset {
		n = 2
	}
	if text := (*body)(m).text(); text != "" {
		n += otlpwire.SizeBytes(otlpwire.StatusMessage, len(text))
	}
	return n
}

// Put implements [recorder.Message].
func (m *message) Put(dst []byte) {
	otlpwire.PutRef(dst, m.span.tracer.id.Load())
	b := dst[otlpwire.RefSize:][:idsBytes]
	traceID, spanID := m.span.context.TraceID(), m.span.context.SpanID()
	b[0], b[1] = byte(otlpwire.SpanTraceID)<<3|byte(protowire.BytesType), 16
	copy(b[2:], traceID[:])
	b[18], b[19] = byte(otlpwire.SpanSpanID)<<3|byte(protowire.BytesType), 8
	copy(b[20:], spanID[:])

	at := dst[:otlpwire.RefSize+idsBytes]
	if state := m.span.context.TraceState(); state.Len() > 0 {
		at = otlpsdk.AppendTraceState(otlpwire.AppendHeader(at, otlpwire.SpanTraceState, otlpsdk.SizeTraceState(state)), state)
	}
	if m.parent.HasSpanID() {
		id := m.parent.SpanID()
		at = append(at, byte(otlpwire.SpanParentSpanID)<<3|byte(protowire.BytesType), 8)
		at = append(at, id[:]...)
	}
	if m.name != "" {
		at = otlpwire.AppendString(at, otlpwire.SpanName, m.name)
	}
	if m.kind != 0 {
		at = append(at, byte(otlpwire.SpanKind)<<3|byte(protowire.VarintType), m.kind)
	}
	at = appendTime(at, otlpwire.SpanStartTimeUnixNano, m.start)
	at = appendTime(at, otlpwire.SpanEndTimeUnixNano, m.end)
	at = append(at, m.attributes.b...)
	if m.extras != nil {
		at = append(at, m.extras.encoded...)
	}
	if size := m.statusSize(); size > 0 {
		at = m.appendStatus(otlpwire.AppendHeader(at, otlpwire.SpanStatus, size))
	}
	otlpwire.AppendFixed32(at, otlpwire.SpanFlags, otlpsdk.ContextFlags(m.span.context.TraceFlags(), m.parent.IsRemote()))
}

func appendTime(dst []byte, num protowire.Number, t time.Time) []byte {
	if nanos := unixNano(t); nanos != 0 {
		return binary.LittleEndian.AppendUint64(append(dst, byte(num)<<3|byte(protowire.Fixed64Type)), nanos)
	}
	return dst
}

func (m *message) appendStatus(dst []byte) []byte {
	switch m.status {
	case codes.Ok:
		dst = append(dst, byte(otlpwire.StatusCode)<<3|byte(protowire.VarintType), statusOK)
	case codes.Error:
		dst = append(dst, byte(otlpwire.StatusCode)<<3|byte(protowire.VarintType), statusError)
	}
	if text := (*body)(m).text(); text != "" {
		dst = otlpwire.AppendString(dst, otlpwire.StatusMessage, text)
	}
	return dst
}
