package fn

import (
	"strings"
	"unicode/utf8"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// pattern returns the constant text on the right of LIKE or ~.
func (b *Typer) pattern(n *Sides, r *plan.Expr) (string, bool) {
	if !r.IsConst() || r.Type != types.String && r.Type != types.Null {
		b.Fail(n.R.At(), "%s needs a pattern that is a string constant", n.Op)
		return "", false
	}
	return r.Value.Str, !r.Value.IsNull()
}

// Like is l [NOT] [I]LIKE r, with the escape character esc unless that is nil.
func (b *Typer) Like(n *Sides, l, r, esc *plan.Expr, escAt Syntax) *plan.Expr {
	pattern, ok := b.pattern(n, r)
	l = b.text(l, n.L, n.Op)
	if esc != nil && ok {
		pattern = b.escape(pattern, esc, escAt)
	}
	if !ok || b.Err != nil {
		return plan.Const(types.Bool, types.Value{})
	}
	if len(pattern) > maxPatternBytes {
		return b.Fail(n.R.At(), "pattern of %d bytes is longer than the limit of %d", len(pattern), maxPatternBytes)
	}
	not, fold := strings.HasPrefix(n.Op, "NOT"), strings.HasSuffix(n.Op, "ILIKE")
	e := eval.Call(n.Op, types.Bool, likeKernel(pattern, fold, not), l).With(plan.ConstString(pattern))
	if prefix := likePrefix(pattern); l.IsCol() && !not && !fold && prefix != "" {
		e.Comparison = &plan.Comparison{Column: l.Column, Op: column.Ge, Values: []types.Value{types.NewString(types.String, prefix)}}
	}
	return e
}

// escape writes a pattern of LIKE … ESCAPE with \ as its escape character.
func (b *Typer) escape(pattern string, e *plan.Expr, n Syntax) string {
	if b.Err != nil {
		return ""
	}
	esc, size := utf8.DecodeRuneInString(e.Value.Str)
	if e.Type != types.String || size != len(e.Value.Str) {
		b.Fail(n.At(), "ESCAPE takes one character, or '' for none")
		return ""
	}
	pattern, ok := likeEscape(pattern, esc, size > 0)
	if !ok {
		b.Fail(n.At(), "the pattern ends with the character that ESCAPE names")
	}
	return pattern
}

// Regex is l ~ r, or l !~ r.
func (b *Typer) Regex(n *Sides, l, r *plan.Expr) *plan.Expr {
	pattern, ok := b.pattern(n, r)
	l = b.text(l, n.L, n.Op)
	if !ok || b.Err != nil {
		return plan.Const(types.Bool, types.Value{})
	}
	re, err := compileRegex(pattern)
	if err != nil {
		return b.Fail(n.R.At(), "%s", err)
	}
	return eval.Call(n.Op, types.Bool, regexKernel(re, n.Op == "!~"), l).With(r)
}
