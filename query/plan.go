package query

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/storage/column"
)

// plan is a bound SELECT: input rows, kept by where, grouped by group, kept
// by having, ordered by order, cut by offset and limit, projected to out.
type plan struct {
	sc     *scope // the input's columns
	sub    *plan  // the input where it is a subquery
	where  []*expr
	req    ScanRequest
	group  *groupPlan
	having *expr
	out    []*expr
	names  []string
	order  []sortKey
	limit  int64 // -1 for none
	offset int64
}

// forgetNames lets go of what only making the plan takes: the names of all
// attributes, of which there may be tens of thousands.
func (p *plan) forgetNames() {
	for ; p != nil; p = p.sub {
		p.sc.attrs = nil
	}
}

// groupPlan groups rows by keys; its rows are the keys followed by the
// results of aggs.
type groupPlan struct {
	keys []*expr
	aggs []*aggCall
}

// sortKey is one key of ORDER BY.
type sortKey struct {
	e          *expr
	desc       bool
	nullsFirst bool
}

const maxKeys = 100 // of GROUP BY and ORDER BY

// planner builds plans of one query.
type planner struct {
	binder
	ctx context.Context
	src Source
}

// plan binds one SELECT and the subqueries in it.
func (p *planner) plan(s *selectStmt) *plan {
	out := &plan{limit: -1}
	p.from(out, s)
	if p.err != nil {
		return out
	}
	outer := p.sc
	defer func() { p.sc = outer }()
	p.sc, p.agg, p.aliases, p.aliasFirst = out.sc, nil, nameIndex[node]{}, false
	items := p.items(s)
	for _, it := range items {
		if it.alias {
			p.sc.aliases = append(p.sc.aliases, it.name)
		}
	}
	if s.where != nil {
		out.where = conjuncts(p.condition(p.expr(s.where), s.where), nil)
	}
	if p.err != nil {
		return out
	}
	grouped := len(s.group) > 0 || s.having != nil || anyAggregate(items, s)
	switch {
	case grouped && s.distinct:
		return p.distinctOf(s, items)
	case s.distinct:
		p.groupBy(out, items, itemNodes(items), true)
	case grouped:
		p.groupBy(out, items, s.group, false)
	}
	p.project(out, items)
	p.setAliases(items, false)
	if s.having != nil && p.err == nil {
		out.having = p.condition(p.expr(s.having), s.having)
	}
	p.orderBy(out, s, items)
	p.agg, p.aliases, p.aliasFirst = nil, nameIndex[node]{}, false
	out.limit, out.offset = p.rowCount(s.limit, -1), p.rowCount(s.offset, 0)
	out.pushdown()
	out.orderWhere()
	out.dropUnused()
	return out
}

// from binds the input.
func (p *planner) from(out *plan, s *selectStmt) {
	switch {
	case s.from == nil:
		out.sc = &scope{index: map[string]int{}}
	case s.from.sub != nil:
		out.sub = p.plan(s.from.sub)
		out.sc = subScope(out.sub, s.from.alias)
	default:
		sig, ok := tables[strings.ToLower(s.from.name)]
		if !ok {
			p.fail(s.from.pos, "unknown table %s, expected spans, traces, logs or metrics", clip(s.from.name))
			return
		}
		refs, err := p.columns(sig, s)
		if err != nil {
			p.err = err
			return
		}
		alias := s.from.alias
		if alias == "" {
			alias = s.from.name
		}
		out.sc = newTableScope(sig, alias, refs)
	}
}

// item is an expression of the SELECT list. node is nil for what * expanded
// to outside grouping.
type item struct {
	name  string
	alias bool
	node  node
	e     *expr
	pos   int
}

// items expands *. Behind it every item has a name.
func (p *planner) items(s *selectStmt) []item {
	var list []item
	for _, it := range s.items {
		if !it.star {
			name := it.alias
			if name == "" {
				name = itemName(it.expr)
			}
			list = append(list, item{name: name, alias: it.alias != "", node: it.expr, pos: it.pos})
			continue
		}
		if !p.sc.from {
			p.fail(it.pos, "* needs FROM")
			return nil
		}
		if s.distinct || len(s.group) > 0 {
			p.sc.starNodes(func(name string, n node) {
				list = append(list, item{name: name, node: n, pos: it.pos})
			})
			continue
		}
		names, exprs := p.sc.star()
		for i, e := range exprs {
			list = append(list, item{name: names[i], e: e, pos: it.pos})
		}
	}
	return list
}

