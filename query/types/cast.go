package types

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

// FromStore returns a value as the store gives it.
func FromStore(v column.Value) Value {
	switch FormOf(v.Type) {
	case FormInt:
		return NewInt(v.Type, v.Int)
	case FormFloat:
		return NewFloat(v.Float)
	}
	return NewString(v.Type, v.Str)
}

// Cast converts v; what cannot be converted is NULL. The zone is that of times.
func Cast(v Value, to Type, zone *time.Location) Value {
	if to == v.Type {
		return v
	}
	v = v.plain()
	switch to {
	case v.Type:
		return v
	case String:
		return NewString(String, TextIn(v, zone))
	case Bool:
		return CastBool(v)
	case Int, Float:
		return CastNumber(v, to)
	case Time:
		switch v.Type {
		case Int:
			return NewInt(Time, v.Int)
		case String:
			if ns, err := ParseTime(v.Str, zone); err == nil {
				return NewInt(Time, ns)
			}
		}
	case Duration:
		switch v.Type {
		case Int:
			return NewInt(Duration, v.Int)
		case String:
			if ns, err := ParseInterval(v.Str); err == nil {
				return NewInt(Duration, ns)
			}
		}
	}
	if IsEnum(to) && v.Type == String {
		return castEnum(v.Str, to)
	}
	return Value{}
}

// castEnum reads text as an enumeration, for comparing the two.
func castEnum(s string, to Type) Value {
	if to == Level {
		return NewString(to, StoredLevel(strings.ToUpper(s)))
	}
	if name, ok := ParseEnum(to, s); ok {
		return NewString(to, name)
	}
	return Value{}
}

// CastBool is Cast to Bool.
func CastBool(v Value) Value {
	switch v.Type {
	case Int:
		return NewBool(v.Int != 0)
	case String:
		switch strings.ToLower(strings.TrimSpace(v.Str)) {
		case "true", "t", "yes", "1":
			return NewBool(true)
		case "false", "f", "no", "0":
			return NewBool(false)
		}
	}
	return Value{}
}

// CastNumber is Cast to Int or Float.
func CastNumber(v Value, to Type) Value {
	switch v.Type {
	case Bool, Int, Time, Duration:
		if to == Float {
			return NewFloat(float64(v.Int))
		}
		return NewInt(Int, v.Int)
	case Float:
		if to == Float {
			return v
		}
		return RoundToInt(v.Float())
	case String:
		s := strings.TrimSpace(v.Str)
		if to == Int {
			if n, err := strconv.ParseInt(s, 10, 64); err == nil {
				return NewInt(Int, n)
			}
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			if to == Int {
				return RoundToInt(f)
			}
			return NewFloat(f)
		}
	}
	return Value{}
}

// RoundToInt rounds half away from zero; what does not fit is NULL.
func RoundToInt(f float64) Value {
	f = math.Round(f)
	if !(f >= math.MinInt64 && f < math.MaxInt64) {
		return Value{}
	}
	return NewInt(Int, int64(f))
}

// timeFormat is RFC 3339 with all nine digits, so that times sort as text.
const timeFormat = "2006-01-02T15:04:05.000000000Z07:00"

// Text returns v as a cast to string gives it in UTC.
func Text(v Value) string { return TextIn(v, time.UTC) }

// TextIn returns v as a cast to string gives it in the zone.
func TextIn(v Value, zone *time.Location) string {
	switch v.Type {
	case Bool:
		return strconv.FormatBool(v.Int != 0)
	case Int:
		return strconv.FormatInt(v.Int, 10)
	case Float:
		return string(appendFloat(nil, v.Float()))
	case Time:
		return time.Unix(0, v.Int).In(zone).Format(timeFormat)
	case Duration:
		return time.Duration(v.Int).String()
	case ID:
		return hex.EncodeToString([]byte(v.Str))
	case Bytes:
		return base64.StdEncoding.EncodeToString([]byte(v.Str))
	}
	return v.Str
}

// Convert gives v the type want where that keeps its meaning, else NULL.
func Convert(v Value, want Type) Value {
	switch {
	case IsEnum(v.Type) && (want == String || want == Any):
		return v.plain()
	case v.Type == want || want == Any:
		return v
	case want == Float && (v.Type == Int || v.Type == Duration):
		return NewFloat(float64(v.Int))
	}
	return Value{}
}
