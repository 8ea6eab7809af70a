package types

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// GoValue returns v as [Result] documents it, owning its memory.
func GoValue(v Value, zone *time.Location) any {
	switch StoredType(v.Type) {
	case Bool:
		return v.Int != 0
	case Int:
		return v.Int
	case Float:
		return v.Float()
	case String:
		return strings.Clone(v.Str)
	case Bytes:
		return []byte(v.Str)
	case Array, Map:
		return json.RawMessage(v.Str)
	case Time:
		return time.Unix(0, v.Int).In(zone)
	case Duration:
		return time.Duration(v.Int)
	case ID:
		return hex.EncodeToString([]byte(v.Str))
	}
	return nil
}

// AppendJSON appends a value of a [Result] as JSON: timestamps as RFC 3339
// strings with nine digits, in the zone that they have, durations as integers of nanoseconds, bytes as
// base64, infinities and NaN as the strings "Infinity", "-Infinity" and
// "NaN", integers as numbers with all their digits.
func AppendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return appendFloatJSON(dst, v)
	case string:
		return AppendStringJSON(dst, v)
	case []byte:
		return AppendValueJSON(dst, NewString(Bytes, string(v)), nil)
	case json.RawMessage:
		return appendRawJSON(dst, string(v))
	case time.Time:
		dst = append(dst, '"')
		dst = v.AppendFormat(dst, timeFormat)
		return append(dst, '"')
	case time.Duration:
		return strconv.AppendInt(dst, int64(v), 10)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return append(dst, "null"...)
	}
	return append(dst, raw...)
}

// AppendText appends a value of a [Result] as plain text, for tables and CSV:
// as AppendJSON without quotes, NULL as nothing.
func AppendText(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return dst
	case string:
		return append(dst, v...)
	case float64:
		return appendFloat(dst, v)
	case json.RawMessage:
		return append(dst, v...)
	case time.Time:
		return v.AppendFormat(dst, timeFormat)
	case []byte:
		return append(dst, Text(NewString(Bytes, string(v)))...)
	}
	return AppendJSON(dst, v)
}

// AppendValueJSON appends v as AppendJSON does, times as those of the zone.
func AppendValueJSON(dst []byte, v Value, zone *time.Location) []byte {
	switch StoredType(v.Type) {
	case Bool:
		return strconv.AppendBool(dst, v.Int != 0)
	case Int, Duration:
		return strconv.AppendInt(dst, v.Int, 10)
	case Float:
		return appendFloatJSON(dst, v.Float())
	case String:
		return AppendStringJSON(dst, v.Str)
	case Array, Map:
		return appendRawJSON(dst, v.Str)
	case Bytes, Time, ID:
		dst = append(dst, '"')
		dst = append(dst, TextIn(v, zone)...)
		return append(dst, '"')
	}
	return append(dst, "null"...)
}

// appendFloatJSON appends a float as JSON, which has no numbers for NaN and
// the infinities.
func appendFloatJSON(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(appendFloat(append(dst, '"'), f), '"')
	}
	return appendFloat(dst, f)
}

// appendFloat appends a float as all forms of a result and a cast to text have
// it, and a cast from text reads it.
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// appendRawJSON appends text that ought to be JSON; what is not becomes a
// string.
func appendRawJSON(dst []byte, s string) []byte {
	if json.Valid([]byte(s)) {
		return append(dst, s...)
	}
	return AppendStringJSON(dst, s)
}

const hexDigits = "0123456789abcdef"

// AppendStringJSON appends s in quotes; bytes that are not UTF-8 become
// U+FFFD.
func AppendStringJSON(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
