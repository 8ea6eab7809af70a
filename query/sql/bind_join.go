package sql

import (
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// usingSides binds the columns behind USING in the relations before.
func (p *planner) usingSides(t *tableRef) (sides []*plan.Expr) {
	for _, u := range t.using {
		sides = append(sides, p.expr(&identNode{name: u.name, pos: u.pos}))
	}
	return sides
}

// using joins a relation with those before it where the columns behind USING are
// equal.
func (p *planner) using(r *relation, t *tableRef, sides []*plan.Expr) {
	for i, u := range t.using {
		if p.Err != nil {
			return
		}
		if r.alias == "" {
			p.Fail(t.pos, "a subquery that USING joins needs an alias")
			return
		}
		own := &identNode{qual: r.alias, name: u.name, pos: u.pos}
		left := &identNode{name: u.name, pos: u.pos}
		eq := p.Compare(column.Eq, sides[i], p.expr(own), &fn.Sides{Op: "=", L: left, R: own, Pos: u.pos})
		r.on = append(r.on, eq)
		if r.words != joinFull { // of which either may be NULL
			r.using = append(r.using, u.name)
		}
	}
}

// merged leaves out the relations whose column of a name is, by USING, that of
// another: the later one, of a RIGHT JOIN those before.
func merged(list []*relation, name string) []*relation {
	for i := len(list) - 1; i > 0; i-- {
		r := list[i]
		switch {
		case !slices.ContainsFunc(r.using, func(u string) bool { return strings.EqualFold(u, name) }):
		case r.words == joinRight:
			list = append([]*relation{r}, list[i+1:]...)
			return list
		default:
			list = slices.Delete(slices.Clone(list), i, i+1)
		}
	}
	return list
}

// sides returns the conditions of a join of n's width columns with r's, and those
// with the sides turned around.
func (r *relation) sides(width int, number func(int) int) (on, turned []*plan.Expr) {
	on = plan.Numbered(number).Exprs(r.on)
	turned = plan.Numbered(func(i int) int {
		if i < width {
			return i + len(r.cols)
		}
		return i - width
	}).Exprs(on)
	return on, turned
}

// rightJoin is a LEFT JOIN with the sides turned around, whose columns are turned
// back.
func (r *relation) rightJoin(n plan.Node, width int, number func(int) int) plan.Node {
	_, on := r.sides(width, number)
	join := &plan.Join{Left: r.rows(), Right: n, Kind: plan.LeftJoin, On: on}
	return project(join, width+len(r.cols), func(i int) *plan.Expr {
		if i < width {
			return plan.ColumnOf(join, len(r.cols)+i)
		}
		return plan.ColumnOf(join, i-width)
	}, slices.Concat(n.Schema(), r.rows().Schema()))
}

// fullJoin is a LEFT JOIN, and then the rows of r that have no match.
func (r *relation) fullJoin(n plan.Node, width int, number func(int) int) plan.Node {
	on, turned := r.sides(width, number)
	left := &plan.Join{Left: n, Right: r.rows(), Kind: plan.LeftJoin, On: on}
	rest := &plan.Join{Left: r.rows(), Right: n, Kind: plan.AntiJoin, On: turned}
	schema := left.Schema()
	return &plan.Union{List: []plan.Node{left, project(rest, len(schema), func(i int) *plan.Expr {
		if i < width {
			return plan.Const(schema[i].Type, types.Value{})
		}
		return plan.ColumnOf(rest, i-width)
	}, schema)}}
}

// project gives n columns, named as a schema says.
func project(in plan.Node, n int, column func(int) *plan.Expr, schema []plan.Field) plan.Node {
	out := &plan.Project{Input: in}
	for i := range n {
		out.Exprs, out.Names = append(out.Exprs, column(i)), append(out.Names, schema[i].Name)
	}
	return out
}

// repeats reports whether the column of a name is that of a relation before it, by
// USING.
func (r *relation) repeats(name string) bool {
	return r.words != joinRight && slices.ContainsFunc(r.using, func(u string) bool { return strings.EqualFold(u, name) })
}
