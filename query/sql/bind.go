package sql

import (
	"context"
	"slices"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// selectParts are the clauses of a SELECT, bound, before they are operators.
type selectParts struct {
	sc     *scope
	where  []*plan.Expr
	group  *plan.Aggregate // nil for none
	fill   *plan.TimeFill  // of the groups, nil for none
	above  []*relation     // subqueries that expressions behind grouping hold
	having *plan.Expr
	// qualify keeps rows by what window functions give in them.
	qualify *plan.Expr
	// windows are the window functions; out and order number their results from
	// firstWindow on until the tree knows how many columns lie before them.
	windows   []*plan.WindowCall
	structure *structureScope // what is asked of the structure of traces, nil for nothing
	out       []*plan.Expr
	names     []string
	order     []plan.SortKey
	limit     int64 // -1 for none
	offset    int64
}

// tree makes operators of the clauses, in the order in which SQL takes them.
func (s *selectParts) tree() plan.Node {
	n := s.input()
	if s.group != nil {
		s.group.Input = n
		n = s.joinAbove(s.group)
	}
	if s.fill != nil {
		s.fill.Input = n
		n = s.fill
	}
	if s.having != nil {
		n = &plan.Filter{Input: n, Conds: conjuncts(s.having, nil)}
	}
	if len(s.windows) > 0 {
		n = s.window(n)
	}
	if s.qualify != nil {
		n = &plan.Filter{Input: n, Conds: conjuncts(s.qualify, nil)}
	}
	if len(s.order) > 0 {
		n = &plan.Sort{Input: n, Keys: s.order}
	}
	n = &plan.Project{Input: n, Exprs: s.out, Names: s.names}
	if s.limit >= 0 || s.offset > 0 {
		n = &plan.Limit{Input: n, Limit: s.limit, Offset: s.offset}
	}
	return n
}

// input is the rows that the SELECT list or GROUP BY takes. It gives the columns
// their final numbers.
func (s *selectParts) input() plan.Node {
	n, to := s.sc.tree()
	if to != nil {
		s.renumberInput(plan.Numbered(to))
	}
	if s.structure != nil {
		n = s.withStructure(n.(*plan.Scan))
	}
	if len(s.where) > 0 {
		n = &plan.Filter{Input: n, Conds: s.where}
	}
	return n
}

// renumberInput gives the columns of the input other numbers.
func (s *selectParts) renumberInput(r *plan.Renumbering) {
	s.where = r.Exprs(s.where)
	if s.group != nil {
		s.group = r.Aggregate(s.group)
		return
	}
	s.renumber(r)
}

// renumber gives the columns of what stands behind grouping other numbers.
func (s *selectParts) renumber(r *plan.Renumbering) {
	s.having, s.qualify, s.out = r.Expr(s.having), r.Expr(s.qualify), r.Exprs(s.out)
	for i, k := range s.order {
		s.order[i].Expr = r.Expr(k.Expr)
	}
	for i, w := range s.windows {
		s.windows[i] = r.Window(w)
	}
}

const maxKeys = 100 // of GROUP BY and ORDER BY

// planner builds plans of one query.
type planner struct {
	binder
	ctx     context.Context
	catalog Catalog
	with    []withItem // that are known, the last first
	selects int        // subqueries so far
}

// Catalog knows what was sent.
type Catalog interface {
	// Attributes returns the stored columns of a table; names are those that the
	// query has, which are among them if any row has them.
	Attributes(ctx context.Context, sig otlpwire.Signal, names []string) ([]column.Ref, error)
}

// Options are what a statement needs to mean something.
type Options struct {
	Text   string // of the statement
	Params []any  // the values of $1, $2, …, or one map with those of :name
	Now    time.Time
	Zone   *time.Location
}

// Bind returns the plan of a statement. An error in the text is an [*Error].
func Bind(ctx context.Context, c Catalog, stmt *Statement, o Options) (plan.Node, []plan.Warning, error) {
	p := &planner{ctx: ctx, catalog: c, binder: binder{
		params: newParams(o.Params),
		Typer:  fn.Typer{Source: o.Text, Now: o.Now.UnixNano(), Zone: o.Zone},
	}}
	p.Scope, p.sub = &p.binder, p.subquery
	parts := p.plan(stmt.Select)
	if p.Err != nil {
		return nil, nil, p.Err
	}
	return parts.tree(), p.Warnings, nil
}

// plan binds one SELECT and the subqueries in it. Names of the SELECT around it
// mean nothing to it.
func (p *planner) plan(s *selectStmt) *selectParts {
	outer := p.level
	defer func() { p.level = outer }()
	p.level = level{sc: &scope{}}
	return p.planIn(s)
}

// planIn binds one SELECT on a new level.
func (p *planner) planIn(s *selectStmt) *selectParts {
	known := p.with
	defer func() { p.with = known }()
	p.with = append(slices.Clip(p.with), s.with...)
	out := &selectParts{limit: -1, sc: p.sc}
	if p.parts = out; s.union != nil {
		return p.unionOf(out, s)
	}
	if p.from(s); p.Err != nil {
		return out
	}
	items := p.items(s)
	for _, it := range items {
		if it.alias {
			p.sc.aliases = append(p.sc.aliases, it.name)
		}
	}
	if s.where != nil {
		p.where(out, s.where)
	}
	if p.Err == nil {
		p.checkJoins(out)
	}
	if p.Err != nil {
		return out
	}
	windowed := s.qualify != nil || anyCall(items, s, isWindow)
	group := p.groupNodes(s, items)
	grouped := len(group) > 0 || s.groupAll || s.having != nil || anyAggregate(items, s)
	switch {
	case (grouped || windowed) && s.distinct:
		return p.distinctOf(s, items)
	case s.distinct:
		p.groupBy(out, items, itemNodes(items), true)
	case grouped:
		p.groupBy(out, items, group, false)
	}
	p.windows = &windowScope{}
	p.project(out, items)
	windows := p.windows
	p.setAliases(items, false)
	p.windows = nil
	if s.having != nil && p.Err == nil {
		out.having = p.Condition(p.expr(s.having), s.having)
	}
	p.windows = windows
	p.qualify(out, s)
	p.orderBy(out, s, items)
	if s.fill != nil && p.Err == nil {
		p.fill(out, s.fill)
	}
	if s.fill != nil && len(out.above) > 0 {
		p.Fail(s.pos, "FILL cannot stand beside a subquery behind grouping")
	}
	out.windows, p.windows = p.windows.list, nil
	if out.structure, p.structure = p.structure, nil; out.structure != nil && len(p.sc.rels) > 1 {
		p.Fail(s.pos, "what is asked of the structure of traces stands in a SELECT over spans alone, without joins and subqueries")
	}
	p.agg, p.aliases, p.aliasFirst = nil, nameIndex[node]{}, false
	out.limit, out.offset = p.rowCount(s.limit, -1), p.rowCount(s.offset, 0)
	return out
}

// item is an expression of the SELECT list. node is nil for what * expanded
// to outside grouping.
type item struct {
	name  string
	alias bool
	node  node
	e     *plan.Expr
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
		of := p.sc.named(it.of)
		switch {
		case it.of != "" && of == nil:
			p.Fail(it.pos, "there is no %s behind FROM", types.Clip(it.of))
			return nil
		case len(p.sc.visible()) == 0:
			p.Fail(it.pos, "* needs FROM")
			return nil
		}
		if s.distinct || len(s.group) > 0 || s.groupAll {
			p.sc.starNodes(of, func(name string, n node) {
				list = append(list, item{name: name, node: n, pos: it.pos})
			})
			continue
		}
		names, exprs := p.sc.star(of)
		for i, e := range exprs {
			list = append(list, item{name: names[i], e: e, pos: it.pos})
		}
	}
	return list
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
	return types.Clip(nodeString(n))
}

