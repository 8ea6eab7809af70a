package query

import (
	"fmt"

	"github.com/ttlog/ttlog/storage/column"
)

// binder turns expressions as written into expressions over the columns of a
// scope. The first error sticks in err.
type binder struct {
	typer
	params params

	sc   *scope
	agg  *aggScope // set while binding behind GROUP BY
	deep int       // of aggregates around the expression

	// aliases are the names of the SELECT list where they may be used, before
	// the input's columns where aliasFirst is set, else behind those that the
	// input declares. They are always before attributes.
	aliases    nameIndex[node]
	aliasFirst bool
	bound      map[node]*expr // what aliases stand for
}

// aggScope is what expressions behind GROUP BY may use.
type aggScope struct {
	keys     []node
	keyExprs []*expr
	calls    []*callNode
	aggs     []*aggCall
	distinct bool // the groups are those of SELECT DISTINCT
	// from and to are what WHERE says of the timestamp, 0 for nothing.
	from, to int64
}

// expr binds one expression.
func (b *binder) expr(n node) *expr {
	if b.err != nil {
		return nullExpr()
	}
	if id, ok := n.(*identNode); ok {
		if e := b.alias(id); e != nil {
			return e
		}
	}
	if b.agg != nil && b.deep == 0 {
		for i, k := range b.agg.keys {
			if equalNodes(n, k) || b.sameColumn(n, k) {
				return b.agg.keyExprs[i].at(i)
			}
		}
	}
	switch n := n.(type) {
	case *litNode:
		return constExpr(n.val.t, n.val)
	case *paramNode:
		v, err := b.params.get(n.name)
		if err != nil {
			return b.fail(n.pos, "%s", err)
		}
		return constExpr(v.t, v)
	case *identNode:
		return b.ident(n)
	case *indexNode:
		if !b.sc.table {
			return b.fail(n.pos, "%s[…] reads attributes of a table; the query reads a subquery", n.base)
		}
		e := b.sc.attribute(n.key, placeOf(n.base), false)
		if b.sc.unsent(e) {
			b.warn(n.pos, "no row has %s%s", clip(nodeString(n)), b.sc.elsewhere(n.key, placeOf(n.base)))
		}
		return b.input(e, n)
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
		return b.cast(b.expr(n.x), castTypeOf[n.to])
	case *timeNode:
		ns, err := parseTime(n.text, b.zone)
		if err != nil {
			return b.fail(n.pos, "%s", err)
		}
		return constExpr(typeTime, intValue(typeTime, ns))
	case *intervalNode:
		if n.val.months != 0 {
			return b.fail(n.pos, "%s has no fixed length: it can be added to a timestamp, or be the width of time_bucket", nodeString(n))
		}
		return b.interval(n)
	case *zoneNode:
		return b.atTimeZone(n)
	case *callNode:
		return b.call(n)
	}
	return b.fail(n.at(), "unknown expression")
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

func (b *binder) ident(n *identNode) *expr {
	e, msg := b.sc.resolve(n)
	if msg != "" {
		return b.fail(n.pos, "%s", msg)
	}
	return b.input(b.known(e, n), n)
}

// known warns of an attribute that no row has.
func (b *binder) known(e *expr, n *identNode) *expr {
	if b.sc.unsent(e) {
		name := b.sc.local(n)
		b.warn(n.pos, "no row has %s%s", clip(name), b.sc.suggest(name, n.quoted))
	}
	return e
}

// alias binds what the SELECT list calls n, in which aliases mean nothing, and
// returns nil where it calls nothing so. It binds once, however often the
// alias is used.
func (b *binder) alias(n *identNode) *expr {
	if b.deep > 0 || n.qual != "" {
		return nil
	}
	list := b.aliases.find(n.name)
	switch {
	case len(list) == 0 || !b.aliasFirst && b.sc.declares(n):
		return nil
	case len(list) == 2:
		return b.fail(n.pos, "%s", ambiguous(n.name, list[0], list[1]))
	}
	e, ok := b.bound[list[0]]
	if !ok {
		aliases := b.aliases
		b.aliases = nameIndex[node]{}
		e = b.expr(list[0]).share()
		b.aliases = aliases
		b.bound[list[0]] = e
	}
	return e
}

func ambiguous(name string, x, y node) string {
	return fmt.Sprintf("%s is ambiguous: SELECT calls %s and %s so", clip(name), clip(nodeString(x)), clip(nodeString(y)))
}

// input checks that a column of the input may be used where it stands.
func (b *binder) input(e *expr, n node) *expr {
	if b.agg != nil && b.deep == 0 && !e.isConst() {
		if b.agg.distinct {
			return b.fail(n.at(), "with DISTINCT, ORDER BY can only use what SELECT lists")
		}
		hint, name := "", clip(nodeString(n))
		if id, ok := n.(*identNode); ok && b.sc.unsent(e) {
			hint = "; no row has it" + b.sc.suggest(b.sc.local(id), id.quoted)
		}
		return b.fail(n.at(), "column %s must stand in GROUP BY or inside an aggregate such as any(%s)%s", name, name, hint)
	}
	return e
}

func (b *binder) unary(n *unaryNode) *expr {
	x := b.expr(n.x)
	if n.op == "NOT" {
		return b.not(b.condition(x, n.x))
	}
	return b.negate(x, n.x)
}

func (b *binder) binary(n *binaryNode) *expr {
	// A long chain is a left-deep tree; its depth is bounded by maxChain.
	l, r := b.operand(n.l), b.operand(n.r)
	if b.err != nil {
		return nullExpr()
	}
	switch n.op {
	case "AND", "OR":
		absorbing := bit(n.op == "OR")
		return b.logic(absorbing, b.condition(l, n.l), b.condition(r, n.r))
	case "+", "-", "*", "/", "%":
		return b.arith(n.sides(), l, r)
	case "||":
		return b.concat(l, r)
	case "LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE":
		if n.escape == nil {
			return b.like(n.sides(), l, r, nil, nil)
		}
		return b.like(n.sides(), l, r, b.expr(n.escape), n.escape)
	case "~", "!~":
		return b.regex(n.sides(), l, r)
	}
	return b.compare(compareOps[n.op], l, r, n.sides())
}

// operand is expr where an interval of months may stand.
func (b *binder) operand(n node) *expr {
	if i, ok := n.(*intervalNode); ok && b.err == nil {
		return b.interval(i)
	}
	return b.expr(n)
}

func (b *binder) between(n *betweenNode) *expr {
	x, lo, hi := b.expr(n.x).share(), b.expr(n.lo), b.expr(n.hi)
	at := &sides{l: n.x, r: n.lo, pos: n.pos}
	ge := b.compare(column.Ge, x, lo, at)
	at = &sides{l: n.x, r: n.hi, pos: n.pos}
	le := b.compare(column.Le, x, hi, at)
	e := b.logic(0, ge, le)
	if n.not {
		return b.not(e)
	}
	return e
}

func (b *binder) is(n *isNode) *expr {
	x := b.expr(n.x)
	if n.what == "NULL" {
		return b.isNull(x, n.not)
	}
	return b.isBool(b.condition(x, n.x), n.what == "TRUE", n.not)
}

func (b *binder) caseExpr(n *caseNode) *expr {
	var conds, values []*expr
	var operand *expr
	if n.operand != nil {
		operand = b.expr(n.operand).share()
	}
	for _, w := range n.whens {
		if operand != nil {
			at := &sides{l: n.operand, r: w.cond, pos: w.cond.at()}
			conds = append(conds, b.compare(column.Eq, operand, b.expr(w.cond), at))
		} else {
			conds = append(conds, b.condition(b.expr(w.cond), w.cond))
		}
		values = append(values, b.expr(w.then))
	}
	other := nullExpr()
	if n.other != nil {
		other = b.expr(n.other)
	}
	if b.err != nil {
		return nullExpr()
	}
	return b.choose(conds, append(values, other))
}

func (b *binder) call(n *callNode) *expr {
	if a, ok := aggregates[n.name]; ok {
		return b.aggregate(n, a)
	}
	if _, ok := functions[n.name]; !ok {
		return b.unknown(n.call())
	}
	if n.star || n.distinct || n.filter != nil {
		return b.fail(n.pos, "*, DISTINCT and FILTER belong to aggregates; %s is a function", n.name)
	}
	args := make([]*expr, len(n.args))
	for i, a := range n.args {
		if takesInterval(n.name) {
			args[i] = b.operand(a)
		} else {
			args[i] = b.expr(a)
		}
	}
	return b.function(n.call(), args)
}

// in binds x [NOT] IN (list).
func (b *binder) in(n *inNode) *expr {
	x := b.expr(n.x)
	list, at := b.inList(n)
	return b.isIn(x, n.x, list, at, n.not, n.pos)
}

// inList binds the elements of a list, and returns where each was written:
// a parameter may stand for any number of them.
func (b *binder) inList(n *inNode) (list []*expr, at []syntaxPiece) {
	for _, item := range n.list {
		if p, ok := item.(*paramNode); ok {
			vals, isList, err := b.params.list(p.name)
			if err != nil {
				b.fail(p.pos, "%s", err)
			}
			for _, v := range vals {
				list, at = append(list, constExpr(v.t, v)), append(at, syntaxPiece(item))
			}
			if isList {
				continue
			}
		}
		list, at = append(list, b.expr(item)), append(at, syntaxPiece(item))
	}
	return list, at
}

// interval binds INTERVAL '…'.
func (b *binder) interval(n *intervalNode) *expr { return constInterval(&n.val) }

// atTimeZone binds x AT TIME ZONE zone: the same instant, shown in that zone
// and computed with by its days and months. Text without an offset of its own
// is the time on a clock there.
func (b *binder) atTimeZone(n *zoneNode) *expr {
	zone := b.loadZone(b.expr(n.zone), n.zone)
	outer := b.zone
	var x *expr
	switch arg := n.x.(type) {
	case *timeNode, *litNode, *paramNode:
		b.zone = zone
		x = b.timestamp(b.expr(arg), arg, "AT TIME ZONE")
		b.zone = outer
	default:
		x = b.timestamp(b.expr(arg), arg, "AT TIME ZONE")
	}
	y := *x // which others may share
	y.zone = zone
	return &y
}

// compareOps maps the operators to what a predicate calls them.
var compareOps = map[string]column.Op{
	"=": column.Eq, "!=": column.Ne, "<": column.Lt, "<=": column.Le, ">": column.Gt, ">=": column.Ge,
}
