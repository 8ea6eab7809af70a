package query

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
)

// castType is the type that a cast's name stands for.
var castTypeOf = map[string]Type{
	"bool": typeBool, "int": typeInt, "float": typeFloat, "string": typeStr,
	"timestamp": typeTime, "duration": typeDur,
}

// castExpr converts e; a value that cannot be converted becomes NULL.
func castExpr(e *expr, to Type) *expr { return castIn(e, to, time.UTC) }

// cast is castExpr where times may be among the values.
func (b *binder) cast(e *expr, to Type) *expr { return castIn(e, to, b.zoneOf(e)) }

func castIn(e *expr, to Type, zone *time.Location) *expr {
	if e.typ == to {
		return e
	}
	return callExpr("::"+typeName(to), to, perRow(to, func(ev *eval, a []value) value {
		v := castValue(a[0], to, zone)
		ev.spend(len(v.s))
		return v
	}), e)
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
