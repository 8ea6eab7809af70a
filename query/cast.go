package query

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

// constantValue returns a value as the store gives it.
func constantValue(v column.Value) value {
	switch formOf(v.Type) {
	case formInt:
		return intValue(v.Type, v.Int)
	case formFloat:
		return floatValue(v.Float)
	}
	return strValue(v.Type, v.Str)
}

func castValue(v value, to Type, zone *time.Location) value {
	if to == v.t {
		return v
	}
	v = v.plain()
	switch to {
	case v.t:
		return v
	case typeStr:
		return strValue(typeStr, textIn(v, zone))
	case typeBool:
		return castBool(v)
	case typeInt, typeFloat:
		return castNumber(v, to)
	case typeTime:
		switch v.t {
		case typeInt:
			return intValue(typeTime, v.n)
		case typeStr:
			if ns, err := parseTime(v.s, zone); err == nil {
				return intValue(typeTime, ns)
			}
		}
	case typeDur:
		switch v.t {
		case typeInt:
			return intValue(typeDur, v.n)
		case typeStr:
			if ns, err := parseInterval(v.s); err == nil {
				return intValue(typeDur, ns)
			}
		}
	}
	if isEnum(to) && v.t == typeStr {
		return castEnum(v.s, to)
	}
	return value{}
}

// castEnum reads text as an enumeration, for comparing the two.
func castEnum(s string, to Type) value {
	if to == typeLevel {
		return strValue(to, storedLevel(strings.ToUpper(s)))
	}
	if name, ok := parseEnum(to, s); ok {
		return strValue(to, name)
	}
	return value{}
}

func castBool(v value) value {
	switch v.t {
	case typeInt:
		return boolValue(v.n != 0)
	case typeStr:
		switch strings.ToLower(strings.TrimSpace(v.s)) {
		case "true", "t", "yes", "1":
			return boolValue(true)
		case "false", "f", "no", "0":
			return boolValue(false)
		}
	}
	return value{}
}

func castNumber(v value, to Type) value {
	switch v.t {
	case typeBool, typeInt, typeTime, typeDur:
		if to == typeFloat {
			return floatValue(float64(v.n))
		}
		return intValue(typeInt, v.n)
	case typeFloat:
		if to == typeFloat {
			return v
		}
		return roundToInt(v.float())
	case typeStr:
		s := strings.TrimSpace(v.s)
		if to == typeInt {
			if n, err := strconv.ParseInt(s, 10, 64); err == nil {
				return intValue(typeInt, n)
			}
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			if to == typeInt {
				return roundToInt(f)
			}
			return floatValue(f)
		}
	}
	return value{}
}

// roundToInt rounds half away from zero; what does not fit is NULL.
func roundToInt(f float64) value {
	f = math.Round(f)
	if !(f >= math.MinInt64 && f < math.MaxInt64) {
		return value{}
	}
	return intValue(typeInt, int64(f))
}

// timeFormat is RFC 3339 with all nine digits, so that times sort as text.
const timeFormat = "2006-01-02T15:04:05.000000000Z07:00"

// textOf returns v as a cast to string gives it in UTC.
func textOf(v value) string { return textIn(v, time.UTC) }

// textIn returns v as a cast to string gives it in the zone.
func textIn(v value, zone *time.Location) string {
	switch v.t {
	case typeBool:
		return strconv.FormatBool(v.n != 0)
	case typeInt:
		return strconv.FormatInt(v.n, 10)
	case typeFloat:
		return string(appendFloat(nil, v.float()))
	case typeTime:
		return time.Unix(0, v.n).In(zone).Format(timeFormat)
	case typeDur:
		return time.Duration(v.n).String()
	case typeID:
		return hex.EncodeToString([]byte(v.s))
	case typeBytes:
		return base64.StdEncoding.EncodeToString([]byte(v.s))
	}
	return v.s
}

// convertValue gives v the type want where that keeps its meaning, else NULL.
func convertValue(v value, want Type) value {
	switch {
	case isEnum(v.t) && (want == typeStr || want == typeAny):
		return v.plain()
	case v.t == want || want == typeAny:
		return v
	case want == typeFloat && (v.t == typeInt || v.t == typeDur):
		return floatValue(float64(v.n))
	}
	return value{}
}
