package sql

import (
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// aggregate binds a call of an aggregate and returns the column that will
// hold its result.
func (b *binder) aggregate(n *callNode, a fn.Aggregate) *plan.Expr {
	switch {
	case b.deep > 0:
		return b.Fail(n.pos, "%s is an aggregate inside another aggregate", n.name)
	case b.agg == nil:
		return b.Fail(n.pos, "%s is an aggregate; it can stand in SELECT, HAVING and ORDER BY only", n.name)
	}
	for i, c := range b.agg.calls {
		if equalNodes(c, n) {
			return b.agg.result(i)
		}
	}
	if b.CheckAggregate(n.call(), a); b.Err != nil {
		return plan.Null()
	}
	if len(b.agg.calls) == maxAggregates {
		return b.Fail(n.pos, "more than %d aggregates", maxAggregates)
	}
	b.deep++
	args := make([]*plan.Expr, len(n.args))
	for i, x := range n.args {
		args[i] = b.expr(x)
	}
	var filter *plan.Expr
	if n.filter != nil {
		filter = b.Condition(b.expr(n.filter), n.filter)
	}
	b.deep--
	if b.Err != nil {
		return plan.Null()
	}
	call := b.AggregateCall(n.call(), a, args, filter)
	if b.Err != nil {
		return plan.Null()
	}
	call.Text = types.Clip(nodeString(n))
	b.agg.calls = append(b.agg.calls, n)
	b.agg.aggs = append(b.agg.aggs, call)
	return b.agg.result(len(b.agg.aggs) - 1)
}

// result returns the column of the rows behind grouping that holds the result
// of call i.
func (a *aggScope) result(i int) *plan.Expr {
	e := plan.Column(len(a.keys)+i, a.aggs[i].Type)
	if of := a.aggs[i].Of; of != nil {
		e.LikeAny([]*plan.Expr{of})
	}
	return e
}

// Covered returns how many nanoseconds a group covers, 0 where that is open.
func (b *binder) Covered() int64 {
	for _, k := range b.agg.keyExprs {
		if k.Bucket != 0 {
			return k.Bucket // below 0: of no one width
		}
	}
	from, to := b.agg.from, b.agg.to
	if from == 0 {
		return 0
	}
	if to == 0 {
		to = b.Now
	}
	width, _ := types.SubInt(to, from)
	return width
}

// Point implements fn.Scope.
func (b *binder) Point(name string) *plan.Expr {
	r := b.sc.tableOnly(otlpwire.Metrics)
	if r == nil {
		return nil
	}
	if isObject(name, false) {
		return b.sc.use(r, objectColumn(placeOf(name)))
	}
	e, _ := b.sc.fixed(r, name)
	return e
}

// Accumulates implements fn.Scope.
func (b *binder) Accumulates(x *plan.Expr) bool {
	if b.Point("name") == nil || b.agg.apart {
		return false
	}
	_, c := b.sc.tableColumn(x)
	if c == nil {
		return false
	}
	switch c.Name {
	case "value", "value_int", "count", "sum":
		return !c.Attribute
	}
	return false
}

// apart reports whether a query adds no points of one series, or only such as may
// be added: WHERE asks for them, or the groups are of one time each.
func (s *scope) apart(where, keys []*plan.Expr) bool {
	if s.tableOnly(otlpwire.Metrics) == nil {
		return false
	}
	for _, k := range keys {
		if _, c := s.tableColumn(k); c != nil && c.IsTime() {
			return true
		}
	}
	for _, e := range where {
		if e.Comparison == nil {
			continue
		}
		_, c := s.tableColumn(plan.Column(e.Comparison.Column, types.Null))
		if c == nil || c.Attribute {
			continue
		}
		addable := map[string][]string{"temporality": {"delta"}, "type": {"gauge"}}[c.Name]
		others := slices.DeleteFunc(slices.Clone(e.Comparison.Values), func(v types.Value) bool { return slices.Contains(addable, v.Str) })
		if e.Comparison.Op != column.Ne && len(others) == 0 {
			return true
		}
	}
	return false
}

// Since implements fn.Scope.
func (b *binder) Since() int64 { return b.agg.from }

// timeBounds returns the bounds that conditions put on the timestamp of a
// table, 0 for none.
func (s *scope) timeBounds(where []*plan.Expr) (from, to int64) {
	for _, e := range where {
		if d := e.Comparison; d != nil {
			if _, c := s.tableColumn(plan.Column(d.Column, types.Null)); c != nil && c.IsTime() && s.only() != nil {
				from, to = d.Bounds(from, to)
			}
		}
	}
	return from, to
}

// IsSeverity implements columns.
func (b *binder) IsSeverity(x *plan.Expr) bool {
	if b.agg != nil && b.deep == 0 {
		return false
	}
	_, c := b.sc.tableColumn(x)
	return c != nil && c.Name == "severity_number" && !c.Attribute
}

// Narrow implements columns.
func (b *binder) Narrow(e *plan.Expr, keep func(types.Type) bool) *plan.Expr {
	return b.sc.narrow(e, keep)
}
