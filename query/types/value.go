package types

import (
	"cmp"
	"math"
	"strings"

	"github.com/ttlog/ttlog/storage/column"
)

// Type is the type of an expression: one of the column types, or Any.
type Type = column.Type

// The types under short names. Any is an expression whose rows may hold
// values of different types, such as an attribute that was recorded as a
// string by one service and as an integer by another.
const (
	Null     = column.TypeNone
	Bool     = column.TypeBool
	Int      = column.TypeInt64
	Float    = column.TypeFloat64
	String   = column.TypeString
	Bytes    = column.TypeBytes
	Array    = column.TypeArray
	Map      = column.TypeMap
	Time     = column.TypeTimestamp
	Duration = column.TypeDuration
	ID       = column.TypeID
	Any      = Type(255)
)

// Name returns the name of a type in results and messages.
func Name(t Type) string {
	switch StoredType(t) {
	case Bool:
		return "bool"
	case Int:
		return "int"
	case Float:
		return "float"
	case String:
		return "string"
	case Bytes:
		return "bytes"
	case Array:
		return "array"
	case Map:
		return "map"
	case Time:
		return "timestamp"
	case Duration:
		return "duration"
	case ID:
		return "id"
	case Any:
		return "any"
	case IntervalType:
		return "interval"
	}
	return "null"
}

// Value is one value of any type. It is comparable: equal values of one type
// are == (floats are held as bits that were normalised by NewFloat).
type Value struct {
	Type Type
	Int  int64 // Bool, Int64, Timestamp, Duration; the bits of a Float64
	Str  string
}

// NewInt returns a value of a type that is held as an integer.
func NewInt(t Type, n int64) Value { return Value{Type: t, Int: n} }

// NewString returns a value of a type that is held as a string.
func NewString(t Type, s string) Value { return Value{Type: t, Str: s} }

// IsNull reports whether v is NULL.
func (v Value) IsNull() bool { return v.Type == Null }

// IsNaN reports whether v is a float that is no number.
func (v Value) IsNaN() bool { return v.Type == Float && v.Float() != v.Float() }

// Float returns the value of a Float.
func (v Value) Float() float64 { return math.Float64frombits(uint64(v.Int)) }

// Owned returns v with a string of its own: one may hold on to a whole dictionary.
func (v Value) Owned() Value { v.Str = strings.Clone(v.Str); return v }

// NewFloat returns a Float.
func NewFloat(f float64) Value { return Value{Type: Float, Int: int64(floatBits(f))} }

// NewBool returns a Bool.
func NewBool(b bool) Value {
	if b {
		return Value{Type: Bool, Int: 1}
	}
	return Value{Type: Bool}
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

// Form tells which slice of a vec holds the values of a type.
type Form uint8

// The forms. Values of no type have none.
const (
	formNone Form = iota
	FormInt
	FormFloat
	FormStr
	FormAny
)

// FormOf returns the form of the values of a type.
func FormOf(t Type) Form {
	switch t {
	case Bool, Int, Time, Duration:
		return FormInt
	case Float:
		return FormFloat
	case String, Bytes, Array, Map, ID:
		return FormStr
	case Any:
		return FormAny
	}
	if IsEnum(t) {
		return FormStr
	}
	return formNone
}

// IsNumeric reports whether values of the type are numbers.
func IsNumeric(t Type) bool { return t == Int || t == Float || t == Duration }

// CompareIntFloat compares without losing bits of either side. NaN sorts
// behind everything, as in compareFloats.
func CompareIntFloat(i int64, f float64) int {
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

// Comparable reports whether values of the two types have an order that means
// something.
func Comparable(a, b Type) bool {
	return a == b || IsNumeric(a) && IsNumeric(b)
}

// Compare orders two values that are not NULL. Values of types that do
// not compare are ordered by type, which ORDER BY uses on mixed columns.
func Compare(a, b Value) int {
	if a.Type == b.Type {
		switch FormOf(a.Type) {
		case FormInt:
			return cmp.Compare(a.Int, b.Int)
		case FormFloat:
			return compareFloats(a.Float(), b.Float())
		}
		if IsEnum(a.Type) {
			return CompareEnum(a.Type, a.Str, b.Str)
		}
		return strings.Compare(a.Str, b.Str)
	}
	if IsNumeric(a.Type) && IsNumeric(b.Type) {
		switch {
		case a.Type == Float:
			return -CompareIntFloat(b.Int, a.Float())
		case b.Type == Float:
			return CompareIntFloat(a.Int, b.Float())
		}
		return cmp.Compare(a.Int, b.Int)
	}
	return cmp.Compare(a.Type, b.Type)
}
