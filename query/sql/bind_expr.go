package sql

import (
	"fmt"
	"slices"

	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// binder turns expressions as written into expressions over the columns of a
// scope. The first error sticks in err.
type binder struct {
	fn.Typer
	params params
	sub    func(n node) *plan.Expr // binds a subquery
	level
}

// level is what changes with the SELECT that is bound.
type level struct {
	sc    *scope
	parts *selectParts
	agg   *aggScope // set while binding behind GROUP BY
	deep  int       // of aggregates around the expression
	// windows is set where window functions may stand.
	windows *windowScope
	// structure is what the SELECT asks of the structure of traces; inStructure is
	// set for conditions on other spans.
	structure   *structureScope
	inStructure bool

	// aliases are the names of the SELECT list where they may be used, before
	// the input's columns where aliasFirst is set, else behind those that the
	// input declares. They are always before attributes.
	aliases    nameIndex[node]
	aliasFirst bool
	bound      map[node]*plan.Expr // what aliases stand for
}

// aggScope is what expressions behind GROUP BY may use.
type aggScope struct {
	keys     []node
	keyExprs []*plan.Expr
	calls    []*callNode
	aggs     []*plan.AggCall
	distinct bool // the groups are those of SELECT DISTINCT
	// from and to are what WHERE says of the timestamp, 0 for nothing.
	from, to int64
	apart    bool // no points of metrics are added that do not add up
}

// expr binds one expression.
func (b *binder) expr(n node) *plan.Expr {
	if b.Err != nil {
		return plan.Null()
	}
	if id, ok := n.(*identNode); ok {
		if e := b.alias(id); e != nil {
			return e
		}
	}
	if b.agg != nil && b.deep == 0 {
		for i, k := range b.agg.keys {
			if equalNodes(n, k) || b.sameColumn(n, k) {
				return b.agg.keyExprs[i].As(i)
			}
		}
	}
	switch n := n.(type) {
	case *litNode:
		return plan.Const(n.val.Type, n.val)
	case *paramNode:
		v, err := b.params.get(n.name)
		if err != nil {
			return b.Fail(n.pos, "%s", err)
		}
		return plan.Const(v.Type, v)
	case *identNode:
		return b.ident(n)
	case *indexNode:
		return b.attribute(n)
	case *subNode:
		return b.sub(n)
	case *unaryNode:
		return b.unary(n)
	case *binaryNode:
		return b.binary(n)
	case *inNode:
		return b.in(n)
	case *betweenNode:
		return b.between(n)
	case *isNode:
		return b.is(n)
	case *caseNode:
		return b.caseExpr(n)
	case *castNode:
		return b.Cast(b.expr(n.x), fn.CastTypeOf[n.to])
	case *timeNode:
		ns, err := types.ParseTime(n.text, b.Zone)
		if err != nil {
			return b.Fail(n.pos, "%s", err)
		}
		return plan.Const(types.Time, types.NewInt(types.Time, ns))
	case *intervalNode:
		if n.val.Months != 0 {
			return b.Fail(n.pos, "%s has no fixed length: it can be added to a timestamp, or be the width of time_bucket", nodeString(n))
		}
		return b.interval(n)
	case *zoneNode:
		return b.atTimeZone(n)
	case *callNode:
		return b.call(n)
	}
	return b.Fail(n.At(), "unknown expression")
}

// attribute binds attributes['key'].
func (b *binder) attribute(n *indexNode) *plan.Expr {
	r, msg := b.sc.tableOf(n)
	if msg != "" {
		return b.Fail(n.pos, "%s", msg)
	}
	e := b.sc.use(r, r.attribute(n.key, placeOf(n.base), false))
	if b.sc.unsent(e) {
		b.Warn(n.pos, "no row has %s%s", types.Clip(nodeString(n)), b.sc.elsewhere(r, n.key, placeOf(n.base)))
	}
	return b.input(e, n)
}

// sameColumn reports whether two names mean one column, such as service and
// spans.service.
func (b *binder) sameColumn(x, y node) bool {
	l, ok := x.(*identNode)
	if !ok {
		return false
	}
	r, ok := y.(*identNode)
	return ok && b.sc.sameColumn(l, r)
}

func (b *binder) ident(n *identNode) *plan.Expr {
	if n.qual == "" && !n.quoted {
		if e := b.structureColumn(n.name, n); e != nil {
			return e
		}
	}
	e, msg := b.sc.resolve(n)
	if msg != "" {
		return b.Fail(n.pos, "%s", msg)
	}
	return b.input(b.known(e, n), n)
}

// known warns of an attribute that no row has.
func (b *binder) known(e *plan.Expr, n *identNode) *plan.Expr {
	if b.sc.unsent(e) {
		name := b.sc.local(n)
		b.Warn(n.pos, "no row has %s%s", types.Clip(name), b.sc.suggestFor(n))
	}
	return e
}

// alias binds what the SELECT list calls n, in which aliases mean nothing, and
// returns nil where it calls nothing so. It binds once, however often the
// alias is used.
func (b *binder) alias(n *identNode) *plan.Expr {
	if b.deep > 0 || n.qual != "" {
		return nil
	}
	list := b.aliases.find(n.name)
	switch {
	case len(list) == 0 || !b.aliasFirst && b.sc.declares(n):
		return nil
	case len(list) == 2:
		return b.Fail(n.pos, "%s", ambiguous(n.name, list[0], list[1]))
	}
	e, ok := b.bound[list[0]]
	if !ok {
		aliases := b.aliases
		b.aliases = nameIndex[node]{}
		e = b.expr(list[0]).Share()
		b.aliases = aliases
		b.bound[list[0]] = e
	}
	return e
}

func ambiguous(name string, x, y node) string {
	return fmt.Sprintf("%s is ambiguous: SELECT calls %s and %s so", types.Clip(name), types.Clip(nodeString(x)), types.Clip(nodeString(y)))
}

// input checks that a column of the input may be used where it stands.
func (b *binder) input(e *plan.Expr, n node) *plan.Expr {
	if b.agg != nil && b.deep == 0 && !e.IsConst() {
		if b.agg.distinct {
			return b.Fail(n.At(), "with DISTINCT, ORDER BY can only use what SELECT lists")
		}
		hint, name := "", types.Clip(nodeString(n))
		if id, ok := n.(*identNode); ok && b.sc.unsent(e) {
			hint = "; no row has it" + b.sc.suggestFor(id)
		}
		return b.Fail(n.At(), "column %s must stand in GROUP BY or inside an aggregate such as any(%s)%s", name, name, hint)
	}
	return e
}

func (b *binder) unary(n *unaryNode) *plan.Expr {
	x := b.expr(n.x)
	if n.op == "NOT" {
		return b.Not(b.Condition(x, n.x))
	}
	return b.Negate(x, n.x)
}

func (b *binder) binary(n *binaryNode) *plan.Expr {
	// A long chain is a left-deep tree; its depth is bounded by maxChain.
	l, r := b.operand(n.l), b.operand(n.r)
	if b.Err != nil {
		return plan.Null()
	}
	switch n.op {
	case "AND", "OR":
		absorbing := types.Bit(n.op == "OR")
		return b.Logic(absorbing, b.Condition(l, n.l), b.Condition(r, n.r))
	case "+", "-", "*", "/", "%":
		return b.Arith(n.sides(), l, r)
	case "||":
		return b.Concat(l, r)
	case "LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE":
		if n.escape == nil {
			return b.Like(n.sides(), l, r, nil, nil)
		}
		return b.Like(n.sides(), l, r, b.expr(n.escape), n.escape)
	case "~", "!~":
		return b.Regex(n.sides(), l, r)
	}
	return b.Compare(CompareOps[n.op], l, r, n.sides())
}

// operand is expr where an interval of months may stand.
func (b *binder) operand(n node) *plan.Expr {
	if i, ok := n.(*intervalNode); ok && b.Err == nil {
		return b.interval(i)
	}
	return b.expr(n)
}

func (b *binder) between(n *betweenNode) *plan.Expr {
	x, lo, hi := b.expr(n.x).Share(), b.expr(n.lo), b.expr(n.hi)
	at := &fn.Sides{L: n.x, R: n.lo, Pos: n.pos}
	ge := b.Compare(column.Ge, x, lo, at)
	at = &fn.Sides{L: n.x, R: n.hi, Pos: n.pos}
	le := b.Compare(column.Le, x, hi, at)
	e := b.Logic(0, ge, le)
	if n.not {
		return b.Not(e)
	}
	return e
}

func (b *binder) is(n *isNode) *plan.Expr {
	x := b.expr(n.x)
	if n.what == "NULL" {
		return b.IsNull(x, n.not)
	}
	return b.IsBool(b.Condition(x, n.x), n.what == "TRUE", n.not)
}

func (b *binder) caseExpr(n *caseNode) *plan.Expr {
	var conds, values []*plan.Expr
	var operand *plan.Expr
	if n.operand != nil {
		operand = b.expr(n.operand).Share()
	}
	for _, w := range n.whens {
		if operand != nil {
			at := &fn.Sides{L: n.operand, R: w.cond, Pos: w.cond.At()}
			conds = append(conds, b.Compare(column.Eq, operand, b.expr(w.cond), at))
		} else {
			conds = append(conds, b.Condition(b.expr(w.cond), w.cond))
		}
		values = append(values, b.expr(w.then))
	}
	other := plan.Null()
	if n.other != nil {
		other = b.expr(n.other)
	}
	if b.Err != nil {
		return plan.Null()
	}
	return b.Choose(conds, append(values, other))
}

func (b *binder) call(n *callNode) *plan.Expr {
	if n.over != nil {
		return b.window(n)
	}
	if slices.Contains(structureTests, n.name) {
		return b.structureTest(n)
	}
	if len(n.args) == 0 && !n.star {
		if e := b.structureColumn(n.name, n); e != nil {
			return e
		}
	}
	if a, ok := fn.Aggregates[n.name]; ok {
		return b.aggregate(n, a)
	}
	if _, ok := fn.Windows[n.name]; ok {
		return b.Fail(n.pos, "%s needs OVER (…): it is a window function", n.name)
	}
	if _, ok := fn.Functions[n.name]; !ok {
		return b.Unknown(n.call())
	}
	if n.star || n.distinct || n.filter != nil {
		return b.Fail(n.pos, "*, DISTINCT and FILTER belong to aggregates; %s is a function", n.name)
	}
	args := make([]*plan.Expr, len(n.args))
	for i, a := range n.args {
		if fn.TakesInterval(n.name) {
			args[i] = b.operand(a)
		} else {
			args[i] = b.expr(a)
		}
	}
	return b.Function(n.call(), args)
}

// in binds x [NOT] IN (list).
func (b *binder) in(n *inNode) *plan.Expr {
	if n.sub != nil {
		return b.sub(n)
	}
	x := b.expr(n.x)
	list, at := b.inList(n)
	return b.IsIn(x, n.x, list, at, n.not, n.pos)
}

// inList binds the elements of a list, and returns where each was written:
// a parameter may stand for any number of them.
func (b *binder) inList(n *inNode) (list []*plan.Expr, at []fn.Syntax) {
	for _, item := range n.list {
		if p, ok := item.(*paramNode); ok {
			vals, isList, err := b.params.list(p.name)
			if err != nil {
				b.Fail(p.pos, "%s", err)
			}
			for _, v := range vals {
				list, at = append(list, plan.Const(v.Type, v)), append(at, fn.Syntax(item))
			}
			if isList {
				continue
			}
		}
		list, at = append(list, b.expr(item)), append(at, fn.Syntax(item))
	}
	return list, at
}

// interval binds INTERVAL '…'.
func (b *binder) interval(n *intervalNode) *plan.Expr { return fn.ConstInterval(&n.val) }

// atTimeZone binds x AT TIME ZONE zone: the same instant, shown in that zone
// and computed with by its days and months. Text without an offset of its own
// is the time on a clock there.
func (b *binder) atTimeZone(n *zoneNode) *plan.Expr {
	zone := b.LoadZone(b.expr(n.zone), n.zone)
	outer := b.Zone
	var x *plan.Expr
	switch arg := n.x.(type) {
	case *timeNode, *litNode, *paramNode:
		b.Zone = zone
		x = b.Timestamp(b.expr(arg), arg, "AT TIME ZONE")
		b.Zone = outer
	default:
		x = b.Timestamp(b.expr(arg), arg, "AT TIME ZONE")
	}
	y := *x // which others may share
	y.Zone = zone
	return &y
}

// CompareOps maps the operators to what a predicate calls them.
var CompareOps = map[string]column.Op{
	"=": column.Eq, "!=": column.Ne, "<": column.Lt, "<=": column.Le, ">": column.Gt, ">=": column.Ge,
}
