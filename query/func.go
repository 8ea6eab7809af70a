package query

import (
	"maps"

	"github.com/ttlog/ttlog/storage/column"
)

// function is a scalar function: how many arguments it takes (max < 0: any
// number) and how it is bound to their types.
type function struct {
	min, max int
	bind     func(b *typer, n *call, args []*expr) *expr
}

// functions are the scalar functions by name. Filled by init, because the
// functions refer to the binder, which refers to them.
var functions = map[string]function{}

func init() {
	for _, m := range []map[string]function{stringFunctions(), mathFunctions(), timeFunctions(), conditionalFunctions()} {
		maps.Copy(functions, m)
	}
}

func conditionalFunctions() map[string]function {
	pick := func(kern func(Type) kernel) func(*typer, *call, []*expr) *expr {
		return func(_ *typer, n *call, args []*expr) *expr {
			t := unify(args)
			if t == typeNull {
				return nullExpr()
			}
			return callExpr(n.name, t, kern(t), args...).likeAny(args)
		}
	}
	return map[string]function{
		"coalesce": {1, -1, pick(coalesceKernel)},
		"greatest": {1, -1, pick(func(t Type) kernel { return extremeKernel(t, 1) })},
		"least":    {1, -1, pick(func(t Type) kernel { return extremeKernel(t, -1) })},
		"if": {3, 3, func(b *typer, n *call, args []*expr) *expr {
			cond := b.condition(args[0], n.args[0])
			t := unify(args[1:])
			return callExpr("if", t, caseKernel(t), cond, args[1], args[2]).likeAny(args[1:])
		}},
		"nullif": {2, 2, func(b *typer, n *call, args []*expr) *expr {
			x := args[0].share()
			eq := b.compare(column.Eq, x, args[1], &sides{l: n.args[0], r: n.args[1], pos: n.pos})
			return callExpr("nullif", x.typ, caseKernel(x.typ), eq, widen(nullExpr(), x.typ), x).likeAny(args[:1])
		}},
		"typeof": {1, 1, func(_ *typer, _ *call, args []*expr) *expr {
			return callExpr("typeof", typeStr, func(ev *eval, a []*vec) *vec {
				out := newVec(typeStr, ev.n)
				for i := range ev.n {
					out.strs[i] = typeName(a[0].at(i).t)
				}
				return out
			}, args[0])
		}},
	}
}
