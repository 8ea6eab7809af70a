package sql

import (
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// joinKinds are what the words between relations mean.
var joinKinds = map[string]plan.JoinKind{
	joinInner: plan.InnerJoin, joinCross: plan.InnerJoin, joinLeft: plan.LeftJoin, joinSemi: plan.SemiJoin, joinAnti: plan.AntiJoin,
	joinRight: plan.LeftJoin, joinFull: plan.LeftJoin, // see scope.tree
}

// from binds the relations behind FROM, from left to right: a condition knows
// those before it.
func (p *planner) from(s *selectStmt) {
	names := s.attrNames()
	for _, t := range s.from {
		r := p.relation(t, names)
		if p.Err != nil {
			return
		}
		r.kind, r.words, r.pos = joinKinds[t.join], t.join, t.pos
		sides := p.usingSides(t)
		if !p.sc.add(r) {
			p.Fail(t.pos, "two of the relations behind FROM are called %s; give one another alias", types.Clip(r.alias))
			return
		}
		p.using(r, t, sides)
		if t.on != nil {
			r.on = conjuncts(p.Condition(p.expr(t.on), t.on), nil)
		}
		r.hidden = r.kind == plan.SemiJoin || r.kind == plan.AntiJoin
	}
}

// relation binds one relation.
func (p *planner) relation(t *tableRef, attrs []string) *relation {
	switch {
	case t.sub != nil:
		return p.subRelation(t.sub, t.alias)
	case t.array != nil:
		return p.unnest(t)
	}
	alias := t.alias
	if alias == "" {
		alias = t.name
	}
	if i := p.withNamed(t.name); i >= 0 {
		known := p.with
		defer func() { p.with = known }()
		p.with = p.with[:i]
		return p.subRelation(known[i].sub, alias)
	}
	if v := p.schemaTable(t.name); v != nil {
		return valuesRelation(v, alias)
	}
	sig, ok := plan.Tables[strings.ToLower(t.name)]
	if !ok {
		p.Fail(t.pos, "unknown table %s, expected spans, traces, logs or metrics", types.Clip(t.name))
		return nil
	}
	refs, err := p.catalog.Attributes(p.ctx, sig, attrs)
	if err != nil {
		p.Err = err
		return nil
	}
	return newTable(sig, strings.ToLower(t.name), alias, refs)
}

// withNamed returns which item of WITH has the name, or -1.
func (p *planner) withNamed(name string) int {
	for i, w := range slices.Backward(p.with) {
		if strings.EqualFold(w.name, name) {
			return i
		}
	}
	return -1
}

func (p *planner) subRelation(s *selectStmt, alias string) *relation {
	if p.selects++; p.selects > maxBound {
		p.Fail(s.pos, "more than %d subqueries, each use of a name of WITH being one", maxBound)
		return nil
	}
	sub := p.plan(s)
	if p.Err != nil {
		return nil
	}
	return subRelation(sub, alias)
}

// unnest binds UNNEST(array): it reads columns of the relations before it.
func (p *planner) unnest(t *tableRef) *relation {
	if len(p.sc.visible()) == 0 {
		p.Fail(t.pos, "UNNEST takes apart an array of a relation before it: FROM spans, UNNEST(events) AS e")
		return nil
	}
	switch t.join {
	case joinCross:
	default:
		p.Fail(t.pos, "UNNEST stands behind a comma or CROSS JOIN")
		return nil
	}
	e := p.expr(t.array)
	if p.Err != nil {
		return nil
	}
	r := &relation{alias: t.alias, array: p.Cast(e, types.String), index: map[string]int{}}
	if of, c := p.sc.tableColumn(e); of != nil && !c.Attribute && plan.Lists[c.Name] != nil {
		r.list = c.Name
	}
	return r
}

// tree returns the rows of all relations, joined, and where it is another one,
// the number that the column of each number has there.
func (s *scope) tree() (n plan.Node, to func(int) int) {
	n = &plan.Row{}
	width, first := 0, map[*relation]int{} // where its columns begin
	number := func(i int) int {
		if i >= firstStructure { // of what stands behind
			return i
		}
		return first[s.cols[i].rel] + s.cols[i].at
	}
	for i, r := range s.rels {
		first[r] = width
		switch {
		case r.array != nil:
			n = &plan.Unnest{Input: n, Array: plan.Numbered(number).Expr(r.array), Items: r.items()}
		case i == 0 && !r.hidden:
			n = r.rows()
		case r.words == joinRight:
			n = r.rightJoin(n, width, number)
		case r.words == joinFull:
			n = r.fullJoin(n, width, number)
		default:
			n = r.join(n, width, number)
		}
		if r.kind != plan.SemiJoin && r.kind != plan.AntiJoin {
			width += len(r.cols)
		}
	}
	for i := range s.cols {
		if number(i) != i {
			return n, number
		}
	}
	return n, nil
}

// join joins the relation with the rows of n, which has width columns. number
// tells what column of them a column of the scope is.
func (r *relation) join(n plan.Node, width int, number func(int) int) plan.Node {
	to := number
	if r.expression {
		to = func(i int) int {
			if i >= firstOuter {
				return number(i - firstOuter)
			}
			return width + i
		}
	}
	return &plan.Join{Left: n, Right: r.rows(), Kind: r.kind, On: plan.Numbered(to).Exprs(r.on), Nulls: r.nulls, Single: r.single}
}

// where binds the condition, each part of it that AND joins for itself: one that
// is a subquery alone is a join that leaves rows out.
func (p *planner) where(out *selectParts, n node) {
	if b, ok := n.(*binaryNode); ok && b.op == "AND" {
		p.where(out, b.l)
		p.where(out, b.r)
		return
	}
	if p.Err == nil && !p.filters(n) {
		out.where = conjuncts(p.Condition(p.expr(n), n), out.where)
	}
}
