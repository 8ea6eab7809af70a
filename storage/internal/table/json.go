package table

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// text returns the string or bytes of a value.
func (v *value) text() string {
	if v.bytes != nil {
		return string(v.bytes)
	}
	return v.str
}

// raw returns the same as bytes, which must not be changed.
func (v *value) raw() []byte {
	if v.bytes != nil {
		return v.bytes
	}
	return []byte(v.str)
}

// json returns the value as JSON text.
func (v *value) json() string { return string(v.appendJSON(nil)) }

// appendJSON appends the value as JSON: bytes as base64, floats that JSON does
// not know as strings, no value as null.
func (v *value) appendJSON(dst []byte) []byte {
	switch v.typ {
	case column.TypeBool:
		return strconv.AppendBool(dst, v.num != 0)
	case column.TypeInt64:
		return strconv.AppendInt(dst, v.num, 10)
	case column.TypeFloat64:
		return appendJSONFloat(dst, v.float())
	case column.TypeString:
		return appendJSONString(dst, v.text())
	case column.TypeBytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v.raw())
		return append(dst, '"')
	case column.TypeArray:
		return appendJSONArray(dst, v.raw())
	case column.TypeMap:
		return appendJSONMap(dst, v.raw(), otlpwire.KeyValueListValues)
	}
	return append(dst, "null"...)
}

func appendJSONFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

func appendJSONArray(dst, msg []byte) []byte {
	dst = append(dst, '[')
	first := true
	for f := otlpwire.Scan(msg); f.Next(); {
		if f.Num != otlpwire.ArrayValueValues {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		v, err := parseValue(f.Bytes(), 0)
		if err != nil {
			v = value{}
		}
		dst = v.appendJSON(dst)
	}
	return append(dst, ']')
}

// appendJSONMap appends the KeyValue messages in field num of msg as an object.
func appendJSONMap(dst, msg []byte, num protowire.Number) []byte {
	dst = append(dst, '{')
	first := true
	for f := otlpwire.Scan(msg); f.Next(); {
		if f.Num != num {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		key, v := splitKeyValue(f.Bytes())
		dst = appendJSONString(dst, string(key))
		dst = append(dst, ':')
		dst = v.appendJSON(dst)
	}
	return append(dst, '}')
}

const hexDigits = "0123456789abcdef"

// appendJSONString appends s quoted. Bytes that are not UTF-8 become U+FFFD.
func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c == '\n':
			dst = append(dst, '\\', 'n')
			i++
		case c == '\t':
			dst = append(dst, '\\', 't')
			i++
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		}
	}
	return append(dst, '"')
}

// object builds a JSON object field by field; fields with a zero value are left out.
type object struct {
	dst   []byte
	empty bool
}

func openObject(dst []byte) object { return object{append(dst, '{'), true} }

func (o *object) key(name string) {
	if !o.empty {
		o.dst = append(o.dst, ',')
	}
	o.empty = false
	o.dst = append(append(append(o.dst, '"'), name...), '"', ':')
}

func (o *object) close() []byte { return append(o.dst, '}') }

func (o *object) time(name string, nanos int64) {
	o.key(name)
	o.dst = append(o.dst, '"')
	o.dst = time.Unix(0, nanos).UTC().AppendFormat(o.dst, time.RFC3339Nano)
	o.dst = append(o.dst, '"')
}

func (o *object) text(name, s string) {
	if s != "" {
		o.key(name)
		o.dst = appendJSONString(o.dst, s)
	}
}

func (o *object) hex(name, s string) {
	if s != "" {
		o.key(name)
		o.dst = append(o.dst, '"')
		o.dst = hex.AppendEncode(o.dst, []byte(s))
		o.dst = append(o.dst, '"')
	}
}

func (o *object) spanID(name string, id int64) {
	if id != 0 {
		o.hex(name, spanIDString(id))
	}
}

func (o *object) int(name string, v int64) {
	if v != 0 {
		o.key(name)
		o.dst = strconv.AppendInt(o.dst, v, 10)
	}
}

func (o *object) float(name string, v float64) {
	o.key(name)
	o.dst = appendJSONFloat(o.dst, v)
}

// attrs appends the attributes of row i of a set as an object.
func (o *object) attrs(w *attrWriter, i int) {
	shape := w.set.ShapeAt(i)
	if len(shape) == 0 {
		return
	}
	o.key("attributes")
	o.dst = append(o.dst, '{')
	first := true
	for j := range shape {
		if w.lost(i, j) {
			continue
		}
		if !first {
			o.dst = append(o.dst, ',')
		}
		first = false
		key, v := w.attr(i, j)
		o.dst = appendJSONString(o.dst, key)
		o.dst = append(o.dst, ':')
		o.dst = v.appendJSON(o.dst)
	}
	o.dst = append(o.dst, '}')
}

func appendUint(dst []byte, v uint64) []byte { return strconv.AppendUint(dst, v, 10) }

func appendInt(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }
