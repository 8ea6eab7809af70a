package sql

import (
	"slices"

	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// A subquery that is a value and uses columns of the query around it is not run again for
// each row: its conditions on those columns are those of a join. An aggregate is grouped by what the
// columns have to be equal to; rows without a group have what it is of no rows.

// correlatedValue binds such a subquery as a relation whose first column is the value.
func (p *planner) correlatedValue(n *subNode, parts *selectParts) *relation {
	group := parts.group
	if parts.structure != nil || len(parts.windows) > 0 || parts.limit >= 0 || parts.offset > 0 || parts.having != nil ||
		group != nil && len(group.Keys) > 0 || len(parts.above) > 0 || n.sub.union != nil || len(parts.sc.outerOn()) > 0 {
		p.Fail(n.pos, "a subquery that is a value and uses columns of the query around it is a SELECT … FROM … WHERE, with an aggregate or without, which uses them in WHERE")
		return nil
	}
	in, to := parts.sc.tree()
	number := plan.Numbered(func(i int) int {
		if i >= firstOuter || to == nil {
			return i
		}
		return to(i)
	})
	r := &relation{hidden: true, expression: true, pos: n.pos, kind: plan.LeftJoin, single: group == nil}
	var own []*plan.Expr
	for _, e := range number.Exprs(parts.where) {
		switch {
		case !usesOuter(e):
			own = append(own, e)
		case linked(e, isOuter):
			r.on = append(r.on, e)
		default:
			p.Fail(n.pos, "a subquery that is a value uses columns of the query around it in conditions with = between the two; use a JOIN")
			return nil
		}
	}
	if len(own) > 0 {
		in = &plan.Filter{Input: in, Conds: own}
	}
	// The sides of the equalities that are the subquery's own.
	keys := make([]*plan.Expr, len(r.on))
	for i, e := range r.on {
		keys[i] = e.Args[ownSide(e)]
	}
	item := parts.out[0]
	if group == nil {
		item = number.Expr(item)
	} else {
		group = number.Aggregate(group)
		group.Input, group.Keys = in, keys
		for _, k := range keys {
			group.Names = append(group.Names, types.Clip(nodeString(n))+k.Name)
		}
		item = plan.Numbered(func(i int) int { return i + len(keys) }).Expr(item)
		in = group
		for i := range keys {
			keys[i] = plan.ColumnOf(group, i)
		}
	}
	if usesOuter(item) {
		p.Fail(n.pos, "a subquery that is a value uses columns of the query around it in WHERE alone")
		return nil
	}
	out := &plan.Project{Input: in}
	for _, e := range append([]*plan.Expr{item}, keys...) {
		out.Exprs, out.Names = append(out.Exprs, e), append(out.Names, "value")
		r.cols = append(r.cols, plan.ScanColumn{Name: "value", Type: e.Type, Loose: e.Loose, Zone: e.Zone})
	}
	for i, e := range r.on {
		eq := *e
		eq.Args = slices.Clone(e.Args)
		eq.Args[ownSide(e)] = plan.ColumnOf(out, 1+i)
		r.on[i] = &eq
	}
	r.sub = out
	return r
}

// ownSide returns which side of an equality has no column of the query around.
func ownSide(e *plan.Expr) int {
	if usesOuter(e.Args[0]) {
		return 1
	}
	return 0
}

// ofNoRows gives a count where there is no group.
func (p *planner) ofNoRows(n *subNode, e *plan.Expr) *plan.Expr {
	c, ok := n.sub.items[0].expr.(*callNode)
	if !ok {
		counts := false
		walkNodes(n.sub.items[0].expr, func(x node) bool {
			c, is := x.(*callNode)
			counts = counts || is && isCount(c)
			return true
		})
		if counts {
			p.Fail(n.pos, "a count in a subquery that uses columns of the query around it stands alone: what is computed of it stands outside")
		}
		return e
	}
	if !isCount(c) {
		return e
	}
	zero := plan.Const(types.Int, types.NewInt(types.Int, 0))
	return p.Function(&fn.Call{Name: "coalesce", Args: []fn.Syntax{n, n}, Pos: n.pos}, []*plan.Expr{e, zero})
}

func isCount(c *callNode) bool {
	return c.over == nil && slices.Contains([]string{"count", "count_if", "approx_count_distinct"}, c.name)
}
