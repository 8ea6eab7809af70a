package types

import (
	"math"

	"github.com/ttlog/ttlog/storage/column"
)

// OpNames are the operators as they are written.
var OpNames = map[column.Op]string{
	column.Eq: "=", column.Ne: "!=", column.Lt: "<", column.Le: "<=", column.Gt: ">", column.Ge: ">=", column.In: "IN",
	column.Holds: "holds", column.HoldsFold: "holds in any case",
}

// Flipped is the operator that means the same with its sides exchanged.
var Flipped = map[column.Op]column.Op{
	column.Eq: column.Eq, column.Ne: column.Ne,
	column.Lt: column.Gt, column.Le: column.Ge, column.Gt: column.Lt, column.Ge: column.Le,
}

// Holds reports whether a comparison with the result c meets op.
func Holds(op column.Op, c int) bool {
	switch op {
	case column.Eq:
		return c == 0
	case column.Ne:
		return c != 0
	case column.Lt:
		return c < 0
	case column.Le:
		return c <= 0
	case column.Gt:
		return c > 0
	}
	return c >= 0
}

// Bit is 1 for true and 0 for false.
func Bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// InKey normalises what compares across types, so that 1 is found in (1.0).
func InKey(v Value) Value {
	if v.Type == Duration {
		v.Type = Int
	}
	return WholeKey(v)
}

// WholeKey gives equal numbers one form: a float that is a whole number
// becomes an integer.
func WholeKey(v Value) Value {
	if v.Type == Float {
		if f := v.Float(); f >= math.MinInt64 && f < math.MaxInt64 && f == math.Trunc(f) {
			return NewInt(Int, int64(f))
		}
	}
	return v
}
