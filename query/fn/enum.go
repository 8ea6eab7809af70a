package fn

import (
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// enumConst reads a constant that is compared with x, an enumeration. A text
// that is no level may still be what a record has: exact says that it is
// looked for, which deserves a warning only.
func (b *Typer) enumConst(x, c *plan.Expr, at Syntax, exact bool) *plan.Expr {
	e, text := types.EnumOf(x.Type), c.Value.Str
	name, ok := types.ParseEnum(x.Type, text)
	if x.Type == types.Level && !ok {
		if n, ok := types.SeverityNumber(text); ok {
			return b.Fail(at.At(), "a level has no steps: compare severity_number with %d", n)
		}
		if name, ok = strings.ToUpper(text), exact; ok {
			b.Warn(at.At(), "%s is no level, but a severity text at most: levels are %s", types.Clip(at.String()), e.Choices(name))
		}
	}
	if !ok {
		return b.Fail(at.At(), "%s is no %s: expected %s", types.Clip(at.String()), e.Noun, e.Choices(text))
	}
	return plan.Const(x.Type, types.NewString(x.Type, name))
}

// enumPush is what a comparison of column col with c means for the scan, in
// the words of the store; nil where values without a name may meet it.
func enumPush(col int, op column.Op, c types.Value) *plan.Comparison {
	e := types.EnumOf(c.Type)
	open := op == column.Gt || op == column.Ge // numbers without a name
	if c.Type == types.Level {
		open = op == column.Lt || op == column.Le
	}
	if open || op == column.Ne {
		return nil
	}
	p := &plan.Comparison{Column: col, Op: column.In}
	add := func(s string) { p.Values = append(p.Values, types.NewString(types.String, s)) }
	if op == column.Eq && e.Rank(c.Str) < 0 {
		add(c.Str)
	}
	for _, name := range e.Names {
		if !types.Holds(op, types.CompareEnum(c.Type, name, c.Str)) {
			continue
		}
		add(name)
		if c.Type != types.Level {
			continue
		}
		for other, level := range types.OtherLevels {
			if level == name {
				add(other)
			}
		}
		for step := '2'; step <= '4'; step++ {
			add(name + string(step))
		}
	}
	if op == column.Eq && c.Type != types.Level && e.Rank(c.Str) >= len(e.Names) {
		add(c.Str)
	}
	slices.SortFunc(p.Values, types.Compare)
	return p
}
