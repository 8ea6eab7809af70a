package plan

import (
	"slices"
	"strings"
	"unicode"

	"github.com/ttlog/ttlog/query/types"
)

// maxExprText is about how long the text of an expression gets: one that shares
// its parts may be exponentially longer than it took to write.
const maxExprText = 500

// text writes e over columns of the given names.
func (e *Expr) text(columns []Field) string {
	var b strings.Builder
	e.write(&b, columns)
	return b.String()
}

func (e *Expr) write(b *strings.Builder, columns []Field) {
	switch {
	case b.Len() > maxExprText:
		if s := b.String(); !strings.HasSuffix(s, "…") {
			b.WriteString("…")
		}
	case e.IsConst():
		b.WriteString(types.Clip(constText(e.Value)))
	case e.IsCol():
		b.WriteString(types.Clip(columns[e.Column].Name))
	case strings.HasPrefix(e.Name, "::"):
		e.Args[0].operand(b, columns)
		b.WriteString(e.Name)
	case strings.HasPrefix(e.Name, "IS "):
		e.Args[0].operand(b, columns)
		b.WriteString(" " + e.Name)
	case strings.HasSuffix(e.Name, "IN"):
		e.Args[0].operand(b, columns)
		b.WriteString(" " + e.Name + " (")
		writeList(b, e.Consts, columns)
		b.WriteString(")")
	case e.infix() && len(e.Args)+len(e.Consts) == 2:
		sides := slices.Concat(e.Args, e.Consts)
		sides[0].operand(b, columns)
		b.WriteString(" " + e.Name + " ")
		sides[1].operand(b, columns)
	default:
		b.WriteString(e.Name + "(")
		writeList(b, slices.Concat(e.Args, e.Consts), columns)
		b.WriteString(")")
	}
}

func writeList(b *strings.Builder, list []*Expr, columns []Field) {
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
func (e *Expr) infix() bool {
	r := rune(e.Name[0])
	return !unicode.IsLetter(r) || unicode.IsUpper(r) && e.Name != "CASE" && e.Name != "NOT"
}

// operand writes e as part of another expression.
func (e *Expr) operand(b *strings.Builder, columns []Field) {
	nested := !e.IsConst() && !e.IsCol() && (e.infix() || strings.HasPrefix(e.Name, "IS "))
	if nested {
		b.WriteString("(")
	}
	e.write(b, columns)
	if nested {
		b.WriteString(")")
	}
}

// constText writes a constant as a language might.
func constText(v types.Value) string {
	switch types.StoredType(v.Type) {
	case types.Null:
		return "NULL"
	case types.String, types.Time:
		return types.Quote(types.Text(v))
	}
	return types.Text(v)
}

// ConstString is a constant string.
func ConstString(s string) *Expr { return Const(types.String, types.NewString(types.String, s)) }

// With notes constants that the implementation of e has taken in.
func (e *Expr) With(list ...*Expr) *Expr {
	e.Consts = list
	return e
}
