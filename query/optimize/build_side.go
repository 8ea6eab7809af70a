package optimize

import (
	"slices"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// buildSide makes the side of a join the right one, which is held in memory, that
// most likely has fewer rows. It is the one rule that may change the order of
// rows, which is that of the left side: none was asked for.
func buildSide(n plan.Node) plan.Node {
	return plan.Rewrite(n, func(n plan.Node) plan.Node {
		j, ok := n.(*plan.Join)
		if !ok || j.Kind != plan.InnerJoin || 2*guess(j.Left) >= guess(j.Right) {
			return n
		}
		left, right := len(j.Left.Schema()), len(j.Right.Schema())
		on := plan.Numbered(func(i int) int {
			if i < left {
				return i + right
			}
			return i - left
		}).Exprs(j.On)
		turned := &plan.Join{Left: j.Right, Right: j.Left, Kind: j.Kind, On: on}
		back := &plan.Project{Input: turned}
		for i := range left + right {
			back.Exprs = append(back.Exprs, plan.ColumnOf(turned, (i+right)%(left+right)))
		}
		for _, f := range j.Schema() {
			back.Names = append(back.Names, f.Name)
		}
		return back
	})
}

// guess estimates how many rows n has, from its shape alone: the same query has
// the same plan whatever was sent.
func guess(n plan.Node) float64 {
	in := n.Inputs()
	switch n := n.(type) {
	case *plan.Scan:
		return 1e6
	case *plan.Row:
		return 1
	case *plan.Filter:
		rows := guess(n.Input)
		for _, e := range n.Conds {
			rows *= share(e)
		}
		return rows
	case *plan.Aggregate:
		if len(n.Keys) == 0 {
			return 1
		}
		return guess(n.Input) / 10
	case *plan.Limit:
		if n.Limit >= 0 {
			return min(float64(n.Limit), guess(n.Input))
		}
	case *plan.TopN:
		return min(float64(n.Limit), guess(n.Input))
	case *plan.Union:
		rows := 0.0
		for _, u := range n.List {
			rows += guess(u)
		}
		return rows
	case *plan.Join:
		if n.Kind.Pairs() {
			return max(guess(n.Left), guess(n.Right))
		}
	}
	return guess(in[0])
}

// share estimates what part of the rows meets a condition.
func share(e *plan.Expr) float64 {
	d := e.Comparison
	switch {
	case d == nil && e.IsCol():
		return 0.1 // an error, say
	case d == nil:
		return 0.5
	case slices.ContainsFunc(d.Values, func(v types.Value) bool { return v.Type == types.ID }) && d.Op != column.Ne:
		return 1e-4
	case d.Op == column.Eq:
		return 0.05
	case d.Op == column.In:
		return 0.1
	}
	return 0.3
}
