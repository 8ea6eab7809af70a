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
	text, n, ok := plain(v)
	content := 2 + len(key) + 2 + n
	if !ok || content >= 0x80 || num > 15 || key == "" {
		return false
	}
	b := e.block(2 + content)
	if b == nil {
		return true
	}
	putShort(b, num, key, v, text, n)
	// Tags and lengths are ASCII as well: one look at all of it, which is enough
	// unless there is a number or a text of another language.
	if !ASCII(b) && (!utf8.ValidString(key) || !utf8.ValidString(text)) {
		e.at += len(b)
		return false
	}
	return true
}

// ASCII tells whether b, of at least 8 bytes, is ASCII.
func ASCII(b []byte) bool {
	const high = 0x8080808080808080
	all := binary.LittleEndian.Uint64(b[len(b)-8:])
	for ; len(b) >= 8; b = b[8:] {
		all |= binary.LittleEndian.Uint64(b)
	}
	return all&high == 0
}

// plain returns the text of a string, and the size of the content of an AnyValue;
// false for what is no scalar.
func plain(v *attribute.Value) (text string, n int, ok bool) {
	switch v.Type() {
	case attribute.STRING:
		text = v.AsString()
		return text, 1 + otlpwire.SizeUvarint(uint64(len(text))) + len(text), true
	case attribute.INT64:
		return "", 1 + otlpwire.SizeUvarint(uint64(v.AsInt64())), true
	case attribute.BOOL:
		return "", 2, true
	case attribute.FLOAT64:
		return "", 1 + 8, true
	}
	return "", 0, false
}

// putShort fills b with the field num of an attribute whose every length and tag
// is one byte; text and n are those of plain.
func putShort(b []byte, num protowire.Number, key string, v *attribute.Value, text string, n int) {
	b[0], b[1] = byte(num)<<3|byte(protowire.BytesType), byte(2+len(key)+2+n)
	b[2], b[3] = byte(otlpwire.KeyValueKey)<<3|byte(protowire.BytesType), byte(len(key))
	b = b[4+copy(b[4:], key):]
	b[0], b[1] = byte(otlpwire.KeyValueValue)<<3|byte(protowire.BytesType), byte(n)
	putPlain(b[2:], v, text)
}

// putPlain fills b with the content of an AnyValue; a text of it is shorter than
// 128 bytes.
func putPlain(b []byte, v *attribute.Value, text string) {
	switch v.Type() {
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
}

// AppendPlain appends the field num of an attribute with a scalar value, whose key
// and text are UTF-8. It is for messages that are written front to back.
func AppendPlain(dst []byte, num protowire.Number, kv *attribute.KeyValue) []byte {
	key := string(kv.Key)
	text, n, _ := plain(&kv.Value)
	if content := 2 + len(key) + 2 + n; content < 0x80 && num <= 15 {
		at := len(dst)
		dst = slices.Grow(dst, 2+content)[:at+2+content]
		putShort(dst[at:], num, key, &kv.Value, text, n)
		return dst
	}
	content := otlpwire.SizeBytes(otlpwire.KeyValueKey, len(key)) + otlpwire.SizeBytes(otlpwire.KeyValueValue, n)
	dst = otlpwire.AppendHeader(dst, num, content)
	dst = otlpwire.AppendString(dst, otlpwire.KeyValueKey, key)
	return AppendPlainValue(dst, otlpwire.KeyValueValue, &kv.Value)
}

// AppendPlainValue does so for the field num of a value alone.
func AppendPlainValue(dst []byte, num protowire.Number, v *attribute.Value) []byte {
	text, n, _ := plain(v)
	dst = otlpwire.AppendHeader(dst, num, n)
	if v.Type() == attribute.STRING {
		return otlpwire.AppendString(dst, otlpwire.AnyValueString, text)
	}
	at := len(dst)
	dst = slices.Grow(dst, n)[:at+n]
	putPlain(dst[at:], v, text)
	return dst
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
