package query

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
	if b.checkAggregate(n.call(), a); b.err != nil {
		return nullExpr()
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
	call := b.aggregateCall(n.call(), a, args, filter)
	if b.err != nil {
		return nullExpr()
	}
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

// covered returns how many nanoseconds a group covers, 0 where that is open.
func (b *binder) covered() int64 {
	for _, k := range b.agg.keyExprs {
		if k.bucket != 0 {
			return k.bucket // below 0: of no one width
		}
	}
	from, to := b.agg.from, b.agg.to
	if from == 0 {
		return 0
	}
	if to == 0 {
		to = b.now
	}
	width, _ := subInt(to, from)
	return width
}

// timeBounds returns the bounds that conditions put on the timestamp of a
// table, 0 for none.
func (s *scope) timeBounds(where []*expr) (from, to int64) {
	for _, e := range where {
		if d := e.push; d != nil && s.table && s.cols[d.col].isTime() {
			from, to = d.bounds(from, to)
		}
	}
	return from, to
}

// isSeverity implements columns.
func (b *binder) isSeverity(x *expr) bool {
	if !x.isCol() || !b.sc.table || b.agg != nil && b.deep == 0 {
		return false
	}
	c := b.sc.cols[x.col]
	return c.name == "severity_number" && !c.attr
}

// narrow implements columns.
func (b *binder) narrow(e *expr, keep func(Type) bool) *expr { return b.sc.narrow(e, keep) }