func itemNodes(items []item) []node {
	list := make([]node, len(items))
	for i, it := range items {
		list[i] = it.node
	}
	return list
}

// groupBy binds the keys and turns the binder to the rows behind grouping.
func (p *planner) groupBy(out *selectParts, items []item, keys []node, distinct bool) {
	if len(keys) > maxKeys && p.Err == nil {
		p.Fail(keys[maxKeys].At(), "more than %d keys to group by", maxKeys)
		return
	}
	agg, names := &aggScope{distinct: distinct}, aliasIndex(items)
	agg.from, agg.to = p.sc.timeBounds(out.where)
	for _, k := range keys {
		if !distinct { // whose keys are the items themselves, numbers among them
			k = p.groupKey(k, items, names)
		}
		if p.Err != nil {
			return
		}
		if containsAggregate(k) {
			p.Fail(k.At(), "GROUP BY cannot hold an aggregate")
			return
		}
		if slices.ContainsFunc(agg.keys, func(have node) bool { return equalNodes(have, k) }) {
			continue
		}
		agg.keys = append(agg.keys, k)
		agg.keyExprs = append(agg.keyExprs, p.expr(k))
	}
	agg.apart = p.sc.apart(out.where, agg.keyExprs)
	p.agg = agg
	out.group = &plan.Aggregate{Keys: agg.keyExprs}
	for _, k := range agg.keys {
		out.group.Names = append(out.group.Names, itemName(k))
	}
}

