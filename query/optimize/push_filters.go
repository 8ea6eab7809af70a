package optimize

import (
	"slices"

	"github.com/ttlog/ttlog/query/plan"
)

// pushFilters filters as early as it can be done: below projections, joins,
// unions and grouping. Conditions of a join that are of one side alone are that
// side's.
func pushFilters(n plan.Node) plan.Node { return pushInto(n, nil) }

// pushInto returns n with only those of its rows that meet conds.
func pushInto(n plan.Node, conds []*plan.Expr) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		return pushInto(n.Input, slices.Concat(n.Conds, conds))
	case *plan.Sort:
		return n.WithInputs([]plan.Node{pushInto(n.Input, conds)})
	case *plan.Project:
		below, here := split(conds, func(i int) bool { return n.Exprs[i].IsCol() || n.Exprs[i].IsConst() })
		return filtered(over(n, inPlace(below, n.Exprs)), here)
	case *plan.Aggregate:
		// Without keys there is a group even where there is no row.
		below, here := split(conds, func(i int) bool { return i < len(n.Keys) })
		if len(n.Keys) == 0 {
			below, here = nil, conds
		}
		return filtered(over(n, inPlace(below, n.Keys)), here)
	case *plan.Unnest:
		width := len(n.Input.Schema())
		below, here := split(conds, func(i int) bool { return i < width })
		return filtered(over(n, below), here)
	case *plan.Union:
		list := make([]plan.Node, len(n.List))
		for i, in := range n.List {
			list[i] = pushInto(in, conds)
		}
		return n.WithInputs(list)
	case *plan.Join:
		return pushIntoJoin(n, conds)
	}
	in := n.Inputs()
	if len(in) == 0 {
		return filtered(n, conds)
	}
	list := make([]plan.Node, len(in))
	for i, c := range in {
		list[i] = pushInto(c, nil)
	}
	return filtered(n.WithInputs(list), conds)
}

// pushIntoJoin gives each side the conditions that are its own.
func pushIntoJoin(n *plan.Join, conds []*plan.Expr) plan.Node {
	width := len(n.Left.Schema())
	ofLeft := func(i int) bool { return i < width }
	ofRight := func(i int) bool { return i >= width }
	out := *n
	left, here := split(conds, ofLeft)
	if n.Kind == plan.InnerJoin {
		out.On = slices.Concat(n.On, here)
		here = nil
	}
	var right, own []*plan.Expr
	right, out.On = split(out.On, ofRight)
	if n.Kind == plan.InnerJoin || n.Kind == plan.SemiJoin {
		own, out.On = split(out.On, ofLeft)
		left = slices.Concat(left, own)
	}
	left, right = shared(n, left, right)
	if n.Nulls || n.Single { // a row that does not match counts as well
		right, out.On = nil, n.On
	}
	for i, e := range right {
		right[i] = plan.Shifted(e, -width)
	}
	out.Left, out.Right = pushInto(n.Left, left), pushInto(n.Right, right)
	return filtered(&out, here)
}

// shared adds to each side's conditions those of the other side that are about a
// column that is equal to one of it: a trace id that is asked of spans is asked of
// their logs as well. What a row of the right side without a match does to the
// left one's is up to the kind of the join, so that they get none but for those
// that have to match.
func shared(n *plan.Join, left, right []*plan.Expr) (outLeft, outRight []*plan.Expr) {
	width := len(n.Left.Schema())
	outLeft, outRight = left, right
	for _, e := range n.On {
		if e.Name != "=" || len(e.Args) != 2 || !e.Args[0].IsCol() || !e.Args[1].IsCol() {
			continue
		}
		l, r := e.Args[0], e.Args[1]
		if l.Column > r.Column {
			l, r = r, l
		}
		if l.Column >= width || r.Column < width || l.Type != r.Type {
			continue
		}
		outRight = append(outRight, about(left, l, r)...)
		if n.Kind == plan.InnerJoin || n.Kind == plan.SemiJoin {
			outLeft = append(outLeft, about(right, r, l)...)
		}
	}
	return outLeft, outRight
}

// about returns those of the conditions that compare column x with constants, of
// column y.
func about(conds []*plan.Expr, x, y *plan.Expr) (out []*plan.Expr) {
	for _, e := range conds {
		if e.Comparison != nil && e.Single == x.Column {
			out = append(out, plan.Substitute(func(*plan.Expr) *plan.Expr { return y }).Expr(e))
		}
	}
	return out
}

// over returns n, which has one input, over the rows of that which meet conds.
func over(n plan.Node, conds []*plan.Expr) plan.Node {
	return n.WithInputs([]plan.Node{pushInto(n.Inputs()[0], conds)})
}

// inPlace writes conditions with what the columns stand for.
func inPlace(conds, columns []*plan.Expr) []*plan.Expr {
	return plan.Substitute(func(c *plan.Expr) *plan.Expr { return columns[c.Column] }).Exprs(conds)
}

// split separates the conditions that read columns that fit accepts alone.
func split(conds []*plan.Expr, fit func(int) bool) (those, rest []*plan.Expr) {
	for _, e := range conds {
		list := plan.Columns(e)
		if len(list) > 0 && !slices.ContainsFunc(list, func(i int) bool { return !fit(i) }) {
			those = append(those, e)
		} else {
			rest = append(rest, e)
		}
	}
	return those, rest
}

func filtered(n plan.Node, conds []*plan.Expr) plan.Node {
	if len(conds) == 0 {
		return n
	}
	return &plan.Filter{Input: n, Conds: conds}
}
