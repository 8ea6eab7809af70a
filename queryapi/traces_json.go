package queryapi

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// This file turns the messages of a trace into OTLP JSON, from bytes to text
// with no objects in between: the proto3 JSON mapping, but for trace and span
// ids, which are hexadecimal, and enums, which are numbers.

// kind tells how a field is written.
type kind uint8

const (
	asMessage kind = iota
	asText
	asHex
	asBase64
	asNumber  // uint32 and enums
	asInteger // int64, a string in JSON
	asFixed32
	asNanos // fixed64, a string in JSON
	asDouble
	asBool
)

// field is one field of a message: what stands for it in JSON.
type field struct {
	num      protowire.Number
	name     string
	kind     kind
	repeated bool
	always   bool // written, empty, where it is absent
	message  *message
}

// message is what is known of one type; of a union the last field on the wire
// counts.
type message struct {
	fields []field
	union  bool
}

var (
	anyValue = &message{union: true} // it holds itself; see init
	keyValue = &message{}

	resource = &message{fields: []field{
		attributesAt(otlpwire.ResourceAttributes),
		{num: otlpwire.ResourceDroppedAttributesCount, name: "droppedAttributesCount", kind: asNumber},
		{num: otlpwire.ResourceEntityRefs, name: "entityRefs", repeated: true, message: &message{fields: []field{
			{num: otlpwire.EntityRefSchemaURL, name: "schemaUrl", kind: asText},
			{num: otlpwire.EntityRefType, name: "type", kind: asText},
			{num: otlpwire.EntityRefIDKeys, name: "idKeys", kind: asText, repeated: true},
			{num: otlpwire.EntityRefDescriptionKeys, name: "descriptionKeys", kind: asText, repeated: true},
		}}},
	}}
	scope = &message{fields: []field{
		{num: otlpwire.ScopeName, name: "name", kind: asText},
		{num: otlpwire.ScopeVersion, name: "version", kind: asText},
		attributesAt(otlpwire.ScopeAttributes),
		{num: otlpwire.ScopeDroppedAttributesCount, name: "droppedAttributesCount", kind: asNumber},
	}}
	span = &message{fields: []field{
		{num: otlpwire.SpanTraceID, name: "traceId", kind: asHex},
		{num: otlpwire.SpanSpanID, name: "spanId", kind: asHex},
		{num: otlpwire.SpanTraceState, name: "traceState", kind: asText},
		{num: otlpwire.SpanParentSpanID, name: "parentSpanId", kind: asHex},
		{num: otlpwire.SpanFlags, name: "flags", kind: asFixed32},
		{num: otlpwire.SpanName, name: "name", kind: asText},
		{num: otlpwire.SpanKind, name: "kind", kind: asNumber},
		{num: otlpwire.SpanStartTimeUnixNano, name: "startTimeUnixNano", kind: asNanos},
		{num: otlpwire.SpanEndTimeUnixNano, name: "endTimeUnixNano", kind: asNanos},
		attributesAt(otlpwire.SpanAttributes),
		{num: otlpwire.SpanDroppedAttributesCount, name: "droppedAttributesCount", kind: asNumber},
		{num: otlpwire.SpanEvents, name: "events", repeated: true, message: &message{fields: []field{
			{num: otlpwire.EventTimeUnixNano, name: "timeUnixNano", kind: asNanos},
			{num: otlpwire.EventName, name: "name", kind: asText},
			attributesAt(otlpwire.EventAttributes),
			{num: otlpwire.EventDroppedAttributesCount, name: "droppedAttributesCount", kind: asNumber},
		}}},
		{num: otlpwire.SpanDroppedEventsCount, name: "droppedEventsCount", kind: asNumber},
		{num: otlpwire.SpanLinks, name: "links", repeated: true, message: &message{fields: []field{
			{num: otlpwire.LinkTraceID, name: "traceId", kind: asHex},
			{num: otlpwire.LinkSpanID, name: "spanId", kind: asHex},
			{num: otlpwire.LinkTraceState, name: "traceState", kind: asText},
			{num: otlpwire.LinkFlags, name: "flags", kind: asFixed32},
			attributesAt(otlpwire.LinkAttributes),
			{num: otlpwire.LinkDroppedAttributesCount, name: "droppedAttributesCount", kind: asNumber},
		}}},
		{num: otlpwire.SpanDroppedLinksCount, name: "droppedLinksCount", kind: asNumber},
		{num: otlpwire.SpanStatus, name: "status", always: true, message: &message{fields: []field{
			{num: otlpwire.StatusMessage, name: "message", kind: asText},
			{num: otlpwire.StatusCode, name: "code", kind: asNumber},
		}}},
	}}
	resourceSpans = &message{fields: []field{
		{num: otlpwire.ResourceSpansResource, name: "resource", message: resource},
		{num: otlpwire.ResourceSpansScopeSpans, name: "scopeSpans", repeated: true, message: &message{fields: []field{
			{num: otlpwire.ScopeSpansScope, name: "scope", message: scope},
			{num: otlpwire.ScopeSpansSpans, name: "spans", repeated: true, message: span},
			{num: otlpwire.ScopeSpansSchemaURL, name: "schemaUrl", kind: asText},
		}}},
		{num: otlpwire.ResourceSpansSchemaURL, name: "schemaUrl", kind: asText},
	}}
)

