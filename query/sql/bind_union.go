package sql

import (
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// unionOf binds SELECTs with UNION ALL or its like between them. Their rows are a relation,
// of which ORDER BY and what follows is another SELECT.
func (p *planner) unionOf(out *selectParts, s *selectStmt) *selectParts {
	list := make([]*selectParts, len(s.union))
	for i, u := range s.union {
		if list[i] = p.plan(u); p.Err != nil {
			return out
		}
		if want, have := len(list[0].out), len(list[i].out); want != have {
			p.Fail(u.pos, "the SELECTs of %s have as many columns each: the first has %d, this one %d", s.setOp, want, have)
			return out
		}
	}
	union, r := &plan.Union{}, &relation{}
	columns := make([][]*plan.Expr, len(list)) // of each SELECT
	for _, sub := range list {
		union.List = append(union.List, sub.tree())
	}
	for j, name := range list[0].names {
		same := make([]*plan.Expr, len(list))
		for i, n := range union.List {
			same[i] = plan.ColumnOf(n, j)
		}
		for i, e := range p.Alike(same) {
			columns[i] = append(columns[i], e)
		}
		e := columns[0][j]
		r.cols = append(r.cols, plan.ScanColumn{Name: name, Type: e.Type, Loose: e.Loose, Zone: e.Zone})
		r.names.add(name, j, func(int, int) bool { return false })
	}
	for i, n := range union.List {
		union.List[i] = &plan.Project{Input: n, Exprs: columns[i], Names: list[0].names}
	}
	r.sub = p.distinctRows(union, s)
	p.sc.add(r)
	out.names = list[0].names
	for j := range r.cols {
		out.out = append(out.out, p.sc.column(r, j))
	}
	p.orderBy(out, s, nil)
	p.aliases, p.aliasFirst = nameIndex[node]{}, false
	out.limit, out.offset = p.rowCount(s.limit, -1), p.rowCount(s.offset, 0)
	return out
}

// distinctRows groups the rows of a union by all their columns, where that is not of
// all of them. For INTERSECT and EXCEPT each row has the number of the SELECT that it
// is of, and of a group the least and the greatest say who has it.
func (p *planner) distinctRows(u *plan.Union, s *selectStmt) plan.Node {
	if s.setOp == unionAll || p.Err != nil {
		return u
	}
	schema := u.Schema()
	width := len(schema)
	g := &plan.Aggregate{Input: u}
	if s.setOp != union {
		for i, n := range u.List {
			of := plan.Const(types.Int, types.NewInt(types.Int, int64(i)))
			u.List[i] = project(n, width+1, func(j int) *plan.Expr {
				if j == width {
					return of
				}
				return plan.ColumnOf(n, j)
			}, append(schema, plan.Field{Name: "of"}))
		}
		of := plan.Column(width, types.Int)
		for _, name := range []string{"min", "max"} {
			c := p.AggregateCall(&fn.Call{Name: name, Pos: s.pos}, fn.Aggregates[name], []*plan.Expr{of}, nil)
			c.Text = name + "(of)"
			g.Aggs = append(g.Aggs, c)
		}
	}
	for j, f := range schema {
		g.Keys, g.Names = append(g.Keys, plan.ColumnOf(u, j)), append(g.Names, f.Name)
	}
	if s.setOp == union {
		return g
	}
	at := &litNode{pos: s.pos}
	is := func(agg int, of int64) *plan.Expr {
		want := plan.Const(types.Int, types.NewInt(types.Int, of))
		return p.Compare(column.Eq, plan.Column(width+agg, types.Int), want, &fn.Sides{Op: "=", L: at, R: at, Pos: s.pos})
	}
	conds := []*plan.Expr{is(1, 0)} // the first alone
	if s.setOp == intersect {
		conds = []*plan.Expr{is(0, 0), is(1, 1)}
	}
	f := &plan.Filter{Input: g, Conds: conds}
	return project(f, width, func(j int) *plan.Expr { return plan.ColumnOf(f, j) }, schema)
}