// starNodes lists what * stands for as expressions that can be bound.
func (s *scope) starNodes(f func(string, node)) {
	if !s.table {
		for _, c := range s.cols {
			f(c.name, &identNode{name: c.name, quoted: true})
		}
		return
	}
	for _, c := range fixedColumns[s.sig] {
		f(c.name, &identNode{name: c.name})
	}
	f("attributes", &identNode{name: "attributes"})
}

// itemName names an expression without an alias.
func itemName(n node) string {
	switch n := n.(type) {
	case *identNode:
		return n.name
	case *indexNode:
		return n.key
	case *callNode:
		if n.star && n.filter == nil {
			return n.name + "(*)"
		}
	}
	return clip(nodeString(n))
}

func itemNodes(items []item) []node {
	list := make([]node, len(items))
	for i, it := range items {
		list[i] = it.node
	}
	return list
}

// groupBy binds the keys and turns the binder to the rows behind grouping.
func (p *planner) groupBy(out *plan, items []item, keys []node, distinct bool) {
	if len(keys) > maxKeys && p.err == nil {
		p.fail(keys[maxKeys].at(), "more than %d keys to group by", maxKeys)
		return
	}
	agg, names := &aggScope{distinct: distinct}, aliasIndex(items)
	agg.from, agg.to = p.sc.timeBounds(out.where)
	for _, k := range keys {
		if !distinct { // whose keys are the items themselves, numbers among them
			k = p.groupKey(k, items, names)
		}
		if p.err != nil {
			return
		}
		if containsAggregate(k) {
			p.fail(k.at(), "GROUP BY cannot hold an aggregate")
			return
		}
		if slices.ContainsFunc(agg.keys, func(have node) bool { return equalNodes(have, k) }) {
			continue
		}
		agg.keys = append(agg.keys, k)
		agg.keyExprs = append(agg.keyExprs, p.expr(k))
	}
	p.agg = agg
	out.group = &groupPlan{keys: agg.keyExprs}
}

// groupKey resolves ordinals and aliases. A column that the input declares
// comes before an alias of the same name, as in standard SQL; an attribute
// behind it: else a service could change the query by sending one.
func (p *planner) groupKey(k node, items []item, names nameIndex[node]) node {
	if n, ok := ordinal(k); ok {
		if n < 1 || n > int64(len(items)) {
			p.fail(k.at(), "GROUP BY %d: the SELECT list has %d items", n, len(items))
			return k
		}
		return items[n-1].node
	}
	id, ok := k.(*identNode)
	if !ok || id.qual != "" {
		return k
	}
	if p.sc.declares(id) {
		return k
	}
	switch list := names.find(id.name); len(list) {
	case 1:
		return list[0]
	case 2:
		p.fail(k.at(), "%s", ambiguous(id.name, list[0], list[1]))
	}
	return k
}

// aliasIndex finds what the SELECT list names.
func aliasIndex(items []item) (names nameIndex[node]) {
	for _, it := range items {
		if it.alias && it.node != nil {
			names.add(it.name, it.node, equalNodes)
		}
	}
	return names
}

func ordinal(n node) (int64, bool) {
	lit, ok := n.(*litNode)
	if !ok || lit.val.t != typeInt {
		return 0, false
	}
	return lit.val.n, true
}

func (p *planner) project(out *plan, items []item) {
	for _, it := range items {
		e := it.e
		if e == nil {
			e = p.expr(it.node)
		} else if p.agg != nil {
			p.fail(it.pos, "* cannot stand beside an aggregate")
		}
		out.out = append(out.out, e)
		out.names = append(out.names, it.name)
	}
	if p.agg != nil {
		out.group.aggs = p.agg.aggs
	}
}

// setAliases makes the names of the SELECT list known to HAVING (behind the
// columns that the input declares) and ORDER BY (before them).
func (p *planner) setAliases(items []item, first bool) {
	p.aliases, p.aliasFirst, p.bound = aliasIndex(items), first, map[node]*expr{}
}

