package otlpsdk

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// keyValues puts one field num for each attribute in front.
func (e *Encoder) keyValues(num protowire.Number, kvs []attribute.KeyValue, depth int) {
	for i := len(kvs) - 1; i >= 0; i-- {
		if kv := &kvs[i]; !e.shortKeyValue(num, string(kv.Key), &kv.Value) {
			e.keyValue(num, kv, depth)
		}
	}
}

// set does the same for a set of attributes.
func (e *Encoder) set(num protowire.Number, s *attribute.Set) {
	for i := s.Len() - 1; i >= 0; i-- {
		if kv, ok := s.Get(i); ok && !e.shortKeyValue(num, string(kv.Key), &kv.Value) {
			e.keyValue(num, &kv, 0)
		}
	}
}

// keyValue puts one attribute in front. An empty value is written as a value
// without content: OTLP holds a key without one for malformed.
func (e *Encoder) keyValue(num protowire.Number, kv *attribute.KeyValue, depth int) {
	end := e.len()
	e.value(&kv.Value, depth)
	e.close(otlpwire.KeyValueValue, end)
	e.textIf(otlpwire.KeyValueKey, string(kv.Key))
	e.close(num, end)
}

// shortKeyValue does what keyValue does for nearly all attributes there are: a
// plain value, and so short that every length and tag is one byte. That halves
// the time of a span with ten attributes (BenchmarkSpanRecord). It returns
// false for any other.
func (e *Encoder) shortKeyValue(num protowire.Number, key string, v *attribute.Value) bool {
	var text string
	var n int // size of the AnyValue's content
	typ := v.Type()
	switch typ {
	case attribute.STRING:
		text = v.AsString()
		n = 2 + len(text)
	case attribute.INT64:
		n = 1 + otlpwire.SizeUvarint(uint64(v.AsInt64()))
	case attribute.BOOL:
		n = 2
	case attribute.FLOAT64:
		n = 1 + 8
	default:
		return false
	}
	content := 2 + len(key) + 2 + n
	if content >= 0x80 || num > 15 || key == "" || !utf8.ValidString(key) || !utf8.ValidString(text) {
		return false
	}
	b := e.block(2 + content)
	if b == nil {
		return true
	}
	b[0], b[1] = byte(num)<<3|byte(protowire.BytesType), byte(content)
	b[2], b[3] = byte(otlpwire.KeyValueKey)<<3|byte(protowire.BytesType), byte(len(key))
	b = b[4+copy(b[4:], key):]
	b[0], b[1] = byte(otlpwire.KeyValueValue)<<3|byte(protowire.BytesType), byte(n)
	switch b = b[2:]; typ {
	case attribute.STRING:
		b[0], b[1] = byte(otlpwire.AnyValueString)<<3|byte(protowire.BytesType), byte(len(text))
		copy(b[2:], text)
	case attribute.INT64:
		b[0] = byte(otlpwire.AnyValueInt)<<3 | byte(protowire.VarintType)
		otlpwire.AppendUvarint(b[:1], uint64(v.AsInt64()))
	case attribute.BOOL:
		b[0], b[1] = byte(otlpwire.AnyValueBool)<<3|byte(protowire.VarintType), byte(protowire.EncodeBool(v.AsBool()))
	case attribute.FLOAT64:
		b[0] = byte(otlpwire.AnyValueDouble)<<3 | byte(protowire.Fixed64Type)
		binary.LittleEndian.PutUint64(b[1:], math.Float64bits(v.AsFloat64()))
	}
	return true
}

// value puts the content of an AnyValue in front. depth is the number of
// values around it. A list or map that would hold values too deep is written
// as an empty value.
func (e *Encoder) value(v *attribute.Value, depth int) {
	if v.Type() >= attribute.BOOLSLICE && v.Type() != attribute.BYTESLICE {
		if depth++; depth > otlpwire.MaxDepth {
			return
		}
	}
	switch v.Type() {
	case attribute.EMPTY:
	case attribute.STRING:
		e.text(otlpwire.AnyValueString, v.AsString())
	case attribute.BOOL:
		e.bool(otlpwire.AnyValueBool, v.AsBool())
	case attribute.INT64:
		e.varint(otlpwire.AnyValueInt, uint64(v.AsInt64()))
	case attribute.FLOAT64:
		e.double(otlpwire.AnyValueDouble, v.AsFloat64())
	case attribute.BYTESLICE:
		// AsString is the same bytes without the copy that AsByteSlice
		// makes; both read the one string that the value holds.
		b := v.AsString()
		e.raw(b)
		e.head(otlpwire.AnyValueBytes, len(b))
	case attribute.MAP:
		end := e.len()
		e.keyValues(otlpwire.KeyValueListValues, v.AsMap(), depth)
		e.close(otlpwire.AnyValueKvlist, end)
	case attribute.BOOLSLICE, attribute.INT64SLICE, attribute.FLOAT64SLICE, attribute.STRINGSLICE, attribute.SLICE:
		end := e.len()
		e.array(v, depth)
		e.close(otlpwire.AnyValueArray, end)
	default:
		e.text(otlpwire.AnyValueString, "INVALID")
	}
}

// array puts the elements of a slice value in front.
func (e *Encoder) array(v *attribute.Value, depth int) {
	switch v.Type() {
	case attribute.BOOLSLICE:
		elements(e, v.AsBoolSlice(), func(e *Encoder, b bool) { e.bool(otlpwire.AnyValueBool, b) })
	case attribute.INT64SLICE:
		elements(e, v.AsInt64Slice(), func(e *Encoder, n int64) { e.varint(otlpwire.AnyValueInt, uint64(n)) })
	case attribute.FLOAT64SLICE:
		elements(e, v.AsFloat64Slice(), func(e *Encoder, f float64) { e.double(otlpwire.AnyValueDouble, f) })
	case attribute.STRINGSLICE:
		elements(e, v.AsStringSlice(), func(e *Encoder, s string) { e.text(otlpwire.AnyValueString, s) })
	case attribute.SLICE:
		vals := v.AsSlice()
		for i := len(vals) - 1; i >= 0; i-- {
			end := e.len()
			e.value(&vals[i], depth)
			e.close(otlpwire.ArrayValueValues, end)
		}
	}
}

// elements puts plain values in front as those of an array.
func elements[T any](e *Encoder, vals []T, put func(*Encoder, T)) {
	for _, val := range slices.Backward(vals) {
		end := e.len()
		put(e, val)
		e.close(otlpwire.ArrayValueValues, end)
	}
}

// unixNano returns t as OTLP has it: nanoseconds since 1970, and 0 for what is
// before.
func unixNano(t time.Time) uint64 {
	return uint64(max(0, t.UnixNano()))
}
