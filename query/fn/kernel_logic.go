package fn

import (
	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/types"
)

// Three-valued logic: NULL is "unknown". FALSE AND NULL is FALSE, TRUE OR NULL
// is TRUE, every other combination with NULL is NULL.

// andOr returns the kernel of AND (absorbing 0) or OR (absorbing 1).
func andOr(absorbing int64) eval.Kernel {
	return func(ev *eval.Evaluator, a []*eval.Vec) *eval.Vec {
		out := eval.NewVec(types.Bool, ev.Rows)
		l, r := a[0], a[1]
		if l.Null == nil && r.Null == nil && !l.Same && !r.Same {
			for i, x := range l.Ints {
				if absorbing == 0 {
					out.Ints[i] = x & r.Ints[i]
				} else {
					out.Ints[i] = x | r.Ints[i]
				}
			}
			return out
		}
		for i := range ev.Rows {
			ln, rn := l.IsNull(i), r.IsNull(i)
			switch {
			case !ln && l.Ints[l.Ix(i)] == absorbing, !rn && r.Ints[r.Ix(i)] == absorbing:
				out.Ints[i] = absorbing
			case ln || rn:
				out.SetNull(i)
			default:
				out.Ints[i] = 1 - absorbing
			}
		}
		return out
	}
}

var notKernel = eval.Strict(types.Bool, func(ev *eval.Evaluator, a []*eval.Vec, out *eval.Vec) {
	for i := range ev.Rows {
		out.Ints[i] = 1 - a[0].Ints[a[0].Ix(i)]
	}
})

// isNullKernel is IS [NOT] NULL.
func isNullKernel(not bool) eval.Kernel {
	return func(ev *eval.Evaluator, a []*eval.Vec) *eval.Vec {
		out := eval.NewVec(types.Bool, ev.Rows)
		for i := range ev.Rows {
			out.Ints[i] = types.Bit(a[0].IsNull(i) != not)
		}
		return out
	}
}

// isBoolKernel is IS [NOT] TRUE or FALSE, which is never NULL.
func isBoolKernel(want int64, not bool) eval.Kernel {
	return func(ev *eval.Evaluator, a []*eval.Vec) *eval.Vec {
		out := eval.NewVec(types.Bool, ev.Rows)
		for i := range ev.Rows {
			is := !a[0].IsNull(i) && a[0].Ints[a[0].Ix(i)] == want
			out.Ints[i] = types.Bit(is != not)
		}
		return out
	}
}
