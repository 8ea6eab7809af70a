package query

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// syntaxPiece is a piece of a query's text, for messages about it.
type syntaxPiece interface {
	// at returns the byte offset of the piece in the text.
	at() int
	// String returns it as it could have been written.
	String() string
}

// call is a call of a function or an aggregate as it was written.
type call struct {
	name           string
	args           []syntaxPiece
	star, distinct bool // as in count(*), count(distinct x)
	pos            int
}

// sides are an operator and what was written on its sides.
type sides struct {
	op   string
	l, r syntaxPiece
	pos  int // of the operator
}

// columns is what a language knows of the columns that expressions name.
type columns interface {
	// narrow restricts a column with values of several types to those types that
	// keep accepts. Other expressions are returned as they are.
	narrow(e *expr, keep func(Type) bool) *expr
	// isSeverity reports whether e is the severity number of a log record.
	isSeverity(e *expr) bool
	// covered returns how many nanoseconds each group covers, 0 where that is
	// open, below 0 where groups differ.
	covered() int64
}

// typer builds typed expressions for a language: operators, functions and
// aggregates over expressions that are bound already. The first error sticks in
// err, and what is built after it means nothing.
type typer struct {
	source  string // the text, for positions in messages
	now     int64
	zone    *time.Location // of literals, of what is shown, of days and months
	columns columns

	err      error
	warnings []Warning
}

func (b *typer) fail(pos int, format string, args ...any) *expr {
	if b.err == nil {
		b.err = errorAt(b.source, pos, format, args...)
	}
	return nullExpr()
}

// warn notes a warning about the byte offset pos, once for each message.
func (b *typer) warn(pos int, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if len(b.warnings) == maxWarnings || slices.ContainsFunc(b.warnings, func(w Warning) bool { return w.Message == msg }) {
		return
	}
	line, col := position(b.source, pos)
	b.warnings = append(b.warnings, Warning{Line: line, Column: col, Message: msg})
}

// zoneOf returns the zone in which e shows times and reads text.
func (b *typer) zoneOf(e *expr) *time.Location {
	if e.zone != nil {
		return e.zone
	}
	return b.zone
}

// loadZone reads the name of a zone, which has to be a constant.
func (b *typer) loadZone(e *expr, n syntaxPiece) *time.Location {
	if b.err != nil {
		return b.zone
	}
	if !e.isConst() || e.typ != typeStr || e.val.isNull() {
		b.fail(n.at(), "found %s, expected a time zone that is a string constant such as 'Europe/Berlin'", clip(n.String()))
		return b.zone
	}
	zone, err := LoadZone(e.val.s)
	if err != nil {
		b.fail(n.at(), "%s", err)
		return b.zone
	}
	return zone
}

// function builds the call of a function.
func (b *typer) function(n *call, args []*expr) *expr {
	f, ok := functions[n.name]
	if !ok {
		return b.unknown(n)
	}
	if len(args) < f.min || f.max >= 0 && len(args) > f.max {
		return b.fail(n.pos, "%s takes %s, found %d", n.name, argCount(f.min, f.max), len(args))
	}
	if b.err != nil {
		return nullExpr()
	}
	return f.bind(b, n, args)
}

// unknown fails with the function that was most likely meant.
func (b *typer) unknown(n *call) *expr {
	var known []string
	for name := range functions {
		known = append(known, name)
	}
	for name := range aggregates {
		known = append(known, name)
	}
	slices.Sort(known)
	if near := nearest(n.name, known); near != "" {
		return b.fail(n.pos, "unknown function %s; did you mean %s?", clip(n.name), near)
	}
	return b.fail(n.pos, "unknown function %s", clip(n.name))
}

// takesInterval reports whether a function takes an interval of months, which is
// no length of time.
func takesInterval(name string) bool { return name == "time_bucket" }

// checkAggregate checks the form of a call of an aggregate.
func (b *typer) checkAggregate(n *call, a aggregate) {
	switch {
	case n.star && n.name != "count":
		b.fail(n.pos, "only count takes *")
	case n.distinct && n.name != "count":
		b.fail(n.pos, "DISTINCT is for count(distinct x)")
	case len(n.args) < a.min || len(n.args) > a.max && !n.distinct:
		b.fail(n.pos, "%s takes %s, found %d", n.name, argCount(a.min, a.max), len(n.args))
	}
}

