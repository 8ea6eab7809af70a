package tracer

import (
	"math"
	"slices"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// maxAttributes bounds the attributes of a short span: they are searched one by
// one. maxText bounds the text of one: what is copied is held for as long as the
// span.
const (
	maxAttributes = 32
	maxText       = 16 << 10
)

// attributes are attributes with plain values and keys that differ, as fields of
// an OTLP message. Encoding them when they are set takes no longer than encoding
// them at the end. It needs half the room of [attribute.KeyValue], without a pointer
// for the collector to follow, and nothing of the caller's is kept.
type attributes struct {
	b []byte
	n int
	// seen has a bit for each of the keys: nearly always it tells that one is new.
	seen uint64
}

// set sets an attribute. It returns false, and has done nothing, for one that is
// not plain, or does not fit.
func (s *attributes) set(num protowire.Number, kv *attribute.KeyValue, limits *valueLimits) bool {
	if kv.Value.Type() == attribute.STRING && s.appendShort(num, string(kv.Key), kv.Value.AsString(), limits) {
		return true
	}
	if !limits.allow(kv) {
		return false
	}
	at, end := s.find(string(kv.Key))
	if at == end {
		return s.append(num, kv, limits)
	}
	// It stays where it is.
	rest := append([]byte(nil), s.b[end:]...)
	s.b = append(otlpsdk.AppendPlain(s.b[:at], num, kv), rest...)
	return true
}

// add adds an attribute. It returns false where set would, and for a key that is
// there.
func (s *attributes) add(num protowire.Number, kv *attribute.KeyValue, limits *valueLimits) bool {
	if kv.Value.Type() == attribute.STRING && s.appendShort(num, string(kv.Key), kv.Value.AsString(), limits) {
		return true
	}
	if !limits.allow(kv) {
		return false
	}
	at, end := s.find(string(kv.Key))
	return at == end && s.append(num, kv, limits)
}

// append appends an attribute whose key is new, if there may be one more.
func (s *attributes) append(num protowire.Number, kv *attribute.KeyValue, limits *valueLimits) bool {
	if s.n == limits.count {
		return false
	}
	s.n++
	s.seen |= trait(string(kv.Key))
	s.b = otlpsdk.AppendPlain(s.b, num, kv)
	return true
}

// appendShort does what append does for most of the attributes that there are: a
// text that is ASCII and so short that every length is one byte, under a key that
// is surely new. It returns false, and has done nothing, for any other.
func (s *attributes) appendShort(num protowire.Number, key, text string, limits *valueLimits) bool {
	// The text in a value, and that and the key in a field, each with tag and length.
	size := 2 + len(key) + 2 + 2 + len(text)
	if size >= 0x80 || key == "" || len(text) > limits.bytes || s.n == limits.count {
		return false
	}
	bit := trait(key)
	if s.seen&bit != 0 {
		return false
	}
	start := len(s.b)
	b := slices.Grow(s.b, 2+size)[:start+2+size]
	f := b[start:]
	f[0], f[1] = byte(num)<<3|byte(protowire.BytesType), byte(size)
	f[2], f[3] = byte(otlpwire.KeyValueKey)<<3|byte(protowire.BytesType), byte(len(key))
	v := f[4+copy(f[4:], key):]
	v[0], v[1] = byte(otlpwire.KeyValueValue)<<3|byte(protowire.BytesType), byte(2+len(text))
	v[2], v[3] = byte(otlpwire.AnyValueString)<<3|byte(protowire.BytesType), byte(len(text))
	copy(v[4:], text)
	// Tags and lengths are ASCII as well: one look at all of it.
	if !otlpsdk.ASCII(f) {
		return false
	}
	s.b, s.seen = b, s.seen|bit
	s.n++
	return true
}

// trait returns a bit that keys of the conventions seldom share.
func trait(key string) uint64 {
	n := len(key)
	return 1 << ((uint(n) + uint(key[n-1]) + 39*uint(key[n/2])) & 63)
}

// reset empties s, and keeps its memory.
func (s *attributes) reset() { s.b, s.n, s.seen = s.b[:0], 0, 0 }

// find returns where the attribute of a key stands: nowhere if that is empty.
func (s *attributes) find(key string) (at, end int) {
	if s.seen&trait(key) == 0 {
		return 0, 0
	}
	for at < len(s.b) {
		start, size := length(s.b, at+1)
		end = start + size
		// The key comes first.
		start, size = length(s.b, start+1)
		if size == len(key) && string(s.b[start:start+size]) == key {
			return at, end
		}
		at = end
	}
	return at, at
}

// length reads the length that stands behind a tag of one byte, and returns where
// what it is of begins.
func length(b []byte, at int) (start, size int) {
	if v := b[at]; v < 0x80 {
		return at + 1, int(v)
	}
	v, n := protowire.ConsumeVarint(b[at:])
	return at + n, int(v)
}

// decode returns the attributes as they were set.
func (s *attributes) decode() []attribute.KeyValue {
	if s.n == 0 {
		return nil
	}
	kvs := make([]attribute.KeyValue, 0, s.n)
	for f := otlpwire.Scan(s.b); f.Next(); {
		kvs = append(kvs, decodePlain(f.Bytes()))
	}
	return kvs
}

func decodePlain(msg []byte) (kv attribute.KeyValue) {
	for f := otlpwire.Scan(msg); f.Next(); {
		switch f.Num {
		case otlpwire.KeyValueKey:
			kv.Key = attribute.Key(f.Bytes())
		case otlpwire.KeyValueValue:
			kv.Value = decodeValue(f.Bytes())
		}
	}
	return kv
}

func decodeValue(msg []byte) (v attribute.Value) {
	for f := otlpwire.Scan(msg); f.Next(); {
		switch f.Num {
		case otlpwire.AnyValueString:
			v = attribute.StringValue(string(f.Bytes()))
		case otlpwire.AnyValueBool:
			v = attribute.BoolValue(f.Varint() != 0)
		case otlpwire.AnyValueInt:
			v = attribute.Int64Value(int64(f.Varint()))
		case otlpwire.AnyValueDouble:
			v = attribute.Float64Value(math.Float64frombits(f.Fixed64()))
		}
	}
	return v
}

// valueLimits are what attributes have to keep to for nothing to be done to them.
type valueLimits struct {
	count int // of attributes
	bytes int // of a text
}

// limitsOf returns the limits of the SDK's, which count from zero, with a negative
// one for none.
func limitsOf(count, length int) valueLimits {
	l := valueLimits{count: maxAttributes, bytes: maxText}
	if count >= 0 {
		l.count = min(l.count, count)
	}
	if length >= 0 {
		l.bytes = min(l.bytes, length) // which counts characters
	}
	return l
}

// allow tells whether an attribute is plain: of a scalar type, within the limits,
// and valid.
func (l *valueLimits) allow(kv *attribute.KeyValue) bool {
	switch kv.Value.Type() {
	case attribute.BOOL, attribute.INT64, attribute.FLOAT64:
	case attribute.STRING:
		if text := kv.Value.AsString(); len(text) > l.bytes || !utf8.ValidString(text) {
			return false
		}
	default:
		return false
	}
	return kv.Key != "" && len(kv.Key) <= maxText && utf8.ValidString(string(kv.Key))
}

// allowAll does so for the attributes of an event or a link.
func (l *valueLimits) allowAll(kvs []attribute.KeyValue) bool {
	if len(kvs) > l.count {
		return false
	}
	for i := range kvs {
		if !l.allow(&kvs[i]) {
			return false
		}
		for j := range i {
			if kvs[i].Key == kvs[j].Key {
				return false
			}
		}
	}
	return true
}
