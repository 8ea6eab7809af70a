package otlpjson

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// want says in words what a field takes.
func (f *field) want() string {
	switch f.kind {
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.EnumKind:
		return "the name or number of an enum value"
	case protoreflect.DoubleKind:
		return "a number"
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return "a whole number of 32 bits from 0"
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return "a whole number of 64 bits from 0"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind:
		return "a whole number of 32 bits"
	case protoreflect.BytesKind:
		if f.id {
			return "a string of hexadecimal digits"
		}
		return "a string of base64"
	}
	return "a whole number of 64 bits"
}

// number returns a number, bool or enum as it stands on the wire.
func (f *field) number(v jsontext.Value) (uint64, bool) {
	switch f.kind {
	case protoreflect.BoolKind:
		return protowire.EncodeBool(v.Kind() == 't'), v.Kind() == 't' || v.Kind() == 'f'
	case protoreflect.EnumKind:
		if v.Kind() == '"' {
			n := f.enum[string(unquoted(v))] // an unknown name is as good as none
			return uint64(int64(n)), true
		}
		return signed(v, 32)
	}
	if v.Kind() == '"' {
		inner := unquoted(v)
		if f.kind == protoreflect.DoubleKind {
			switch string(inner) {
			case "NaN":
				return math.Float64bits(math.NaN()), true
			case "Infinity":
				return math.Float64bits(math.Inf(1)), true
			case "-Infinity":
				return math.Float64bits(math.Inf(-1)), true
			}
		}
		v = jsontext.Value(inner)
		if len(inner) == 0 || inner[len(inner)-1] <= ' ' || inner[0] <= ' ' || v.Kind() != '0' || !v.IsValid() {
			return 0, false
		}
	}
	if v.Kind() != '0' {
		return 0, false
	}
	switch f.kind {
	case protoreflect.DoubleKind:
		x, err := strconv.ParseFloat(string(v), 64)
		return math.Float64bits(x), err == nil
	case protoreflect.Int32Kind:
		return signed(v, 32)
	case protoreflect.Sint32Kind:
		n, ok := signed(v, 32)
		return protowire.EncodeZigZag(int64(n)), ok
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		n, negative, ok := integer(v)
		return n, ok && !negative && n <= math.MaxUint32
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		n, negative, ok := integer(v)
		return n, ok && !negative
	}
	return signed(v, 64)
}

// unquoted returns the content of a JSON string.
func unquoted(v jsontext.Value) []byte {
	inner := []byte(v[1 : len(v)-1])
	if bytes.IndexByte(inner, '\\') >= 0 {
		inner, _ = jsontext.AppendUnquote(nil, v) // of what is no Unicode, nothing is made
	}
	return inner
}

// signed returns a whole number in the bits of an int64.
func signed(v jsontext.Value, bits int) (uint64, bool) {
	n, negative, ok := integer(v)
	limit := uint64(1) << (bits - 1)
	if negative {
		return -n, ok && n <= limit
	}
	return n, ok && n < limit
}

// integer returns the value of a JSON number in any of its forms, such as
// 1.0, 1e3 or 1200e-2, if it is a whole one.
func integer(v jsontext.Value) (n uint64, negative, ok bool) {
	if v.Kind() != '0' {
		return 0, false, false
	}
	text, negative := strings.CutPrefix(string(v), "-")
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, negative && n != 0, true
	}
	mantissa, exponent := text, "0"
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return 0, false, true
	}
	significant := strings.TrimRight(digits, "0")
	zeros, err := strconv.Atoi(exponent)
	if err != nil || zeros > math.MaxInt32 || zeros < math.MinInt32 {
		return 0, false, false // digits cannot make up for it
	}
	zeros += len(digits) - len(significant) - len(fraction)
	const widest = 20 // digits of a uint64
	if zeros < 0 || len(significant)+zeros > widest {
		return 0, false, false
	}
	n, err = strconv.ParseUint(significant+strings.Repeat("0", zeros), 10, 64)
	return n, negative, err == nil
}

// decode returns the bytes that a string stands for.
func (f *field) decode(s []byte) ([]byte, error) {
	if f.id {
		return hex.AppendDecode(nil, s)
	}
	e := base64.StdEncoding
	if bytes.ContainsAny(s, "-_") {
		e = base64.URLEncoding
	}
	if len(s)%4 != 0 {
		e = e.WithPadding(base64.NoPadding)
	}
	return e.AppendDecode(nil, s)
}
