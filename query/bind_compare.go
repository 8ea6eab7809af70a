package query

import (
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

// compare binds a comparison; n tells where its sides stand.
func (b *binder) compare(op column.Op, l, r *expr, n *binaryNode) *expr {
	unknown := constExpr(typeBool, value{})
	if b.err != nil || l.typ == typeNull || r.typ == typeNull {
		return unknown
	}
	if l.isConst() && (!r.isConst() || l.typ == typeStr) {
		l, r, op = r, l, flipped[op]
		n = &binaryNode{l: n.r, r: n.l, pos: n.pos}
	}
	var ok bool
	if r.isConst() {
		l, r, ok = b.alignConst(l, r, n, op == column.Eq || op == column.Ne)
	} else {
		l, r, ok = b.align(l, r, n)
	}
	if !ok {
		return unknown
	}
	e := callExpr(opNames[op], typeBool, compareKernel(op, l.typ, r.typ), l, r)
	switch {
	case !l.isCol() || !r.isConst() || r.val.isNull():
	case isEnum(l.typ):
		e.push = enumPush(l.col, op, r.val)
	default:
		e.push = &pushdown{col: l.col, op: op, vals: []value{r.val}}
	}
	return e
}

// alignConst gives the constant c the type of x, or picks of a mixed column x
// the type of the constant. It returns false where the comparison is NULL in
// every row. exact says that it is for equality.
func (b *binder) alignConst(x, c *expr, n *binaryNode, exact bool) (*expr, *expr, bool) {
	switch {
	case c.typ != typeStr || c.val.isNull():
	case isEnum(x.typ):
		c = b.enumConst(x, c, n.r, exact)
		return x, c, b.err == nil
	case b.isSeverity(x):
		number, ok := severityNumber(c.val.s)
		if !ok {
			b.fail(n.r.at(), "%s is no severity number such as 13 or 'WARN2'", clip(nodeString(n.r)))
		}
		return x, constExpr(typeInt, intValue(typeInt, number)), ok
	}
	if x.loose {
		y := b.sc.narrow(x, func(t Type) bool { return comparableTypes(t, c.typ) })
		if y.typ != typeAny && !comparableTypes(y.typ, c.typ) {
			b.warn(n.l.at(), "%s is never of type %s, only %s", clip(nodeString(n.l)), typeName(c.typ), typeName(x.typ))
			return x, c, false
		}
		x = y
	}
	if comparableTypes(x.typ, c.typ) || x.typ == typeAny || c.typ == typeAny {
		return x, c, true
	}
	v, msg := constantAs(c.val, x.typ, b.zoneOf(x))
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

// isSeverity reports whether x is the severity number of a log record.
func (b *binder) isSeverity(x *expr) bool {
	if !x.isCol() || !b.sc.table || b.agg != nil && b.deep == 0 {
		return false
	}
	c := b.sc.cols[x.col]
	return c.name == "severity_number" && !c.attr
}

// constantAs reads a constant as the type it is compared with: a string as a
// time, duration, id, bool or infinity, an integer as a time in nanoseconds.
func constantAs(v value, t Type, zone *time.Location) (value, string) {
	if v.t == typeInt && t == typeTime {
		return intValue(typeTime, v.n), ""
	}
	if v.t != typeStr {
		return value{}, ""
	}
	switch t {
	case typeTime:
		ns, err := parseTime(v.s, zone)
		if err != nil {
			return value{}, err.Error()
		}
		return intValue(typeTime, ns), ""
	case typeDur:
		ns, err := parseInterval(v.s)
		if err != nil {
			return value{}, quoteString(clip(v.s)) + " is not a duration such as 1.5s"
		}
		return intValue(typeDur, ns), ""
	case typeID:
		raw, err := hex.DecodeString(strings.TrimSpace(v.s))
		if err != nil {
			return value{}, quoteString(clip(v.s)) + " is not an id in hexadecimal"
		}
		return strValue(typeID, string(raw)), ""
	case typeFloat:
		// What results write for values that JSON has no number for.
		if f := castNumber(v, typeFloat); f.isNaN() || math.IsInf(f.float(), 0) {
			return f, ""
		}
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
	// An id compares with text, and must do so where some rows have no text.
	if l.typ == typeID && r.typ == typeAny {
		r = b.narrowTo(r, typeStr, n.r)
	} else if r.typ == typeID && l.typ == typeAny {
		l = b.narrowTo(l, typeStr, n.l)
	}
	switch {
	case comparableTypes(l.typ, r.typ):
		return l, r, true
	case isEnum(l.typ) || isEnum(r.typ):
		return b.alignEnum(l, r, n)
	case l.typ == typeAny, r.typ == typeAny:
		return l, r, true
	case l.typ == typeID && r.typ == typeStr:
		return castExpr(l, typeStr), lowerExpr(r), true
	case l.typ == typeStr && r.typ == typeID:
		return lowerExpr(l), castExpr(r, typeStr), true
	case l.loose || r.loose:
		// What type an attribute has is up to the data, not the query.
		return l, r, false
	}
	b.fail(n.pos, "cannot compare %s with %s", typeName(l.typ), typeName(r.typ))
	return l, r, false
}

// alignEnum makes text an enumeration where it is compared with one: text that
// names none of its values is NULL.
func (b *binder) alignEnum(l, r *expr, n *binaryNode) (*expr, *expr, bool) {
	switch {
	case !isEnum(l.typ):
		l = castExpr(b.text(l, n.l, "a comparison with "+enumOf(r.typ).noun), r.typ)
	case !isEnum(r.typ):
		r = castExpr(b.text(r, n.r, "a comparison with "+enumOf(l.typ).noun), l.typ)
	default:
		l, r = castExpr(l, typeStr), castExpr(r, typeStr)
	}
	return l, r, b.err == nil
}

// in binds x [NOT] IN (list).
func (b *binder) in(n *inNode) *expr {
	x := b.expr(n.x)
	list, at := b.inList(n)
	constant := !slices.ContainsFunc(list, func(e *expr) bool { return !e.isConst() })
	switch {
	case b.err != nil:
		return constExpr(typeBool, value{})
	case len(list) == 0: // which holds nothing, not even NULL
		return constExpr(typeBool, boolValue(n.not))
	case x.typ == typeNull:
		return constExpr(typeBool, value{})
	case !constant:
		return b.inAsOr(n, x, list, at)
	}
	if x.loose {
		y := b.sc.narrow(x, func(t Type) bool {
			return slices.ContainsFunc(list, func(c *expr) bool { return comparableTypes(t, c.typ) })
		})
		if y.typ == typeNull {
			b.warn(n.x.at(), "%s is never of a type that the list has, only %s", clip(nodeString(n.x)), typeName(x.typ))
			return constExpr(typeBool, value{})
		}
		x = y
	}
	push := &pushdown{col: x.col, op: column.In}
	set, hasNull := map[value]bool{}, false
	for i, c := range list {
		if c.typ == typeNull || c.val.isNull() {
			hasNull = true
			continue
		}
		if x.loose && x.typ != typeAny && !comparableTypes(x.typ, c.typ) {
			continue // another type than any row has
		}
		_, c, ok := b.alignConst(x, c, &binaryNode{l: n.x, r: at[i], pos: n.pos}, true)
		if !ok {
			return constExpr(typeBool, value{})
		}
		set[inKey(c.val)] = true
		if isEnum(x.typ) {
			push.vals = append(push.vals, enumPush(x.col, column.Eq, c.val).vals...)
		} else {
			push.vals = append(push.vals, c.val)
		}
	}
	e := callExpr(inName(n.not), typeBool, inKernel(set, hasNull, n.not), x).with(list...)
	if x.isCol() && !n.not {
		e.push = push
	}
	return e
}

// inList binds the elements of a list, and returns where each was written:
// a parameter may stand for any number of them.
func (b *binder) inList(n *inNode) (list []*expr, at []node) {
	for _, item := range n.list {
		if p, ok := item.(*paramNode); ok {
			vals, isList, err := b.params.list(p.name)
			if err != nil {
				b.fail(p.pos, "%s", err)
			}
			for _, v := range vals {
				list, at = append(list, constExpr(v.t, v)), append(at, item)
			}
			if isList {
				continue
			}
		}
		list, at = append(list, b.expr(item)), append(at, item)
	}
	return list, at
}

func (b *binder) inAsOr(n *inNode, x *expr, list []*expr, at []node) *expr {
	var e *expr
	x.share()
	for i, item := range list {
		eq := b.compare(column.Eq, x, item, &binaryNode{l: n.x, r: at[i], pos: n.pos})
		if e == nil {
			e = eq
		} else {
			e = callExpr("OR", typeBool, andOr(1), e, eq)
		}
	}
	if n.not {
		e = callExpr("NOT", typeBool, notKernel, e)
	}
	return e
}
