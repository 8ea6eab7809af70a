package sql

import (
	"slices"

	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// filters binds a condition that is a subquery alone, or NOT and a subquery, as
// a join that leaves rows out, and returns false for all others.
func (p *planner) filters(n node) bool {
	not, x := false, n
	if u, ok := n.(*unaryNode); ok && u.op == "NOT" {
		not, x = true, u.x
	}
	var r *relation
	switch x := x.(type) {
	case *subNode:
		if !x.exists {
			return false
		}
		r = p.match(x.sub, nil, nil)
	case *inNode:
		if x.sub == nil || not {
			return false
		}
		if not = x.not; not {
			r = p.member(x)
		} else {
			r = p.match(x.sub, x.x, x)
		}
	default:
		return false
	}
	if p.Err == nil {
		r.kind = plan.SemiJoin
		if not {
			r.kind = plan.AntiJoin
		}
		p.sc.add(r)
	}
	return true
}

// subquery binds a subquery whose value an expression uses.
func (p *planner) subquery(n node) *plan.Expr {
	var r *relation
	switch n := n.(type) {
	case *inNode:
		r = p.member(n)
	case *subNode:
		if !n.exists {
			r = p.scalar(n)
			break
		}
		r = p.match(n.sub, nil, nil)
	}
	if p.Err != nil {
		return plan.Null()
	}
	if r.kind != plan.LeftJoin {
		r.kind, r.cols = plan.MarkJoin, []plan.ScanColumn{{Name: "found", Type: types.Bool}}
	}
	e := p.attach(r)
	if sub, ok := n.(*subNode); ok && !sub.exists && len(r.cols) > 1 {
		e = p.ofNoRows(sub, e)
	}
	if in, ok := n.(*inNode); ok && in.not {
		return p.Not(e)
	}
	return e
}

// attach joins a subquery with the rows that the expression is over, and returns
// its column.
func (p *planner) attach(r *relation) *plan.Expr {
	if p.agg == nil || p.deep > 0 {
		p.sc.add(r)
		return p.sc.column(r, 0)
	}
	c := r.cols[0]
	e := plan.Column(firstHidden+len(p.parts.above), c.Type)
	e.Loose, e.Zone = c.Loose, c.Zone
	p.parts.above = append(p.parts.above, r)
	return e
}

// joinAbove joins the subqueries behind grouping.
func (s *selectParts) joinAbove(n plan.Node) plan.Node {
	if len(s.above) == 0 {
		return n
	}
	width := len(n.Schema())
	number := func(i int) int {
		if i >= firstHidden {
			return width + i - firstHidden
		}
		return i
	}
	for i, r := range s.above {
		n = r.join(n, width+i, number)
	}
	s.renumber(plan.Numbered(number))
	return n
}

// member binds x [NOT] IN (SELECT …), of which NULL decides where there is no
// match.
func (p *planner) member(n *inNode) *relation {
	r := p.match(n.sub, n.x, n)
	if r == nil {
		return nil
	}
	r.nulls = true
	if len(r.on) > 1 {
		p.Fail(n.pos, "a subquery that uses columns of the query around it can stand behind IN only where WHERE asks for that alone, and not behind NOT IN; use EXISTS")
	}
	return r
}

// scalar binds a subquery that is a value.
func (p *planner) scalar(n *subNode) *relation {
	parts, inner := p.inner(n.sub)
	switch {
	case p.Err != nil:
		return nil
	case len(parts.out) != 1:
		p.Fail(n.pos, "a subquery that is a value has one column; this one has %d", len(parts.out))
		return nil
	case inner.correlated:
		return p.correlatedValue(n, parts)
	}
	r := subRelation(parts, "")
	r.hidden, r.expression, r.single, r.kind = true, true, true, plan.LeftJoin
	return r
}

// inner binds a subquery of an expression, which knows the names of the SELECT
// around it.
func (p *planner) inner(s *selectStmt) (*selectParts, *scope) {
	if p.selects++; p.selects > maxBound {
		p.Fail(s.pos, "more than %d subqueries", maxBound)
	}
	if p.Err != nil {
		return nil, nil
	}
	outer := p.level
	inner := &scope{outer: outer.sc}
	p.level = level{sc: inner}
	parts := p.planIn(s)
	p.level = outer
	if inner.correlated && p.agg != nil && p.deep == 0 {
		p.Fail(s.pos, "a subquery behind grouping cannot use columns of the query around it")
	}
	return parts, inner
}

// match binds a subquery that is asked whether it has a row, or where x is set
// one whose column equals x.
func (p *planner) match(s *selectStmt, x node, in *inNode) *relation {
	var left *plan.Expr
	if x != nil {
		left = p.expr(x)
	}
	parts, inner := p.inner(s)
	switch {
	case p.Err != nil:
		return nil
	case x != nil && len(parts.out) != 1:
		p.Fail(s.pos, "IN takes a subquery of one column; this one has %d", len(parts.out))
		return nil
	}
	r := &relation{hidden: true, expression: true, pos: s.pos}
	var item *plan.Expr
	switch {
	case inner.correlated:
		item = p.correlated(r, s, parts, x == nil)
	default:
		r.sub = parts.tree()
		item = plan.ColumnOf(r.sub, 0)
		if x == nil { // one row is enough
			r.sub = &plan.Limit{Input: r.sub, Limit: 1}
		}
	}
	if x != nil && p.Err == nil {
		eq := p.equal(left, item, in)
		if r.on = append(r.on, eq); eq.IsConst() { // NULL, of values that never compare
			r.sub = &plan.Limit{Input: r.sub, Limit: 1}
		}
	}
	return r
}

// equal is left = item, an expression of the query around a subquery and one of
// the subquery.
func (p *planner) equal(left, item *plan.Expr, n *inNode) *plan.Expr {
	outer := p.level
	defer func() { p.level = outer }()
	p.level = level{sc: &scope{}} // item's columns have their numbers
	if outer.agg == nil || outer.deep > 0 {
		p.sc.outer = outer.sc
	}
	sides := &fn.Sides{Op: "=", L: n.x, R: n, Pos: n.pos}
	return p.Compare(column.Eq, outer.sc.fromOuter(left), item, sides)
}

// correlated makes conditions of a join of those that use columns of the query
// around the subquery, and r's rows of what is left. It returns the first column.
func (p *planner) correlated(r *relation, s *selectStmt, parts *selectParts, exists bool) *plan.Expr {
	limited := parts.offset > 0 || parts.limit >= 0 && !(exists && parts.limit > 0)
	if parts.group != nil || parts.structure != nil || len(parts.windows) > 0 || limited || s.union != nil || len(parts.sc.outerOn()) > 0 {
		p.Fail(s.pos, "a subquery that uses columns of the query around it is a SELECT … FROM … WHERE, which uses them in WHERE")
		return nil
	}
	n, to := parts.sc.tree()
	if to == nil {
		to = func(i int) int { return i }
	}
	number := plan.Numbered(func(i int) int {
		if i >= firstOuter {
			return i
		}
		return to(i)
	})
	var own []*plan.Expr
	for _, e := range number.Exprs(parts.where) {
		if usesOuter(e) {
			r.on = append(r.on, e)
		} else {
			own = append(own, e)
		}
	}
	r.sub = n
	if len(own) > 0 {
		r.sub = &plan.Filter{Input: n, Conds: own}
	}
	if exists && !slices.ContainsFunc(r.on, func(e *plan.Expr) bool { return linked(e, isOuter) }) && !slices.ContainsFunc(own, never) {
		p.Fail(s.pos, "%s", needsEquality)
	}
	return number.Expr(parts.out[0])
}

func isOuter(i int) bool { return i >= firstOuter }

func usesOuter(e *plan.Expr) bool { return slices.ContainsFunc(plan.Columns(e), isOuter) }

// outerOn returns conditions and arrays of FROM that use columns of the query
// around.
func (s *scope) outerOn() (list []*plan.Expr) {
	for _, r := range s.rels {
		if r.expression {
			continue
		}
		for _, e := range append(slices.Clone(r.on), r.array) {
			if e != nil && usesOuter(e) {
				list = append(list, e)
			}
		}
	}
	return list
}

const needsEquality = "a join needs an = between its sides, or one side of at most 10,000 rows: by LIMIT, or an aggregate without GROUP BY"

// never reports whether a condition is true of no row: an attribute in it, say, was
// never sent. Whether a join is one of all rows with all does not depend on that.
func never(e *plan.Expr) bool { return e.IsConst() && e.Value.Int == 0 }

// linked reports whether e says that an expression of columns that in accepts is
// equal to one of others.
func linked(e *plan.Expr, in func(int) bool) bool {
	if e.Name != "=" || len(e.Args) != 2 {
		return false
	}
	pure := func(x *plan.Expr, want bool) bool {
		list := plan.Columns(x)
		return len(list) > 0 && !slices.ContainsFunc(list, func(i int) bool { return in(i) != want })
	}
	l, r := e.Args[0], e.Args[1]
	return pure(l, true) && pure(r, false) || pure(l, false) && pure(r, true)
}

// checkJoins refuses joins of all rows with all.
func (p *planner) checkJoins(out *selectParts) {
	small := true // the rows of the relations so far
	for i, r := range out.sc.rels {
		if r.expression || r.array != nil {
			continue
		}
		conds := r.on
		if r.kind == plan.InnerJoin {
			conds = slices.Concat(r.on, out.where)
		}
		own := func(i int) bool { return i < firstOuter && out.sc.cols[i].rel == r }
		few := r.sub != nil && bounded(r.sub)
		linked := func(e *plan.Expr) bool { return never(e) || linked(e, own) }
		if i > 0 && !few && !small && !slices.ContainsFunc(conds, linked) {
			p.Fail(r.pos, "%s", needsEquality)
		}
		small = small && few
	}
}

// maxCross is how many rows a side of a join without an equality may have.
const maxCross = 10_000

// bounded reports whether n has few rows, whatever the tables have.
func bounded(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Row:
		return true
	case *plan.Limit:
		return n.Limit >= 0 && n.Limit <= maxCross || bounded(n.Input)
	case *plan.Aggregate:
		return len(n.Keys) == 0 || bounded(n.Input)
	case *plan.Project, *plan.Filter, *plan.Sort:
		return bounded(n.Inputs()[0])
	}
	return false
}