func init() {
	keyValue.fields = []field{
		{num: otlpwire.KeyValueKey, name: "key", kind: asText},
		{num: otlpwire.KeyValueValue, name: "value", message: anyValue},
	}
	anyValue.fields = []field{
		{num: otlpwire.AnyValueString, name: "stringValue", kind: asText},
		{num: otlpwire.AnyValueBool, name: "boolValue", kind: asBool},
		{num: otlpwire.AnyValueInt, name: "intValue", kind: asInteger},
		{num: otlpwire.AnyValueDouble, name: "doubleValue", kind: asDouble},
		{num: otlpwire.AnyValueArray, name: "arrayValue", message: &message{fields: []field{
			{num: otlpwire.ArrayValueValues, name: "values", repeated: true, message: anyValue},
		}}},
		{num: otlpwire.AnyValueKvlist, name: "kvlistValue", message: &message{fields: []field{
			{num: otlpwire.KeyValueListValues, name: "values", repeated: true, message: keyValue},
		}}},
		{num: otlpwire.AnyValueBytes, name: "bytesValue", kind: asBase64},
	}
}

func attributesAt(num protowire.Number) field {
	return field{num: num, name: "attributes", repeated: true, message: keyValue}
}

// appendJSON writes the message as an object.
func (m *message) appendJSON(dst, msg []byte) []byte {
	present, last := presentIn(msg)
	dst = append(dst, '{')
	first := true
	for i := range m.fields {
		f := &m.fields[i]
		absent := present>>f.num&1 == 0
		if absent && !f.always || m.union && f.num != last {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(append(dst, '"'), f.name...), `":`...)
		if absent {
			dst = append(dst, "{}"...)
		} else {
			dst = f.appendJSON(dst, msg)
		}
	}
	return append(dst, '}')
}

// presentIn returns the set of the fields of a message that are known to OTLP,
// all of which have numbers below 64, and the last of them.
func presentIn(msg []byte) (present uint64, last protowire.Number) {
	for f := otlpwire.Scan(msg); f.Next(); {
		if f.Num < 64 {
			present, last = present|1<<f.Num, f.Num
		}
	}
	return present, last
}

// appendJSON writes the field of a message that has it: all its elements, or
// the last of its values. Elements of other fields may stand in between.
func (f *field) appendJSON(dst, msg []byte) []byte {
	if f.repeated {
		dst = append(dst, '[')
	}
	start, first := len(dst), true
	for in := otlpwire.Scan(msg); in.Next(); {
		if in.Num != f.num {
			continue
		}
		switch {
		case !f.repeated:
			dst = dst[:start]
		case !first:
			dst = append(dst, ',')
		}
		first = false
		dst = f.appendValue(dst, &in)
	}
	if f.repeated {
		dst = append(dst, ']')
	}
	return dst
}

func (f *field) appendValue(dst []byte, in *otlpwire.Fields) []byte {
	switch f.kind {
	case asText:
		return appendText(dst, in.Bytes())
	case asHex:
		return append(hex.AppendEncode(append(dst, '"'), in.Bytes()), '"')
	case asBase64:
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), in.Bytes()), '"')
	case asNumber:
		return strconv.AppendUint(dst, uint64(uint32(in.Varint())), 10)
	case asInteger:
		return append(strconv.AppendInt(append(dst, '"'), int64(in.Varint()), 10), '"')
	case asFixed32:
		return strconv.AppendUint(dst, uint64(in.Fixed32()), 10)
	case asNanos:
		return append(strconv.AppendUint(append(dst, '"'), in.Fixed64(), 10), '"')
	case asDouble:
		return appendDouble(dst, math.Float64frombits(in.Fixed64()))
	case asBool:
		return strconv.AppendBool(dst, in.Varint() != 0)
	}
	return f.message.appendJSON(dst, in.Bytes())
}

func appendText(dst, text []byte) []byte {
	quoted, err := json.Marshal(string(text))
	if err != nil { // there is none for a string
		return append(dst, `""`...)
	}
	return append(dst, quoted...)
}

// appendDouble writes what JSON has no number for as proto3 does.
func appendDouble(dst []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}
