package sql

import (
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// delete reads FROM table WHERE condition, as the SELECT that finds the rows.
func (p *parser) delete() *selectStmt {
	s := &selectStmt{pos: p.peek(0).pos, items: []selectItem{{expr: &litNode{val: types.NewInt(types.Int, 1)}}}}
	p.expect("FROM")
	t := p.peek(0)
	s.from = []*tableRef{p.tableRef()}
	if p.err == nil && s.from[0].name == "" {
		p.fail(t.pos, "DELETE is from spans, logs or metrics, nothing that is computed")
	}
	if !p.accept("where") {
		p.fail(p.peek(0).pos, "DELETE needs WHERE; WHERE true is for everything")
		return s
	}
	s.where = p.expr()
	return s
}

// Doomed returns what finds the rows that a bound DELETE is about: the scan of
// their table, and the conditions that all have to hold.
func Doomed(n plan.Node) (scan *plan.Scan, conds []*plan.Expr, err error) {
	if p, ok := n.(*plan.Project); ok {
		n = p.Input
	}
	if f, ok := n.(*plan.Filter); ok {
		n, conds = f.Input, f.Conds
	}
	scan, ok := n.(*plan.Scan)
	if !ok {
		return nil, nil, &plan.Error{Message: "the condition of a DELETE may be about the row itself, and not about other rows (subqueries, the structure of traces)"}
	}
	return scan, conds, nil
}