func (p *planner) orderBy(out *plan, s *selectStmt, items []item) {
	p.setAliases(items, true)
	if len(s.order) > maxKeys && p.err == nil {
		p.fail(s.order[maxKeys].expr.at(), "more than %d keys to order by", maxKeys)
	}
	for _, o := range s.order {
		if p.err != nil {
			return
		}
		var e *expr
		if n, ok := ordinal(o.expr); ok {
			if n < 1 || n > int64(len(out.out)) {
				p.fail(o.expr.at(), "ORDER BY %d: the SELECT list has %d items", n, len(out.out))
				return
			}
			e = out.out[n-1]
		} else {
			e = p.expr(o.expr)
		}
		out.orderKey(o, e)
	}
	if p.agg != nil {
		out.group.aggs = p.agg.aggs
	}
}

// orderKey adds e as the last key of the order. A constant orders nothing.
func (p *plan) orderKey(o orderItem, e *expr) {
	if !e.isConst() {
		p.order = append(p.order, sortKey{e: e, desc: o.desc, nullsFirst: o.nulls == 'f'})
	}
}

// distinctOf plans SELECT DISTINCT over groups: the same SELECT without
// DISTINCT is its input, whose rows it groups by all their columns.
func (p *planner) distinctOf(s *selectStmt, items []item) *plan {
	inner := *s
	inner.distinct, inner.order, inner.limit, inner.offset = false, nil, nil, nil
	sub := p.plan(&inner)
	out := &plan{sub: sub, sc: subScope(sub, ""), names: sub.names, limit: -1}
	if p.err != nil {
		return out
	}
	out.group = &groupPlan{}
	for i, e := range sub.out {
		out.group.keys = append(out.group.keys, out.sc.col(i))
		out.out = append(out.out, e.at(i))
	}
	for _, o := range s.order {
		i := p.listed(o.expr, items)
		if i < 0 {
			p.fail(o.expr.at(), "with DISTINCT, ORDER BY can only use what SELECT lists")
			return out
		}
		out.orderKey(o, out.out[i])
	}
	out.limit, out.offset = p.rowCount(s.limit, -1), p.rowCount(s.offset, 0)
	return out
}

// listed returns which item of the SELECT list a key of ORDER BY is, or -1.
func (p *planner) listed(key node, items []item) int {
	n, isOrdinal := ordinal(key)
	if id, ok := key.(*identNode); ok && id.qual == "" {
		names := aliasIndex(items)
		switch list := names.find(id.name); len(list) {
		case 1:
			key = list[0]
		case 2:
			p.fail(key.at(), "%s", ambiguous(id.name, list[0], list[1]))
		}
	}
	for i, it := range items {
		if isOrdinal && n == int64(i+1) || !isOrdinal && equalNodes(key, it.node) {
			return i
		}
	}
	return -1
}

// rowCount evaluates LIMIT or OFFSET.
func (p *planner) rowCount(n node, missing int64) int64 {
	if n == nil || p.err != nil {
		return missing
	}
	e := p.expr(n)
	if p.err == nil && (e.typ != typeInt || e.val.n < 0) {
		p.fail(n.at(), "LIMIT and OFFSET take a whole number of rows")
	}
	return e.val.n
}

// conjuncts splits an AND tree.
func conjuncts(e *expr, list []*expr) []*expr {
	for stack := []*expr{e}; len(stack) > 0; {
		e := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if e.and {
			stack = append(stack, e.args[1], e.args[0])
			continue
		}
		list = append(list, e)
	}
	return list
}

// anyAggregate reports whether SELECT, HAVING or ORDER BY holds an aggregate.
func anyAggregate(items []item, s *selectStmt) bool {
	for _, it := range items {
		if it.node != nil && containsAggregate(it.node) {
			return true
		}
	}
	for _, o := range s.order {
		if containsAggregate(o.expr) {
			return true
		}
	}
	return false
}

func containsAggregate(n node) bool {
	found := false
	walk(n, func(n node) bool {
		if c, ok := n.(*callNode); ok {
			_, is := aggregates[c.name]
			found = found || is
		}
		return !found
	})
	return found
}

// walk calls f for n and what is in it, until f returns false.
func walk(n node, f func(node) bool) {
	if n == nil || !f(n) {
		return
	}
	switch n := n.(type) {
	case *unaryNode:
		walk(n.x, f)
	case *binaryNode:
		walk(n.l, f)
		walk(n.r, f)
	case *inNode:
		walk(n.x, f)
		for _, x := range n.list {
			walk(x, f)
		}
	case *betweenNode:
		walk(n.x, f)
		walk(n.lo, f)
		walk(n.hi, f)
	case *isNode:
		walk(n.x, f)
	case *castNode:
		walk(n.x, f)
	case *zoneNode:
		walk(n.x, f)
	case *caseNode:
		walk(n.operand, f)
		for _, w := range n.whens {
			walk(w.cond, f)
			walk(w.then, f)
		}
		walk(n.other, f)
	case *callNode:
		for _, x := range n.args {
			walk(x, f)
		}
		walk(n.filter, f)
	}
}

