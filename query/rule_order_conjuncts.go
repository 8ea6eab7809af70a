package query

import "slices"

// orderConjuncts puts first what is cheap to find out and may spare decoding the
// columns of the rest: comparisons of strings, which are looked up once a
// distinct value, then other comparisons, then everything else.
func orderConjuncts(n planNode) planNode {
	return rewrite(n, func(n planNode) planNode {
		f, ok := n.(*filterNode)
		if !ok || len(f.conds) < 2 {
			return n
		}
		columns := f.schema()
		rank := func(e *expr) int {
			switch {
			case e.single < 0:
				return 3
			case e.push == nil && !e.isCol():
				return 2
			case formOf(columns[e.single].typ) != formStr:
				return 1
			}
			return 0
		}
		sorted := slices.Clone(f.conds)
		slices.SortStableFunc(sorted, func(a, b *expr) int { return rank(a) - rank(b) })
		return &filterNode{in: f.in, conds: sorted}
	})
}
