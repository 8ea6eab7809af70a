package eval

import (
	"context"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// Kernel computes an expression over ev.n rows from its arguments. It never
// fails: what cannot be computed is NULL.
type Kernel func(ev *Evaluator, a []*Vec) *Vec

// Call builds a computed expression, and computes it at once where all
// its arguments are constants.
func Call(name string, t types.Type, fn Kernel, args ...*plan.Expr) *plan.Expr {
	e := &plan.Expr{Name: name, Type: t, Impl: fn, Args: args, Single: plan.DependsNone}
	for _, a := range args {
		switch {
		case a.Single == plan.DependsNone:
		case e.Single == plan.DependsNone:
			e.Single = a.Single
		case e.Single != a.Single:
			e.Single = plan.DependsMany
		}
	}
	if e.Single != plan.DependsNone {
		return e
	}
	ev := New(context.Background(), NewBudget(1<<20, 0, nil))
	ev.Rows = 1
	vals := make([]*Vec, len(args))
	for i, a := range args {
		vals[i] = constVec(a.Type, a.Value, 1)
	}
	v := fn(ev, vals)
	if ev.Err != nil {
		e.Single = plan.DependsMany // too large to be a constant: computed with the rows
		return e
	}
	return plan.Const(t, v.At(0))
}
