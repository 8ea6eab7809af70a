package query

import (
	"strings"
	"unicode"
)

// maxExprText is about how long the text of an expression gets: one that shares
// its parts may be exponentially longer than it took to write.
const maxExprText = 500

// text writes e over columns of the given names.
func (e *expr) text(columns []planField) string {
	var b strings.Builder
	e.write(&b, columns)
	return b.String()
}

func (e *expr) write(b *strings.Builder, columns []planField) {
	switch {
	case b.Len() > maxExprText:
		if s := b.String(); !strings.HasSuffix(s, "…") {
			b.WriteString("…")
		}
	case e.isConst():
		b.WriteString(clip(constText(e.val)))
	case e.isCol():
		b.WriteString(clip(columns[e.col].name))
	case strings.HasPrefix(e.name, "::"):
		e.args[0].operand(b, columns)
		b.WriteString(e.name)
	case strings.HasPrefix(e.name, "IS "):
		e.args[0].operand(b, columns)
		b.WriteString(" " + e.name)
	case strings.HasSuffix(e.name, "IN"):
		e.args[0].operand(b, columns)
		b.WriteString(" " + e.name + " (")
		writeList(b, e.consts, columns)
		b.WriteString(")")
	case e.infix() && len(e.args)+len(e.consts) == 2:
		sides := append(e.args[:len(e.args):len(e.args)], e.consts...)
		sides[0].operand(b, columns)
		b.WriteString(" " + e.name + " ")
		sides[1].operand(b, columns)
	default:
		b.WriteString(e.name + "(")
		writeList(b, append(e.args[:len(e.args):len(e.args)], e.consts...), columns)
		b.WriteString(")")
	}
}

func writeList(b *strings.Builder, list []*expr, columns []planField) {
	for i, x := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 10 {
			b.WriteString("…")
			return
		}
		x.write(b, columns)
	}
}

// infix reports whether the name is that of an operator.
func (e *expr) infix() bool {
	r := rune(e.name[0])
	return !unicode.IsLetter(r) || unicode.IsUpper(r) && e.name != "CASE" && e.name != "NOT"
}

// operand writes e as part of another expression.
func (e *expr) operand(b *strings.Builder, columns []planField) {
	nested := !e.isConst() && !e.isCol() && (e.infix() || strings.HasPrefix(e.name, "IS "))
	if nested {
		b.WriteString("(")
	}
	e.write(b, columns)
	if nested {
		b.WriteString(")")
	}
}

// constText writes a constant as a language might.
func constText(v value) string {
	switch storedType(v.t) {
	case typeNull:
		return "NULL"
	case typeStr, typeTime:
		return quoteString(textOf(v))
	}
	return textOf(v)
}

// textExpr is a constant string.
func textExpr(s string) *expr { return constExpr(typeStr, strValue(typeStr, s)) }

// with notes constants that the implementation of e has taken in.
func (e *expr) with(list ...*expr) *expr {
	e.consts = list
	return e
}
