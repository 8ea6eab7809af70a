package fn

import (
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// caseKernel picks, for each row, the value behind the first condition that
// is true: the arguments are condition, value, condition, value, …, else.
func caseKernel(t types.Type) eval.Kernel {
	return func(ev *eval.Evaluator, a []*eval.Vec) *eval.Vec {
		out := eval.NewVec(t, ev.Rows)
		for i := range ev.Rows {
			v := a[len(a)-1]
			for j := 0; j+1 < len(a); j += 2 {
				if !a[j].IsNull(i) && a[j].Ints[a[j].Ix(i)] != 0 {
					v = a[j+1]
					break
				}
			}
			out.Set(i, v.At(i))
		}
		return out
	}
}

// coalesceKernel picks the first argument that is not NULL.
func coalesceKernel(t types.Type) eval.Kernel {
	return func(ev *eval.Evaluator, a []*eval.Vec) *eval.Vec {
		out := eval.NewVec(t, ev.Rows)
	rows:
		for i := range ev.Rows {
			for _, v := range a {
				if !v.IsNull(i) {
					out.Set(i, v.At(i))
					continue rows
				}
			}
			out.SetNull(i)
		}
		return out
	}
}

// extremeKernel is greatest (sign 1) and least (sign -1); NULLs are left out.
func extremeKernel(t types.Type, sign int) eval.Kernel {
	return func(ev *eval.Evaluator, a []*eval.Vec) *eval.Vec {
		out := eval.NewVec(t, ev.Rows)
		for i := range ev.Rows {
			var best types.Value
			for _, v := range a {
				x := v.At(i)
				if !x.IsNull() && (best.IsNull() || sign*types.Compare(x, best) > 0) {
					best = x
				}
			}
			out.Set(i, best)
		}
		return out
	}
}

// commonType returns the type that holds the values of both.
func commonType(a, b types.Type) types.Type {
	switch {
	case a == b || b == types.Null:
		return a
	case a == types.Null:
		return b
	case (a == types.Int || a == types.Float) && (b == types.Int || b == types.Float):
		return types.Float
	case types.StoredType(a) == types.StoredType(b):
		return types.String // two enumerations, or one and text
	}
	return types.Any
}

// unify gives all expressions their common type.
func unify(list []*plan.Expr) types.Type {
	loose := slices.ContainsFunc(list, func(e *plan.Expr) bool { return e.Loose })
	if !loose {
		asEnums(list)
	}
	t := types.Null
	for _, e := range list {
		t = commonType(t, e.Type)
	}
	switch {
	case !loose:
	case types.IsEnum(t):
		t = types.String
	case t == types.Time || t == types.Duration || t == types.ID:
		// What one of them may turn out to be must not decide whether the
		// others are still times, or in which order they come.
		t = types.Any
	}
	for i, e := range list {
		list[i] = widen(e, t)
	}
	return t
}

// asEnums makes constants beside an enumeration values of it, where all of
// them name one: if(c, level, 'INFO') is a level, if(c, level, 'none') text.
func asEnums(list []*plan.Expr) {
	i := slices.IndexFunc(list, func(e *plan.Expr) bool { return types.IsEnum(e.Type) })
	if i < 0 {
		return
	}
	t := list[i].Type
	out := slices.Clone(list)
	for j, e := range out {
		if e.Type != types.String || !e.IsConst() {
			continue
		}
		name, ok := types.ParseEnum(t, e.Value.Str)
		if !ok {
			return
		}
		out[j] = plan.Const(t, types.NewString(t, name))
	}
	copy(list, out)
}

// widen gives e the wider type t.
func widen(e *plan.Expr, t types.Type) *plan.Expr {
	if e.Type == t || t == types.Null {
		return e
	}
	if e.IsConst() {
		return plan.Const(t, types.Convert(e.Value, t))
	}
	return eval.Call("::"+types.Name(t), t, func(ev *eval.Evaluator, a []*eval.Vec) *eval.Vec {
		out := eval.NewVec(t, ev.Rows)
		for i := range ev.Rows {
			out.Set(i, types.Convert(a[0].At(i), t))
		}
		return out
	}, e).LikeAny([]*plan.Expr{e})
}
