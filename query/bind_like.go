package query

import (
	"strings"
	"unicode/utf8"

	"github.com/ttlog/ttlog/storage/column"
)

// pattern returns the constant text on the right of LIKE or ~.
func (b *typer) pattern(n *sides, r *expr) (string, bool) {
	if !r.isConst() || r.typ != typeStr && r.typ != typeNull {
		b.fail(n.r.at(), "%s needs a pattern that is a string constant", n.op)
		return "", false
	}
	return r.val.s, !r.val.isNull()
}

// like is l [NOT] [I]LIKE r, with the escape character esc unless that is nil.
func (b *typer) like(n *sides, l, r, esc *expr, escAt syntaxPiece) *expr {
	pattern, ok := b.pattern(n, r)
	l = b.text(l, n.l, n.op)
	if esc != nil && ok {
		pattern = b.escape(pattern, esc, escAt)
	}
	if !ok || b.err != nil {
		return constExpr(typeBool, value{})
	}
	if len(pattern) > maxPatternBytes {
		return b.fail(n.r.at(), "pattern of %d bytes is longer than the limit of %d", len(pattern), maxPatternBytes)
	}
	not, fold := strings.HasPrefix(n.op, "NOT"), strings.HasSuffix(n.op, "ILIKE")
	e := callExpr(n.op, typeBool, likeKernel(pattern, fold, not), l).with(textExpr(pattern))
	if prefix := likePrefix(pattern); l.isCol() && !not && !fold && prefix != "" {
		e.push = &pushdown{col: l.col, op: column.Ge, vals: []value{strValue(typeStr, prefix)}}
	}
	return e
}

// escape writes a pattern of LIKE … ESCAPE with \ as its escape character.
func (b *typer) escape(pattern string, e *expr, n syntaxPiece) string {
	if b.err != nil {
		return ""
	}
	esc, size := utf8.DecodeRuneInString(e.val.s)
	if e.typ != typeStr || size != len(e.val.s) {
		b.fail(n.at(), "ESCAPE takes one character, or '' for none")
		return ""
	}
	pattern, ok := likeEscape(pattern, esc, size > 0)
	if !ok {
		b.fail(n.at(), "the pattern ends with the character that ESCAPE names")
	}
	return pattern
}

func (b *typer) regex(n *sides, l, r *expr) *expr {
	pattern, ok := b.pattern(n, r)
	l = b.text(l, n.l, n.op)
	if !ok || b.err != nil {
		return constExpr(typeBool, value{})
	}
	re, err := compileRegex(pattern)
	if err != nil {
		return b.fail(n.r.at(), "%s", err)
	}
	return callExpr(n.op, typeBool, regexKernel(re, n.op == "!~"), l).with(r)
}
