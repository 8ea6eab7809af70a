package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

// binder turns expressions as written into expressions over the columns of a
// scope. The first error sticks in err.
type binder struct {
	sql    string
	params params
	now    int64
	zone   *time.Location // of literals, of what is shown, of days and months
	err    error

	warnings []Warning

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

func (b *binder) fail(pos int, format string, args ...any) *expr {
	if b.err == nil {
		b.err = errorAt(b.sql, pos, format, args...)
	}
	return nullExpr()
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
		x = b.condition(x, n.x)
		return callExpr("NOT", typeBool, notKernel, x)
	}
	x = b.number(x, n.x, "-")
	if x.typ == typeNull {
		return x
	}
	return callExpr("-", x.typ, negateKernel(x.typ), x)
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
		return b.arith(n, l, r)
	case "||":
		return b.concat(l, r)
	case "LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE":
		return b.like(n, l, r)
	case "~", "!~":
		return b.regex(n, l, r)
	}
	return b.compare(compareOps[n.op], l, r, n)
}

// operand is expr where an interval of months may stand.
func (b *binder) operand(n node) *expr {
	if i, ok := n.(*intervalNode); ok && b.err == nil {
		return b.interval(i)
	}
	return b.expr(n)
}

func (b *binder) logic(absorbing int64, l, r *expr) *expr {
	e := callExpr(logicName[absorbing], typeBool, andOr(absorbing), l, r)
	if absorbing == 1 {
		e.push = orPushdown(l, r)
	}
	e.and = absorbing == 0 && !e.isConst()
	return e
}

func (b *binder) arith(n *binaryNode, l, r *expr) *expr {
	switch {
	case l.typ == typeTime && r.interval.calendar() && n.op == "+":
		return b.addInterval(l, *r.interval, 1)
	case l.typ == typeTime && r.interval.calendar() && n.op == "-":
		return b.addInterval(l, *r.interval, -1)
	case r.typ == typeTime && l.interval.calendar() && n.op == "+":
		return b.addInterval(r, *l.interval, 1)
	}
	fix := func(x *expr, at node) *expr {
		if x.typ == typeTime {
			return x
		}
		return b.number(x, at, n.op)
	}
	loose := l.loose || r.loose
	l, r = fix(l, n.l), fix(r, n.r)
	if l.typ == typeNull || r.typ == typeNull {
		return nullExpr()
	}
	t, fn, ok := arithKernel(n.op, l.typ, r.typ)
	if !ok && loose {
		b.warn(n.pos, "%s %s %s cannot be computed", typeName(l.typ), n.op, typeName(r.typ))
		return nullExpr()
	}
	if !ok {
		return b.fail(n.pos, "cannot compute %s %s %s", typeName(l.typ), n.op, typeName(r.typ))
	}
	e := callExpr(n.op, t, fn, l, r)
	if t == typeTime {
		e.likeAny([]*expr{l, r})
	}
	return e
}

func (b *binder) concat(l, r *expr) *expr {
	l, r = b.cast(l, typeStr), b.cast(r, typeStr)
	return callExpr("||", typeStr, perRow(typeStr, func(ev *eval, a []value) value {
		x, y := a[0].s, a[1].s
		if !ev.spend(len(x) + len(y)) {
			return value{}
		}
		return strValue(typeStr, x+y)
	}), l, r)
}

func (b *binder) between(n *betweenNode) *expr {
	x, lo, hi := b.expr(n.x).share(), b.expr(n.lo), b.expr(n.hi)
	at := &binaryNode{l: n.x, r: n.lo, pos: n.pos}
	ge := b.compare(column.Ge, x, lo, at)
	at = &binaryNode{l: n.x, r: n.hi, pos: n.pos}
	le := b.compare(column.Le, x, hi, at)
	e := b.logic(0, ge, le)
	if n.not {
		return callExpr("NOT", typeBool, notKernel, e)
	}
	return e
}

func (b *binder) is(n *isNode) *expr {
	x := b.expr(n.x)
	if n.what == "NULL" {
		return callExpr(isName(n.what, n.not), typeBool, isNullKernel(n.not), x)
	}
	return callExpr(isName(n.what, n.not), typeBool, isBoolKernel(bit(n.what == "TRUE"), n.not), b.condition(x, n.x))
}

func (b *binder) caseExpr(n *caseNode) *expr {
	var conds, values []*expr
	var operand *expr
	if n.operand != nil {
		operand = b.expr(n.operand).share()
	}
	for _, w := range n.whens {
		if operand != nil {
			at := &binaryNode{l: n.operand, r: w.cond, pos: w.cond.at()}
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
	values = append(values, other)
	t := unify(values)
	var args []*expr
	for i, c := range conds {
		args = append(args, c, values[i])
	}
	return callExpr("CASE", t, caseKernel(t), append(args, values[len(values)-1])...).likeAny(values)
}

func (b *binder) call(n *callNode) *expr {
	if a, ok := aggregates[n.name]; ok {
		return b.aggregate(n, a)
	}
	f, ok := functions[n.name]
	if !ok {
		var known []string
		for name := range functions {
			known = append(known, name)
		}
		for name := range aggregates {
			known = append(known, name)
		}
		if near := nearest(n.name, sorted(known)); near != "" {
			return b.fail(n.pos, "unknown function %s; did you mean %s?", clip(n.name), near)
		}
		return b.fail(n.pos, "unknown function %s", clip(n.name))
	}
	if n.star || n.distinct || n.filter != nil {
		return b.fail(n.pos, "*, DISTINCT and FILTER belong to aggregates; %s is a function", n.name)
	}
	if len(n.args) < f.min || f.max >= 0 && len(n.args) > f.max {
		return b.fail(n.pos, "%s takes %s, found %d", n.name, argCount(f.min, f.max), len(n.args))
	}
	args := make([]*expr, len(n.args))
	for i, a := range n.args {
		if n.name == "time_bucket" {
			args[i] = b.operand(a)
		} else {
			args[i] = b.expr(a)
		}
	}
	if b.err != nil {
		return nullExpr()
	}
	return f.bind(b, n, args)
}

func argCount(lo, hi int) string {
	switch {
	case hi < 0:
		return fmt.Sprintf("at least %d arguments", lo)
	case lo == 1 && hi == 1:
		return "1 argument"
	case lo == hi:
		return strconv.Itoa(lo) + " arguments"
	}
	return fmt.Sprintf("%d to %d arguments", lo, hi)
}

// clip shortens text that goes into a message.
func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "…"
}

// logicName are AND and OR by what decides them alone.
var logicName = [2]string{"AND", "OR"}

func isName(what string, not bool) string {
	if not {
		return "IS NOT " + what
	}
	return "IS " + what
}

func inName(not bool) string {
	if not {
		return "NOT IN"
	}
	return "IN"
}
