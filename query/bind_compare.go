package query

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/storage/column"
)

// compare binds a comparison; n tells where its sides stand.
func (b *binder) compare(op column.Op, l, r *expr, n *binaryNode) *expr {
	unknown := constExpr(typeBool, value{})
	if b.err != nil || l.typ == typeNull || r.typ == typeNull {
		return unknown
	}
	if op != column.Eq && op != column.Ne {
		if l.level && r.isConst() {
			return b.compareLevel(op, l, r, n)
		}
		if r.level && l.isConst() {
			return b.compareLevel(flipped[op], r, l, &binaryNode{l: n.r, r: n.l, pos: n.pos})
		}
	}
	if l.isConst() && (!r.isConst() || l.typ == typeStr) {
		l, r, op = r, l, flipped[op]
		n = &binaryNode{l: n.r, r: n.l, pos: n.pos}
	}
	var ok bool
	if r.isConst() {
		l, r, ok = b.alignConst(l, r, n)
	} else {
		l, r, ok = b.align(l, r, n)
	}
	if !ok {
		return unknown
	}
	e := callExpr(typeBool, compareKernel(op, l.typ, r.typ), l, r)
	if l.isCol() && r.isConst() {
		e.push = &pushdown{col: l.col, op: op, vals: []value{r.val}}
	}
	return e
}

func (b *binder) compareLevel(op column.Op, l, c *expr, n *binaryNode) *expr {
	rank, ok := levelRanks[strings.ToUpper(c.val.s)]
	if c.typ != typeStr || !ok {
		return b.fail(n.r.at(), "%s is not a level: TRACE, DEBUG, INFO, WARN, ERROR or FATAL", clip(nodeString(n.r)))
	}
	e := callExpr(typeBool, compareKernel(op, typeInt, typeInt), levelRank(l), constExpr(typeInt, intValue(typeInt, rank)))
	if !l.isCol() {
		return e
	}
	e.push = &pushdown{col: l.col, op: column.In}
	for name, r := range levelRanks {
		if holds(op, int(r-rank)) {
			e.push.vals = append(e.push.vals, strValue(typeStr, name))
		}
	}
	slices.SortFunc(e.push.vals, compareValues)
	return e
}

// alignConst gives the constant c the type of x, or picks of a mixed column x
// the type of the constant. It returns false where the comparison is NULL in
// every row.
func (b *binder) alignConst(x, c *expr, n *binaryNode) (*expr, *expr, bool) {
	if x.attr && x.isCol() {
		x = b.sc.narrow(x, func(t Type) bool { return comparableTypes(t, c.typ) })
		if x.typ == typeNull {
			return x, c, false
		}
	}
	if comparableTypes(x.typ, c.typ) || x.typ == typeAny || c.typ == typeAny {
		if x.level && c.typ == typeStr {
			c = constExpr(typeStr, strValue(typeStr, strings.ToUpper(c.val.s)))
		}
		return x, c, true
	}
	v, msg := constantAs(c.val, x.typ)
	if msg != "" {
		b.fail(n.r.at(), "%s", msg)
		return x, c, false
	}
	if v.isNull() {
		b.fail(n.pos, "cannot compare %s with %s", typeName(x.typ), typeName(c.typ))
		return x, c, false
	}
	return x, constExpr(v.t, v), true
}

// constantAs reads a constant as the type it is compared with: a string as a
// time, duration, id or bool, an integer as a time in nanoseconds.
func constantAs(v value, t Type) (value, string) {
	if v.t == typeInt && t == typeTime {
		return intValue(typeTime, v.n), ""
	}
	if v.t != typeStr {
		return value{}, ""
	}
	switch t {
	case typeTime:
		ns, err := parseTime(v.s)
		if err != nil {
			return value{}, err.Error()
		}
		return intValue(typeTime, ns), ""
	case typeDur:
		ns, err := parseInterval(v.s)
		if err != nil || v.s == "" {
			return value{}, quoteString(clip(v.s)) + " is not a duration such as 1.5s"
		}
		return intValue(typeDur, ns), ""
	case typeID:
		raw, err := hex.DecodeString(strings.TrimSpace(v.s))
		if err != nil {
			return value{}, quoteString(clip(v.s)) + " is not an id in hexadecimal"
		}
		return strValue(typeID, string(raw)), ""
	case typeBool:
		x := castBool(v)
		if x.isNull() {
			return value{}, quoteString(clip(v.s)) + " is neither true nor false"
		}
		return x, ""
	}
	return value{}, ""
}

// align makes two expressions comparable, neither of them a constant.
func (b *binder) align(l, r *expr, n *binaryNode) (*expr, *expr, bool) {
	switch {
	case comparableTypes(l.typ, r.typ), l.typ == typeAny, r.typ == typeAny:
		return l, r, true
	case l.typ == typeID && r.typ == typeStr:
		return castExpr(l, typeStr), lowerExpr(r), true
	case l.typ == typeStr && r.typ == typeID:
		return lowerExpr(l), castExpr(r, typeStr), true
	case l.attr || r.attr:
		// What type an attribute has is up to the data, not the query.
		return l, r, false
	}
	b.fail(n.pos, "cannot compare %s with %s", typeName(l.typ), typeName(r.typ))
	return l, r, false
}

// in binds x [NOT] IN (list).
func (b *binder) in(n *inNode) *expr {
	x := b.expr(n.x)
	list := make([]*expr, len(n.list))
	constant := true
	for i, item := range n.list {
		list[i] = b.expr(item)
		constant = constant && list[i].isConst()
	}
	if b.err != nil || x.typ == typeNull {
		return constExpr(typeBool, value{})
	}
	if !constant {
		return b.inAsOr(n, x, list)
	}
	if x.attr && x.isCol() {
		x = b.sc.narrow(x, func(t Type) bool {
			return slices.ContainsFunc(list, func(c *expr) bool { return comparableTypes(t, c.typ) })
		})
		if x.typ == typeNull {
			return constExpr(typeBool, value{})
		}
	}
	push := &pushdown{col: x.col, op: column.In}
	set, hasNull := map[value]bool{}, false
	for i, c := range list {
		if c.typ == typeNull || c.val.isNull() {
			hasNull = true
			continue
		}
		if x.attr && x.typ != typeAny && !comparableTypes(x.typ, c.typ) {
			continue // another type than any row has
		}
		_, c, ok := b.alignConst(x, c, &binaryNode{l: n.x, r: n.list[i], pos: n.pos})
		if !ok {
			return constExpr(typeBool, value{})
		}
		set[inKey(c.val)] = true
		push.vals = append(push.vals, c.val)
	}
	e := callExpr(typeBool, inKernel(set, hasNull, n.not), x)
	if x.isCol() && !n.not {
		e.push = push
	}
	return e
}

func (b *binder) inAsOr(n *inNode, x *expr, list []*expr) *expr {
	var e *expr
	x.share()
	for i, item := range list {
		eq := b.compare(column.Eq, x, item, &binaryNode{l: n.x, r: n.list[i], pos: n.pos})
		if e == nil {
			e = eq
		} else {
			e = callExpr(typeBool, andOr(1), e, eq)
		}
	}
	if n.not {
		e = callExpr(typeBool, notKernel, e)
	}
	return e
}