// dropUnused keeps a subquery from computing columns that nothing reads.
func (p *plan) dropUnused() {
	for i, used := range p.sc.used {
		if !used {
			p.sub.out[i] = constExpr(p.sub.out[i].typ, value{})
		}
	}
}

// orderWhere puts first what is cheap to find out and may spare decoding the
// columns of the rest: comparisons of strings, which are looked up once a
// distinct value, then other comparisons, then everything else.
func (p *plan) orderWhere() {
	rank := func(e *expr) int {
		switch {
		case e.single < 0:
			return 3
		case e.push == nil && !e.isCol():
			return 2
		case formOf(p.sc.cols[e.single].typ) != formStr:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(p.where, func(a, b *expr) int { return rank(a) - rank(b) })
}

// pushdown tells the scan what it may leave out.
func (p *plan) pushdown() {
	if !p.sc.table {
		return
	}
	p.req.Signal = p.sc.sig
	for _, e := range p.where {
		if e.isCol() && e.typ == typeBool {
			e = &expr{push: &pushdown{col: e.col, op: column.Eq, vals: []value{boolValue(true)}}}
		}
		if e.push == nil {
			continue
		}
		c := p.sc.cols[e.push.col]
		if len(c.refs) != 1 || c.object {
			continue
		}
		if c.refs[0].Place == column.PlaceField && c.name == "timestamp" {
			p.bound(e.push)
		}
		if pred, ok := predicate(c.refs[0], e.push); ok {
			p.req.Where = append(p.req.Where, pred)
		}
	}
}

// bound narrows the time range. A bound of exactly 0 would mean none, and
// widens by a nanosecond instead.
func (p *plan) bound(d *pushdown) {
	if len(d.vals) != 1 || d.vals[0].t != typeTime {
		return
	}
	t := d.vals[0].n
	if d.op == column.Gt || d.op == column.Ge || d.op == column.Eq {
		if t != 0 && (p.req.From == 0 || t > p.req.From) {
			p.req.From = t
		}
	}
	if d.op == column.Lt || d.op == column.Le || d.op == column.Eq {
		if d.op != column.Lt && t < math.MaxInt64 {
			t++
		}
		if t != 0 && (p.req.To == 0 || t < p.req.To) {
			p.req.To = t
		}
	}
}

// predicate writes a comparison for the scan, if all its constants have the
// column's type.
func predicate(ref column.Ref, d *pushdown) (column.Predicate, bool) {
	p := column.Predicate{Ref: ref, Op: d.op}
	for _, v := range d.vals {
		v, ok := sameMeaning(v, ref.Type)
		if !ok {
			return p, false
		}
		p.Values = append(p.Values, column.Value{Type: v.t, Int: v.n, Str: v.s})
		if v.t == typeFloat {
			last := &p.Values[len(p.Values)-1]
			last.Int, last.Float = 0, v.float()
		}
	}
	return p, true
}

// sameMeaning gives a number the type t, if that does not change its value.
func sameMeaning(v value, t Type) (value, bool) {
	if v.t == t {
		return v, true
	}
	if !isNumeric(v.t) || !isNumeric(t) {
		return v, false
	}
	if v.t == typeFloat {
		n := inKey(v)
		if n.t != typeInt {
			return v, false
		}
		return intValue(t, n.n), true
	}
	if t == typeFloat {
		const exact = 1 << 53
		return floatValue(float64(v.n)), v.n <= exact && v.n >= -exact
	}
	return intValue(t, v.n), true
}

// orPushdown turns a = 1 OR a = 2 into a IN (1, 2) for the scan.
func orPushdown(l, r *expr) *pushdown {
	a, b := l.push, r.push
	if a == nil || b == nil || a.col != b.col {
		return nil
	}
	list := func(op column.Op) bool { return op == column.Eq || op == column.In }
	if !list(a.op) || !list(b.op) || len(a.vals)+len(b.vals) > 1000 {
		return nil
	}
	return &pushdown{col: a.col, op: column.In, vals: slices.Concat(a.vals, b.vals)}
}
