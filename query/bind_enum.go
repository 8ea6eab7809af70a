package query

import (
	"slices"
	"strings"

	"github.com/ttlog/ttlog/storage/column"
)

// enumConst reads a constant that is compared with x, an enumeration. A text
// that is no level may still be what a record has: exact says that it is
// looked for, which deserves a warning only.
func (b *typer) enumConst(x, c *expr, at syntaxPiece, exact bool) *expr {
	e, text := enumOf(x.typ), c.val.s
	name, ok := parseEnum(x.typ, text)
	if x.typ == typeLevel && !ok {
		if n, ok := severityNumber(text); ok {
			return b.fail(at.at(), "a level has no steps: compare severity_number with %d", n)
		}
		if name, ok = strings.ToUpper(text), exact; ok {
			b.warn(at.at(), "%s is no level, but a severity text at most: levels are %s", clip(at.String()), e.choices(name))
		}
	}
	if !ok {
		return b.fail(at.at(), "%s is no %s: expected %s", clip(at.String()), e.noun, e.choices(text))
	}
	return constExpr(x.typ, strValue(x.typ, name))
}

// enumPush is what a comparison of column col with c means for the scan, in
// the words of the store; nil where values without a name may meet it.
func enumPush(col int, op column.Op, c value) *pushdown {
	e := enumOf(c.t)
	open := op == column.Gt || op == column.Ge // numbers without a name
	if c.t == typeLevel {
		open = op == column.Lt || op == column.Le
	}
	if open || op == column.Ne {
		return nil
	}
	p := &pushdown{col: col, op: column.In}
	add := func(s string) { p.vals = append(p.vals, strValue(typeStr, s)) }
	if op == column.Eq && e.rank(c.s) < 0 {
		add(c.s)
	}
	for _, name := range e.names {
		if !holds(op, compareEnum(c.t, name, c.s)) {
			continue
		}
		add(name)
		if c.t != typeLevel {
			continue
		}
		for other, level := range otherLevels {
			if level == name {
				add(other)
			}
		}
		for step := '2'; step <= '4'; step++ {
			add(name + string(step))
		}
	}
	if op == column.Eq && c.t != typeLevel && e.rank(c.s) >= len(e.names) {
		add(c.s)
	}
	slices.SortFunc(p.vals, compareValues)
	return p
}
