package fn

import (
	"maps"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// Function is a scalar function: how many arguments it takes (max < 0: any
// number) and how it is bound to their types.
type Function struct {
	min, max int
	bind     func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr
}

// Functions are the scalar functions by name. Filled by init, because the
// functions refer to the binder, which refers to them.
var Functions = map[string]Function{}

func init() {
	for _, m := range []map[string]Function{stringFunctions(), mathFunctions(), timeFunctions(), conditionalFunctions(), jsonFunctions()} {
		maps.Copy(Functions, m)
	}
}

func conditionalFunctions() map[string]Function {
	pick := func(kern func(types.Type) eval.Kernel) func(*Typer, *Call, []*plan.Expr) *plan.Expr {
		return func(_ *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			t := unify(args)
			if t == types.Null {
				return plan.Null()
			}
			return eval.Call(n.Name, t, kern(t), args...).LikeAny(args)
		}
	}
	return map[string]Function{
		"coalesce": {1, -1, pick(coalesceKernel)},
		"greatest": {1, -1, pick(func(t types.Type) eval.Kernel { return extremeKernel(t, 1) })},
		"least":    {1, -1, pick(func(t types.Type) eval.Kernel { return extremeKernel(t, -1) })},
		"if": {3, 3, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			cond := b.Condition(args[0], n.Args[0])
			t := unify(args[1:])
			return eval.Call("if", t, caseKernel(t), cond, args[1], args[2]).LikeAny(args[1:])
		}},
		"nullif": {2, 2, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			x := args[0].Share()
			eq := b.Compare(column.Eq, x, args[1], &Sides{L: n.Args[0], R: n.Args[1], Pos: n.Pos})
			return eval.Call("nullif", x.Type, caseKernel(x.Type), eq, widen(plan.Null(), x.Type), x).LikeAny(args[:1])
		}},
		"typeof": {1, 1, func(_ *Typer, _ *Call, args []*plan.Expr) *plan.Expr {
			return eval.Call("typeof", types.String, func(ev *eval.Evaluator, a []*eval.Vec) *eval.Vec {
				out := eval.NewVec(types.String, ev.Rows)
				for i := range ev.Rows {
					out.Strs[i] = types.Name(a[0].At(i).Type)
				}
				return out
			}, args[0])
		}},
	}
}
