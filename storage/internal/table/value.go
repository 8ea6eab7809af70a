package table

import (
	"fmt"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// value is an AnyValue, one level deep: arrays and maps stay the bytes of
// their ArrayValue or KeyValueList message.
type value struct {
	typ   column.Type
	num   int64  // bool, int, bits of a float
	bytes []byte // string, bytes, array, map while parsing; aliases the input
	str   string // the same when read from a column
	odd   bool   // holds something that only the message itself can keep
	// repeats says that a map in it has a key more than once, see once.
	repeats bool
}

// parseValue parses an AnyValue message completely, values nested in it
// included, which are only checked.
func parseValue(b []byte, depth int) (value, error) {
	var v value
	if depth > maxDepth {
		return v, fmt.Errorf("%w: value nested more than %d deep", otlpwire.ErrMalformed, maxDepth)
	}
	fields := 0
	f := otlpwire.Scan(b)
	for f.Next() {
		fields++
		switch f.Num {
		case otlpwire.AnyValueString:
			v.typ, v.bytes = column.TypeString, f.Bytes()
		case otlpwire.AnyValueBool:
			v.typ, v.num = column.TypeBool, 0
			if f.Varint() != 0 {
				v.num = 1
			}
		case otlpwire.AnyValueInt:
			v.typ, v.num = column.TypeInt64, int64(f.Varint())
		case otlpwire.AnyValueDouble:
			v.typ, v.num = column.TypeFloat64, int64(f.Fixed64())
		case otlpwire.AnyValueBytes:
			v.typ, v.bytes = column.TypeBytes, f.Bytes()
		case otlpwire.AnyValueArray:
			v.typ, v.bytes = column.TypeArray, f.Bytes()
			repeats, err := checkArray(v.bytes, depth+1)
			if err != nil {
				return v, err
			}
			v.repeats = repeats
		case otlpwire.AnyValueKvlist:
			v.typ, v.bytes = column.TypeMap, f.Bytes()
			repeats, err := checkPairs(v.bytes, depth+1)
			if err != nil {
				return v, err
			}
			v.repeats = repeats
		case otlpwire.AnyValueStringStrindex:
			f.Varint()
			v.typ, v.odd = column.TypeNone, true
		default:
			if err := checkUnknown(&f); err != nil {
				return v, err
			}
			v.odd = true
		}
	}
	// With several fields the last wins, but which readers agree on that for
	// nested messages differs: such a value is kept as it came.
	v.odd = v.odd || fields > 1
	return v, f.Err()
}

// checkArray validates an ArrayValue message. repeats tells of keys that come
// more than once in a map inside of it.
func checkArray(b []byte, depth int) (repeats bool, err error) {
	f := otlpwire.Scan(b)
	for f.Next() {
		if f.Num == otlpwire.ArrayValueValues {
			v, err := parseValue(f.Bytes(), depth)
			if err != nil {
				return false, err
			}
			repeats = repeats || v.repeats
		} else if err := checkUnknown(&f); err != nil {
			return false, err
		}
	}
	return repeats, f.Err()
}

// checkPairs validates a KeyValueList message. repeats tells of keys that come
// more than once in it, or in a map inside of it.
func checkPairs(b []byte, depth int) (repeats bool, err error) {
	var keys keySet
	f := otlpwire.Scan(b)
	for f.Next() {
		if f.Num == otlpwire.KeyValueListValues {
			again, err := keys.check(f.Bytes(), depth)
			if err != nil {
				return false, err
			}
			repeats = repeats || again
		} else if err := checkUnknown(&f); err != nil {
			return false, err
		}
	}
	return repeats, f.Err()
}

// check validates a KeyValue message with all its values. repeats tells of a
// key that was there already, or that comes more than once in a map inside.
func (k *keySet) check(b []byte, depth int) (repeats bool, err error) {
	var key []byte
	known := true
	f := otlpwire.Scan(b)
	for f.Next() {
		switch f.Num {
		case otlpwire.KeyValueKey:
			key = f.Bytes()
		case otlpwire.KeyValueValue:
			v, err := parseValue(f.Bytes(), depth)
			if err != nil {
				return false, err
			}
			repeats = repeats || v.repeats
		case otlpwire.KeyValueKeyStrindex:
			f.Varint()
			known = false
		default:
			if err := checkUnknown(&f); err != nil {
				return false, err
			}
		}
	}
	return repeats || known && k.add(key), f.Err()
}

// splitKeyValue returns the key and value of a KeyValue message that was
// checked before; a malformed one has no value.
func splitKeyValue(kv []byte) (key []byte, v value) {
	f := otlpwire.Scan(kv)
	for f.Next() {
		switch f.Num {
		case otlpwire.KeyValueKey:
			key = f.Bytes()
		case otlpwire.KeyValueValue:
			if w, err := parseValue(f.Bytes(), 0); err == nil && w.typ != column.TypeNone {
				v = w
			}
		}
	}
	return key, v
}

// appendKeyValue appends the content of a KeyValue message.
func (v *value) appendKeyValue(dst, key []byte) []byte {
	if len(key) > 0 {
		dst = otlpwire.AppendBytes(dst, otlpwire.KeyValueKey, key)
	}
	dst = otlpwire.AppendHeader(dst, otlpwire.KeyValueValue, v.size())
	return v.appendAny(dst)
}

// appendAny appends the content of an AnyValue message of v.size() bytes.
func (v *value) appendAny(dst []byte) []byte {
	s := v.str
	if v.bytes != nil {
		s = string(v.bytes)
	}
	switch v.typ {
	case column.TypeString:
		return otlpwire.AppendString(dst, otlpwire.AnyValueString, s)
	case column.TypeBool:
		return otlpwire.AppendVarint(dst, otlpwire.AnyValueBool, uint64(v.num))
	case column.TypeInt64:
		return otlpwire.AppendVarint(dst, otlpwire.AnyValueInt, uint64(v.num))
	case column.TypeFloat64:
		return otlpwire.AppendFixed64(dst, otlpwire.AnyValueDouble, uint64(v.num))
	case column.TypeArray:
		return otlpwire.AppendString(dst, otlpwire.AnyValueArray, s)
	case column.TypeMap:
		return otlpwire.AppendString(dst, otlpwire.AnyValueKvlist, s)
	case column.TypeBytes:
		return otlpwire.AppendString(dst, otlpwire.AnyValueBytes, s)
	}
	return dst
}

// size returns the bytes that appendAny appends.
func (v *value) size() int {
	n := max(len(v.str), len(v.bytes))
	switch v.typ {
	case column.TypeNone:
		return 0
	case column.TypeBool, column.TypeInt64:
		return otlpwire.SizeVarint(otlpwire.AnyValueInt, uint64(v.num))
	case column.TypeFloat64:
		return otlpwire.SizeFixed64(otlpwire.AnyValueDouble)
	}
	return otlpwire.SizeBytes(otlpwire.AnyValueString, n)
}
