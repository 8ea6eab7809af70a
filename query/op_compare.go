package query

import (
	"cmp"

	"github.com/ttlog/ttlog/storage/column"
)

// compareKernel returns the kernel that compares values of the types a and b.
func compareKernel(op column.Op, a, b Type) kernel {
	fa, fb := formOf(a), formOf(b)
	switch {
	case fa == formAny || fb == formAny:
		return compareAny(op)
	case isEnum(a) && op != column.Eq && op != column.Ne:
		return strict(typeBool, func(ev *eval, v []*vec, out *vec) {
			for i := range ev.n {
				out.ints[i] = bit(holds(op, compareEnum(a, v[0].strs[v[0].ix(i)], v[1].strs[v[1].ix(i)])))
			}
		})
	case fa == formInt && fb == formInt:
		return strict(typeBool, func(_ *eval, v []*vec, out *vec) {
			compareSlices(op, v[0].ints, v[1].ints, v[0].same, v[1].same, out.ints)
		})
	case fa == formFloat && fb == formFloat:
		return strict(typeBool, func(_ *eval, v []*vec, out *vec) {
			compareSlices(op, v[0].floats, v[1].floats, v[0].same, v[1].same, out.ints)
		})
	case fa == formStr && fb == formStr:
		return strict(typeBool, func(_ *eval, v []*vec, out *vec) {
			compareSlices(op, v[0].strs, v[1].strs, v[0].same, v[1].same, out.ints)
		})
	case fa == formFloat:
		inner := compareKernel(flipped[op], b, a)
		return func(ev *eval, v []*vec) *vec { return inner(ev, []*vec{v[1], v[0]}) }
	}
	return strict(typeBool, func(ev *eval, v []*vec, out *vec) {
		for i := range ev.n {
			f := v[1].floats[v[1].ix(i)]
			c := compareIntFloat(v[0].ints[v[0].ix(i)], f)
			out.ints[i] = bit(f == f && holds(op, c) || f != f && op == column.Ne)
		}
	})
}

// compareAny compares values of mixed types. Values that do not compare give
// NULL, and NaN equals nothing.
func compareAny(op column.Op) kernel {
	return perRow(typeBool, func(_ *eval, v []value) value {
		switch {
		case !comparableTypes(v[0].t, v[1].t):
			return value{}
		case v[0].isNaN() || v[1].isNaN():
			return boolValue(op == column.Ne)
		}
		return boolValue(holds(op, compareValues(v[0], v[1])))
	})
}

// compareSlices compares element by element; a side that is the same for all
// rows has one element.
func compareSlices[T cmp.Ordered](op column.Op, a, b []T, aSame, bSame bool, out []int64) {
	switch {
	case bSame && !aSame:
		compareConst(op, a, b[0], out)
	case aSame && !bSame:
		compareConst(flipped[op], b, a[0], out)
	case aSame && bSame:
		compareConst(op, a[:1], b[0], out[:1])
		for i := range out {
			out[i] = out[0]
		}
	default:
		compareBoth(op, a, b, out)
	}
}

func compareConst[T cmp.Ordered](op column.Op, a []T, c T, out []int64) {
	a = a[:len(out)]
	switch op {
	case column.Eq:
		for i, x := range a {
			out[i] = bit(x == c)
		}
	case column.Ne:
		for i, x := range a {
			out[i] = bit(x != c)
		}
	case column.Lt:
		for i, x := range a {
			out[i] = bit(x < c)
		}
	case column.Le:
		for i, x := range a {
			out[i] = bit(x <= c)
		}
	case column.Gt:
		for i, x := range a {
			out[i] = bit(x > c)
		}
	default:
		for i, x := range a {
			out[i] = bit(x >= c)
		}
	}
}

func compareBoth[T cmp.Ordered](op column.Op, a, b []T, out []int64) {
	a, b = a[:len(out)], b[:len(out)]
	switch op {
	case column.Eq:
		for i, x := range a {
			out[i] = bit(x == b[i])
		}
	case column.Ne:
		for i, x := range a {
			out[i] = bit(x != b[i])
		}
	case column.Lt, column.Ge:
		for i, x := range a {
			out[i] = bit((x < b[i]) == (op == column.Lt) && x == x && b[i] == b[i])
		}
	default:
		for i, x := range a {
			out[i] = bit((x > b[i]) == (op == column.Gt) && x == x && b[i] == b[i])
		}
	}
}

// inKernel tests membership in a set of constants; hasNull says that NULL is
// among them, which turns "not found" into NULL.
func inKernel(set map[value]bool, hasNull, not bool) kernel {
	return perRow(typeBool, func(_ *eval, v []value) value {
		if set[inKey(v[0])] && !v[0].isNaN() {
			return boolValue(!not)
		}
		if hasNull {
			return value{}
		}
		return boolValue(not)
	})
}
