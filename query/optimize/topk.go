package optimize

import "github.com/ttlog/ttlog/query/plan"

// topK makes a limit over a sort one operator, which keeps no more rows than are
// asked for. What is computed from the rows is computed for those that are kept.
func topK(n plan.Node) plan.Node {
	return plan.Rewrite(n, func(n plan.Node) plan.Node {
		l, ok := n.(*plan.Limit)
		if !ok || l.Limit < 0 {
			return n
		}
		if top := topOf(l.Input, l); top != nil {
			return top
		}
		return n
	})
}

// topOf returns n, which is a sort or projections of one, cut by l.
func topOf(n plan.Node, l *plan.Limit) plan.Node {
	switch n := n.(type) {
	case *plan.Sort:
		return &plan.TopN{Input: n.Input, Keys: n.Keys, Limit: l.Limit, Offset: l.Offset}
	case *plan.Project:
		if in := topOf(n.Input, l); in != nil {
			return n.WithInputs([]plan.Node{in})
		}
	}
	return nil
}
