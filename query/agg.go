package query

import "maps"

// aggregate is an aggregate function: how many arguments it takes and how a
// call is bound. bind gets the arguments bound to the rows before grouping.
type aggregate struct {
	min, max int
	bind     func(b *binder, n *callNode, args []*expr) *aggCall
}

// aggCall is a call of an aggregate in a plan.
type aggCall struct {
	typ  Type
	args []*expr
	of   *expr // where the result is one of the values of this expression
	make func() accumulator
	text string
}

// accumulator holds the state of one aggregate call for all groups of one
// worker.
type accumulator interface {
	// grow makes room for groups [0, n).
	grow(n int)
	// add takes the rows of ev's chunk. gids holds their groups; nil means
	// that all belong to group 0. seq numbers the chunk's first row.
	add(ev *eval, args []*expr, gids []uint32, seq uint64)
	// merge takes the state of another worker, whose group i is group to[i]
	// here. The other must not be used after.
	merge(from accumulator, to []uint32)
	// result returns the value of every group.
	result() (*vec, error)
	// size returns the bytes held.
	size() int64
}

// aggregates are the aggregate functions by name; filled by init for the same
// reason as functions.
var aggregates = map[string]aggregate{}

func init() {
	for _, m := range []map[string]aggregate{
		countAggregates(), sumAggregates(), extremeAggregates(), quantileAggregates(), distinctAggregates(), topkAggregates(), rateAggregates(),
		varianceAggregates(),
	} {
		maps.Copy(aggregates, m)
	}
}

// aggregate binds a call of an aggregate and returns the column that will
// hold its result.
func (b *binder) aggregate(n *callNode, a aggregate) *expr {
	switch {
	case b.deep > 0:
		return b.fail(n.pos, "%s is an aggregate inside another aggregate", n.name)
	case b.agg == nil:
		return b.fail(n.pos, "%s is an aggregate; it can stand in SELECT, HAVING and ORDER BY only", n.name)
	}
	for i, c := range b.agg.calls {
		if equalNodes(c, n) {
			return b.agg.result(i)
		}
	}
	if n.star && n.name != "count" {
		return b.fail(n.pos, "only count takes *")
	}
	if n.distinct && n.name != "count" {
		return b.fail(n.pos, "DISTINCT is for count(distinct x)")
	}
	if len(n.args) < a.min || len(n.args) > a.max && !n.distinct {
		return b.fail(n.pos, "%s takes %s, found %d", n.name, argCount(a.min, a.max), len(n.args))
	}
	if len(b.agg.calls) == maxAggregates {
		return b.fail(n.pos, "more than %d aggregates", maxAggregates)
	}
	b.deep++
	args := make([]*expr, len(n.args))
	for i, x := range n.args {
		args[i] = b.expr(x)
	}
	var filter *expr
	if n.filter != nil {
		filter = b.condition(b.expr(n.filter), n.filter)
	}
	b.deep--
	if b.err != nil {
		return nullExpr()
	}
	call := a.bind(b, n, args)
	if b.err != nil {
		return nullExpr()
	}
	call.filter(filter)
	call.text = clip(nodeString(n))
	b.agg.calls = append(b.agg.calls, n)
	b.agg.aggs = append(b.agg.aggs, call)
	return b.agg.result(len(b.agg.aggs) - 1)
}

// result returns the column of the rows behind grouping that holds the result
// of call i.
func (a *aggScope) result(i int) *expr {
	e := colExpr(len(a.keys)+i, a.aggs[i].typ)
	if of := a.aggs[i].of; of != nil {
		e.likeAny([]*expr{of})
	}
	return e
}

// filter makes the call see only rows that meet the condition: the last
// argument becomes NULL in all others, and aggregates leave NULLs out.
func (c *aggCall) filter(cond *expr) {
	if cond == nil {
		return
	}
	if len(c.args) == 0 {
		c.args = []*expr{constExpr(typeInt, intValue(typeInt, 1))}
	}
	last := len(c.args) - 1
	x := c.args[last]
	c.args[last] = callExpr("if", x.typ, caseKernel(x.typ), cond, x, widen(nullExpr(), x.typ))
}

// group returns the group of row i.
func group(gids []uint32, i int) uint32 {
	if gids == nil {
		return 0
	}
	return gids[i]
}
