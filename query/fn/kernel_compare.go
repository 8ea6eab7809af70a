package fn

import (
	"cmp"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// compareKernel returns the kernel that compares values of the types a and b.
func compareKernel(op column.Op, a, b types.Type) eval.Kernel {
	fa, fb := types.FormOf(a), types.FormOf(b)
	switch {
	case fa == types.FormAny || fb == types.FormAny:
		return compareAny(op)
	case types.IsEnum(a) && op != column.Eq && op != column.Ne:
		return eval.Strict(types.Bool, func(ev *eval.Evaluator, v []*eval.Vec, out *eval.Vec) {
			for i := range ev.Rows {
				out.Ints[i] = types.Bit(types.Holds(op, types.CompareEnum(a, v[0].Strs[v[0].Ix(i)], v[1].Strs[v[1].Ix(i)])))
			}
		})
	case fa == types.FormInt && fb == types.FormInt:
		return eval.Strict(types.Bool, func(_ *eval.Evaluator, v []*eval.Vec, out *eval.Vec) {
			compareSlices(op, v[0].Ints, v[1].Ints, v[0].Same, v[1].Same, out.Ints)
		})
	case fa == types.FormFloat && fb == types.FormFloat:
		return eval.Strict(types.Bool, func(_ *eval.Evaluator, v []*eval.Vec, out *eval.Vec) {
			compareSlices(op, v[0].Floats, v[1].Floats, v[0].Same, v[1].Same, out.Ints)
		})
	case fa == types.FormStr && fb == types.FormStr:
		return eval.Strict(types.Bool, func(_ *eval.Evaluator, v []*eval.Vec, out *eval.Vec) {
			compareSlices(op, v[0].Strs, v[1].Strs, v[0].Same, v[1].Same, out.Ints)
		})
	case fa == types.FormFloat:
		inner := compareKernel(types.Flipped[op], b, a)
		return func(ev *eval.Evaluator, v []*eval.Vec) *eval.Vec { return inner(ev, []*eval.Vec{v[1], v[0]}) }
	}
	return eval.Strict(types.Bool, func(ev *eval.Evaluator, v []*eval.Vec, out *eval.Vec) {
		for i := range ev.Rows {
			f := v[1].Floats[v[1].Ix(i)]
			c := types.CompareIntFloat(v[0].Ints[v[0].Ix(i)], f)
			out.Ints[i] = types.Bit(f == f && types.Holds(op, c) || f != f && op == column.Ne)
		}
	})
}

// compareAny compares values of mixed types. Values that do not compare give
// NULL, and NaN equals nothing.
func compareAny(op column.Op) eval.Kernel {
	return eval.PerRow(types.Bool, func(_ *eval.Evaluator, v []types.Value) types.Value {
		switch {
		case !types.Comparable(v[0].Type, v[1].Type):
			return types.Value{}
		case v[0].IsNaN() || v[1].IsNaN():
			return types.NewBool(op == column.Ne)
		}
		return types.NewBool(types.Holds(op, types.Compare(v[0], v[1])))
	})
}

// compareSlices compares element by element; a side that is the same for all
// rows has one element.
func compareSlices[T cmp.Ordered](op column.Op, a, b []T, aSame, bSame bool, out []int64) {
	switch {
	case bSame && !aSame:
		compareConst(op, a, b[0], out)
	case aSame && !bSame:
		compareConst(types.Flipped[op], b, a[0], out)
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
			out[i] = types.Bit(x == c)
		}
	case column.Ne:
		for i, x := range a {
			out[i] = types.Bit(x != c)
		}
	case column.Lt:
		for i, x := range a {
			out[i] = types.Bit(x < c)
		}
	case column.Le:
		for i, x := range a {
			out[i] = types.Bit(x <= c)
		}
	case column.Gt:
		for i, x := range a {
			out[i] = types.Bit(x > c)
		}
	default:
		for i, x := range a {
			out[i] = types.Bit(x >= c)
		}
	}
}

func compareBoth[T cmp.Ordered](op column.Op, a, b []T, out []int64) {
	a, b = a[:len(out)], b[:len(out)]
	switch op {
	case column.Eq:
		for i, x := range a {
			out[i] = types.Bit(x == b[i])
		}
	case column.Ne:
		for i, x := range a {
			out[i] = types.Bit(x != b[i])
		}
	case column.Lt, column.Ge:
		for i, x := range a {
			out[i] = types.Bit((x < b[i]) == (op == column.Lt) && x == x && b[i] == b[i])
		}
	default:
		for i, x := range a {
			out[i] = types.Bit((x > b[i]) == (op == column.Gt) && x == x && b[i] == b[i])
		}
	}
}

// inKernel tests membership in a set of constants; hasNull says that NULL is
// among them, which turns "not found" into NULL.
func inKernel(set map[types.Value]bool, hasNull, not bool) eval.Kernel {
	return eval.PerRow(types.Bool, func(_ *eval.Evaluator, v []types.Value) types.Value {
		if set[types.InKey(v[0])] && !v[0].IsNaN() {
			return types.NewBool(!not)
		}
		if hasNull {
			return types.Value{}
		}
		return types.NewBool(not)
	})
}
