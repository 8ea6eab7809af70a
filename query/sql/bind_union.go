package sql

import (
	"github.com/ttlog/ttlog/query/plan"
)

// unionOf binds SELECTs with UNION ALL between them. Their rows are a relation,
// of which ORDER BY and what follows is another SELECT.
func (p *planner) unionOf(out *selectParts, s *selectStmt) *selectParts {
	list := make([]*selectParts, len(s.union))
	for i, u := range s.union {
		if list[i] = p.plan(u); p.Err != nil {
			return out
		}
		if want, have := len(list[0].out), len(list[i].out); want != have {
			p.Fail(u.pos, "the SELECTs of UNION ALL have as many columns each: the first has %d, this one %d", want, have)
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
	r.sub = union
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
