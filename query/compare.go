package query

import (
	"math"

	"github.com/ttlog/ttlog/storage/column"
)

// opNames are the operators as they are written.
var opNames = map[column.Op]string{
	column.Eq: "=", column.Ne: "!=", column.Lt: "<", column.Le: "<=", column.Gt: ">", column.Ge: ">=", column.In: "IN",
}

// flipped is the operator that means the same with its sides exchanged.
var flipped = map[column.Op]column.Op{
	column.Eq: column.Eq, column.Ne: column.Ne,
	column.Lt: column.Gt, column.Le: column.Ge, column.Gt: column.Lt, column.Ge: column.Le,
}

// holds reports whether a comparison with the result c meets op.
func holds(op column.Op, c int) bool {
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

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// inKey normalises what compares across types, so that 1 is found in (1.0).
func inKey(v value) value {
	if v.t == typeDur {
		v.t = typeInt
	}
	return wholeKey(v)
}

// wholeKey gives equal numbers one form: a float that is a whole number
// becomes an integer.
func wholeKey(v value) value {
	if v.t == typeFloat {
		if f := v.float(); f >= math.MinInt64 && f < math.MaxInt64 && f == math.Trunc(f) {
			return intValue(typeInt, int64(f))
		}
	}
	return v
}
