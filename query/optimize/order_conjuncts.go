package optimize

import (
	"slices"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// orderConjuncts puts first what is cheap to find out and may spare decoding the
// columns of the rest: comparisons of strings, which are looked up once a
// distinct value, then other comparisons, then everything else.
func orderConjuncts(n plan.Node) plan.Node {
	return plan.Rewrite(n, func(n plan.Node) plan.Node {
		f, ok := n.(*plan.Filter)
		if !ok || len(f.Conds) < 2 {
			return n
		}
		columns := f.Schema()
		rank := func(e *plan.Expr) int {
			switch {
			case e.Single < 0:
				return 3
			case e.Comparison == nil && !e.IsCol():
				return 2
			case types.FormOf(columns[e.Single].Type) != types.FormStr:
				return 1
			}
			return 0
		}
		sorted := slices.Clone(f.Conds)
		slices.SortStableFunc(sorted, func(a, b *plan.Expr) int { return rank(a) - rank(b) })
		return &plan.Filter{Input: f.Input, Conds: sorted}
	})
}