// aggregateCall builds the call of an aggregate whose form was checked. Only the
// rows that meet filter count, unless it is nil.
func (b *typer) aggregateCall(n *call, a aggregate, args []*expr, filter *expr) *aggCall {
	c := a.bind(b, n, args)
	if b.err != nil {
		return nil
	}
	filterArgs(c, filter)
	return c
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

// not negates a condition.
func (b *typer) not(x *expr) *expr { return callExpr("NOT", typeBool, notKernel, x) }

// negate is -x; n is x as it was written.
func (b *typer) negate(x *expr, n syntaxPiece) *expr {
	x = b.number(x, n, "-")
	if x.typ == typeNull {
		return x
	}
	return callExpr("-", x.typ, negateKernel(x.typ), x)
}

// isNull is x IS [NOT] NULL.
func (b *typer) isNull(x *expr, not bool) *expr {
	return callExpr(isName("NULL", not), typeBool, isNullKernel(not), x)
}

// isBool is x IS [NOT] TRUE or FALSE for a condition x.
func (b *typer) isBool(x *expr, want, not bool) *expr {
	word := map[bool]string{true: "TRUE", false: "FALSE"}[want]
	return callExpr(isName(word, not), typeBool, isBoolKernel(bit(want), not), x)
}

// choose is the value behind the first condition that is true, or the last.
func (b *typer) choose(conds, values []*expr) *expr {
	t := unify(values)
	var args []*expr
	for i, c := range conds {
		args = append(args, c, values[i])
	}
	return callExpr("CASE", t, caseKernel(t), append(args, values[len(values)-1])...).likeAny(values)
}

// logic is l AND r where absorbing is 0, l OR r where it is 1.
func (b *typer) logic(absorbing int64, l, r *expr) *expr {
	e := callExpr(logicName[absorbing], typeBool, andOr(absorbing), l, r)
	if absorbing == 1 {
		e.push = orPushdown(l, r)
	}
	e.and = absorbing == 0 && !e.isConst()
	return e
}

// arith is l op r for one of + - * / %.
func (b *typer) arith(n *sides, l, r *expr) *expr {
	switch {
	case l.typ == typeTime && r.interval.calendar() && n.op == "+":
		return b.addInterval(l, *r.interval, 1)
	case l.typ == typeTime && r.interval.calendar() && n.op == "-":
		return b.addInterval(l, *r.interval, -1)
	case r.typ == typeTime && l.interval.calendar() && n.op == "+":
		return b.addInterval(r, *l.interval, 1)
	}
	fix := func(x *expr, at syntaxPiece) *expr {
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

// concat is l || r.
func (b *typer) concat(l, r *expr) *expr {
	l, r = b.cast(l, typeStr), b.cast(r, typeStr)
	return callExpr("||", typeStr, perRow(typeStr, func(ev *eval, a []value) value {
		x, y := a[0].s, a[1].s
		if !ev.spend(len(x) + len(y)) {
			return value{}
		}
		return strValue(typeStr, x+y)
	}), l, r)
}

// constInterval is an interval as an expression.
func constInterval(i *interval) *expr {
	e := constExpr(typeInterval, value{})
	if i.months == 0 {
		ns, _ := i.duration()
		e = constExpr(typeDur, intValue(typeDur, ns))
	}
	e.interval = i
	return e
}

// addInterval is x + i or x - i for a timestamp x, by the calendar of its zone.
func (b *typer) addInterval(x *expr, i interval, sign int64) *expr {
	zone := b.zoneOf(x)
	months, days, rest := sign*i.months, sign*i.days, sign*i.ns
	return callExpr("+", typeTime, perRow(typeTime, func(_ *eval, a []value) value {
		if ns, ok := addCalendar(a[0].n, months, days, rest, zone); ok {
			return intValue(typeTime, ns)
		}
		return value{}
	}), x).with(textExpr(fmt.Sprintf("%d months %d days %s", months, days, formatDuration(rest)))).likeAny([]*expr{x})
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
