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
func (b *typer) compare(op column.Op, l, r *expr, n *sides) *expr {
	unknown := constExpr(typeBool, value{})
	if b.err != nil || l.typ == typeNull || r.typ == typeNull {
		return unknown
	}
	if l.isConst() && (!r.isConst() || l.typ == typeStr) {
		l, r, op = r, l, flipped[op]
		n = &sides{op: n.op, l: n.r, r: n.l, pos: n.pos}
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
func (b *typer) alignConst(x, c *expr, n *sides, exact bool) (*expr, *expr, bool) {
	switch {
	case c.typ != typeStr || c.val.isNull():
	case isEnum(x.typ):
		c = b.enumConst(x, c, n.r, exact)
		return x, c, b.err == nil
	case b.columns.isSeverity(x):
		number, ok := severityNumber(c.val.s)
		if !ok {
			b.fail(n.r.at(), "%s is no severity number such as 13 or 'WARN2'", clip(n.r.String()))
		}
		return x, constExpr(typeInt, intValue(typeInt, number)), ok
	}
	if x.loose {
		y := b.columns.narrow(x, func(t Type) bool { return comparableTypes(t, c.typ) })
		if y.typ != typeAny && !comparableTypes(y.typ, c.typ) {
			b.warn(n.l.at(), "%s is never of type %s, only %s", clip(n.l.String()), typeName(c.typ), typeName(x.typ))
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
func (b *typer) align(l, r *expr, n *sides) (*expr, *expr, bool) {
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
func (b *typer) alignEnum(l, r *expr, n *sides) (*expr, *expr, bool) {
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

// isIn is x [NOT] IN (list); at tells where each element was written.
func (b *typer) isIn(x *expr, xAt syntaxPiece, list []*expr, at []syntaxPiece, not bool, pos int) *expr {
	constant := !slices.ContainsFunc(list, func(e *expr) bool { return !e.isConst() })
	switch {
	case b.err != nil:
		return constExpr(typeBool, value{})
	case len(list) == 0: // which holds nothing, not even NULL
		return constExpr(typeBool, boolValue(not))
	case x.typ == typeNull:
		return constExpr(typeBool, value{})
	case !constant:
		return b.inAsOr(x, xAt, list, at, not, pos)
	}
	if x.loose {
		y := b.columns.narrow(x, func(t Type) bool {
			return slices.ContainsFunc(list, func(c *expr) bool { return comparableTypes(t, c.typ) })
		})
		if y.typ == typeNull {
			b.warn(xAt.at(), "%s is never of a type that the list has, only %s", clip(xAt.String()), typeName(x.typ))
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
		_, c, ok := b.alignConst(x, c, &sides{l: xAt, r: at[i], pos: pos}, true)
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
	e := callExpr(inName(not), typeBool, inKernel(set, hasNull, not), x).with(list...)
	if x.isCol() && !not {
		e.push = push
	}
	return e
}

func (b *typer) inAsOr(x *expr, xAt syntaxPiece, list []*expr, at []syntaxPiece, not bool, pos int) *expr {
	var e *expr
	x.share()
	for i, item := range list {
		eq := b.compare(column.Eq, x, item, &sides{l: xAt, r: at[i], pos: pos})
		if e == nil {
			e = eq
		} else {
			e = callExpr("OR", typeBool, andOr(1), e, eq)
		}
	}
	if not {
		e = b.not(e)
	}
	return e
}
