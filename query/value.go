package query

import (
	"cmp"
	"math"
	"strings"

	"github.com/ttlog/ttlog/storage/column"
)

// Type is the type of an expression: one of the column types, or typeAny.
type Type = column.Type

// The types under short names. typeAny is an expression whose rows may hold
// values of different types, such as an attribute that was recorded as a
// string by one service and as an integer by another.
const (
	typeNull  = column.TypeNone
	typeBool  = column.TypeBool
	typeInt   = column.TypeInt64
	typeFloat = column.TypeFloat64
	typeStr   = column.TypeString
	typeBytes = column.TypeBytes
	typeArray = column.TypeArray
	typeMap   = column.TypeMap
	typeTime  = column.TypeTimestamp
	typeDur   = column.TypeDuration
	typeID    = column.TypeID
	typeAny   = Type(255)
)

// typeName returns the name of a type in results and messages.
func typeName(t Type) string {
	switch storedType(t) {
	case typeBool:
		return "bool"
	case typeInt:
		return "int"
	case typeFloat:
		return "float"
	case typeStr:
		return "string"
	case typeBytes:
		return "bytes"
	case typeArray:
		return "array"
	case typeMap:
		return "map"
	case typeTime:
		return "timestamp"
	case typeDur:
		return "duration"
	case typeID:
		return "id"
	case typeAny:
		return "any"
	case typeInterval:
		return "interval"
	}
	return "null"
}

// value is one value of any type. It is comparable: equal values of one type
// are == (floats are held as bits that were normalised by floatValue).
type value struct {
	t Type
	n int64 // Bool, Int64, Timestamp, Duration; the bits of a Float64
	s string
}

func intValue(t Type, n int64) value  { return value{t: t, n: n} }
func strValue(t Type, s string) value { return value{t: t, s: s} }
func (v value) isNull() bool          { return v.t == typeNull }
func (v value) isNaN() bool           { return v.t == typeFloat && v.float() != v.float() }
func (v value) float() float64        { return math.Float64frombits(uint64(v.n)) }
func (v value) owned() value          { v.s = strings.Clone(v.s); return v }
func floatValue(f float64) value      { return value{t: typeFloat, n: int64(floatBits(f))} }
func boolValue(b bool) value {
	if b {
		return value{t: typeBool, n: 1}
	}
	return value{t: typeBool}
}

// floatBits returns the bits of f with one zero and one NaN, so that equal
// floats have equal bits.
func floatBits(f float64) uint64 {
	if f == 0 {
		return 0
	}
	if f != f {
		return math.Float64bits(math.NaN())
	}
	return math.Float64bits(f)
}

// form tells which slice of a vec holds the values of a type.
type form uint8

const (
	formNone form = iota
	formInt
	formFloat
	formStr
	formAny
)

func formOf(t Type) form {
	switch t {
	case typeBool, typeInt, typeTime, typeDur:
		return formInt
	case typeFloat:
		return formFloat
	case typeStr, typeBytes, typeArray, typeMap, typeID:
		return formStr
	case typeAny:
		return formAny
	}
	if isEnum(t) {
		return formStr
	}
	return formNone
}

func isNumeric(t Type) bool { return t == typeInt || t == typeFloat || t == typeDur }

// compareIntFloat compares without losing bits of either side. NaN sorts
// behind everything, as in compareFloats.
func compareIntFloat(i int64, f float64) int {
	switch {
	case f != f:
		return -1
	case f >= math.MaxInt64:
		return -1
	case f < math.MinInt64:
		return 1
	}
	whole := int64(f)
	if c := cmp.Compare(i, whole); c != 0 {
		return c
	}
	return cmp.Compare(0, f-float64(whole))
}

// compareFloats orders floats with NaN behind everything else.
func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case a != a && b != b:
		return 0
	case a != a:
		return 1
	}
	return -1
}

// comparable reports whether values of the two types have an order that means
// something.
func comparableTypes(a, b Type) bool {
	return a == b || isNumeric(a) && isNumeric(b)
}

// compareValues orders two values that are not NULL. Values of types that do
// not compare are ordered by type, which ORDER BY uses on mixed columns.
func compareValues(a, b value) int {
	if a.t == b.t {
		switch formOf(a.t) {
		case formInt:
			return cmp.Compare(a.n, b.n)
		case formFloat:
			return compareFloats(a.float(), b.float())
		}
		if isEnum(a.t) {
			return compareEnum(a.t, a.s, b.s)
		}
		return strings.Compare(a.s, b.s)
	}
	if isNumeric(a.t) && isNumeric(b.t) {
		switch {
		case a.t == typeFloat:
			return -compareIntFloat(b.n, a.float())
		case b.t == typeFloat:
			return compareIntFloat(a.n, b.float())
		}
		return cmp.Compare(a.n, b.n)
	}
	return cmp.Compare(a.t, b.t)
}
