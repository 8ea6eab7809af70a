package fn

import (
	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
)

// Alike gives expressions whose values stand in one column one type.
func (b *Typer) Alike(list []*plan.Expr) []*plan.Expr {
	t := unify(list)
	out := make([]*plan.Expr, len(list))
	for i, e := range list {
		if out[i] = e; e.Type != t {
			out[i] = eval.Call("coalesce", t, coalesceKernel(t), e)
		}
		c := *out[i]
		out[i] = c.LikeAny(list)
	}
	return out
}