// groupKey resolves ordinals and aliases. A column that the input declares
// comes before an alias of the same name, as in standard SQL; an attribute
// behind it: else a service could change the query by sending one.
func (p *planner) groupKey(k node, items []item, names nameIndex[node]) node {
	if n, ok := ordinal(k); ok {
		if n < 1 || n > int64(len(items)) {
			p.Fail(k.At(), "GROUP BY %d: the SELECT list has %d items", n, len(items))
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
		p.Fail(k.At(), "%s", ambiguous(id.name, list[0], list[1]))
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
	if !ok || lit.val.Type != types.Int {
		return 0, false
	}
	return lit.val.Int, true
}

func (p *planner) project(out *selectParts, items []item) {
	for _, it := range items {
		e := it.e
		if e == nil {
			e = p.expr(it.node)
		} else if p.agg != nil {
			p.Fail(it.pos, "* cannot stand beside an aggregate")
		}
		out.out = append(out.out, e)
		out.names = append(out.names, it.name)
	}
	if p.agg != nil {
		out.group.Aggs = p.agg.aggs
	}
}

// setAliases makes the names of the SELECT list known to HAVING (behind the
// columns that the input declares) and ORDER BY (before them).
func (p *planner) setAliases(items []item, first bool) {
	p.aliases, p.aliasFirst, p.bound = aliasIndex(items), first, map[node]*plan.Expr{}
}

func (p *planner) orderBy(out *selectParts, s *selectStmt, items []item) {
	p.setAliases(items, true)
	if len(s.order) > maxKeys && p.Err == nil {
		p.Fail(s.order[maxKeys].expr.At(), "more than %d keys to order by", maxKeys)
	}
	for _, o := range s.order {
		if p.Err != nil {
			return
		}
		var e *plan.Expr
		if n, ok := ordinal(o.expr); ok {
			if n < 1 || n > int64(len(out.out)) {
				p.Fail(o.expr.At(), "ORDER BY %d: the SELECT list has %d items", n, len(out.out))
				return
			}
			e = out.out[n-1]
		} else {
			e = p.expr(o.expr)
		}
		out.orderKey(o, e)
	}
	if p.agg != nil {
		out.group.Aggs = p.agg.aggs
	}
}

// orderKey adds e as the last key of the order. A constant orders nothing.
func (s *selectParts) orderKey(o orderItem, e *plan.Expr) {
	if !e.IsConst() {
		s.order = append(s.order, plan.SortKey{Expr: e, Desc: o.desc, NullsFirst: o.nulls == 'f'})
	}
}

// distinctOf plans SELECT DISTINCT over groups: the same SELECT without
// DISTINCT is its input, whose rows it groups by all their columns.
func (p *planner) distinctOf(s *selectStmt, items []item) *selectParts {
	inner := *s
	inner.distinct, inner.order, inner.limit, inner.offset = false, nil, nil, nil
	sub := p.plan(&inner)
	out := &selectParts{sc: &scope{}, names: sub.names, limit: -1}
	if p.Err != nil {
		return out
	}
	rel := subRelation(sub, "")
	out.sc.add(rel)
	out.group = &plan.Aggregate{Names: sub.names}
	for i, e := range sub.out {
		out.group.Keys = append(out.group.Keys, out.sc.column(rel, i))
		out.out = append(out.out, e.As(i))
	}
	for _, o := range s.order {
		i := p.listed(o.expr, items)
		if i < 0 {
			p.Fail(o.expr.At(), "with DISTINCT, ORDER BY can only use what SELECT lists")
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
			p.Fail(key.At(), "%s", ambiguous(id.name, list[0], list[1]))
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
	if n == nil || p.Err != nil {
		return missing
	}
	e := p.expr(n)
	if p.Err == nil && (e.Type != types.Int || e.Value.Int < 0) {
		p.Fail(n.At(), "LIMIT and OFFSET take a whole number of rows")
	}
	return e.Value.Int
}

// conjuncts splits an AND tree.
func conjuncts(e *plan.Expr, list []*plan.Expr) []*plan.Expr {
	for stack := []*plan.Expr{e}; len(stack) > 0; {
		e := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if e.And {
			stack = append(stack, e.Args[1], e.Args[0])
			continue
		}
		list = append(list, e)
	}
	return list
}

// anyAggregate reports whether SELECT, HAVING or ORDER BY holds an aggregate.
func anyAggregate(items []item, s *selectStmt) bool { return anyCall(items, s, isAggregate) }

// anyCall reports whether SELECT or ORDER BY holds a call that is what is asked.
func anyCall(items []item, s *selectStmt, is func(*callNode) bool) bool {
	for _, it := range items {
		if it.node != nil && containsCall(it.node, is) {
			return true
		}
	}
	for _, o := range s.order {
		if containsCall(o.expr, is) {
			return true
		}
	}
	return false
}

func isAggregate(c *callNode) bool {
	_, is := fn.Aggregates[c.name]
	return is && c.over == nil
}

func isWindow(c *callNode) bool { return c.over != nil }

func containsAggregate(n node) bool { return containsCall(n, isAggregate) }

func containsCall(n node, is func(*callNode) bool) bool {
	found := false
	walkNodes(n, func(n node) bool {
		if c, ok := n.(*callNode); ok {
			found = found || is(c)
		}
		return !found
	})
	return found
}

// walk calls f for n and what is in it, until f returns false.
func walkNodes(n node, f func(node) bool) {
	if n == nil || !f(n) {
		return
	}
	switch n := n.(type) {
	case *unaryNode:
		walkNodes(n.x, f)
	case *binaryNode:
		walkNodes(n.l, f)
		walkNodes(n.r, f)
	case *inNode:
		walkNodes(n.x, f)
		for _, x := range n.list {
			walkNodes(x, f)
		}
	case *betweenNode:
		walkNodes(n.x, f)
		walkNodes(n.lo, f)
		walkNodes(n.hi, f)
	case *isNode:
		walkNodes(n.x, f)
	case *castNode:
		walkNodes(n.x, f)
	case *zoneNode:
		walkNodes(n.x, f)
	case *caseNode:
		walkNodes(n.operand, f)
		for _, w := range n.whens {
			walkNodes(w.cond, f)
			walkNodes(w.then, f)
		}
		walkNodes(n.other, f)
	case *callNode:
		for _, x := range n.args {
			walkNodes(x, f)
		}
		walkNodes(n.filter, f)
		if n.over != nil {
			for _, x := range n.over.partition {
				walkNodes(x, f)
			}
			for _, o := range n.over.order {
				walkNodes(o.expr, f)
			}
		}
	}
}
