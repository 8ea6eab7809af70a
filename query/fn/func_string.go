package fn

import (
	"strings"
	"unicode/utf8"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// lowerExpr is lower(e).
func lowerExpr(e *plan.Expr) *plan.Expr {
	return eval.Call("lower", types.String, textKernel(types.String, func(ev *eval.Evaluator, a []types.Value) types.Value {
		return types.NewString(types.String, strings.ToLower(a[0].Str))
	}), e)
}

// textKernel is PerRow for functions that make text about as long as their
// first argument.
func textKernel(t types.Type, f func(ev *eval.Evaluator, a []types.Value) types.Value) eval.Kernel {
	return eval.PerRow(t, func(ev *eval.Evaluator, a []types.Value) types.Value {
		if t == types.String && !ev.Spend(len(a[0].Str)) {
			return types.Value{}
		}
		return f(ev, a)
	})
}

// stringFunctions are the functions whose arguments are strings, but for the
// integers that ints counts from.
func stringFunctions() map[string]Function {
	// text makes a function of strings; the arguments from ints on are
	// integers.
	text := func(lo, hi, ints int, t types.Type, f func(ev *eval.Evaluator, a []types.Value) types.Value) Function {
		return Function{lo, hi, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			for i := range args {
				if i < ints {
					args[i] = b.text(args[i], n.Args[i], n.Name)
				} else {
					args[i] = b.integer(args[i], n.Args[i], n.Name)
				}
			}
			return eval.Call(n.Name, t, textKernel(t, f), args...)
		}}
	}
	one := func(f func(string) string) Function {
		return text(1, 1, 1, types.String, func(_ *eval.Evaluator, a []types.Value) types.Value {
			return types.NewString(types.String, f(a[0].Str))
		})
	}
	test := func(f func(s, x string) bool) Function {
		return text(2, 2, 2, types.Bool, func(_ *eval.Evaluator, a []types.Value) types.Value { return types.NewBool(f(a[0].Str, a[1].Str)) })
	}
	length := text(1, 1, 1, types.Int, func(_ *eval.Evaluator, a []types.Value) types.Value {
		return types.NewInt(types.Int, int64(utf8.RuneCountInString(a[0].Str)))
	})
	substr := text(2, 3, 1, types.String, func(_ *eval.Evaluator, a []types.Value) types.Value {
		return types.NewString(types.String, substring(a))
	})
	return map[string]Function{
		"lower": one(strings.ToLower), "upper": one(strings.ToUpper),
		"trim":   one(strings.TrimSpace),
		"ltrim":  one(func(s string) string { return strings.TrimLeft(s, " \t\r\n") }),
		"rtrim":  one(func(s string) string { return strings.TrimRight(s, " \t\r\n") }),
		"length": length, "char_length": length,
		"substr": substr, "substring": substr,
		"contains":    test(strings.Contains),
		"starts_with": test(strings.HasPrefix),
		"ends_with":   test(strings.HasSuffix),
		"position": text(2, 2, 2, types.Int, func(_ *eval.Evaluator, a []types.Value) types.Value {
			i := strings.Index(a[0].Str, a[1].Str)
			if i < 0 {
				return types.NewInt(types.Int, 0)
			}
			return types.NewInt(types.Int, int64(utf8.RuneCountInString(a[0].Str[:i])+1))
		}),
		"replace":    text(3, 3, 3, types.String, replace),
		"split_part": text(3, 3, 2, types.String, splitPart),
		"concat": {1, -1, func(b *Typer, _ *Call, args []*plan.Expr) *plan.Expr {
			e := b.Cast(args[0], types.String)
			for _, a := range args[1:] {
				e = b.Concat(e, a)
			}
			return e
		}},
		"regexp_extract": {2, 3, regexpExtract},
	}
}

// integer gives x the type int.
func (b *Typer) integer(x *plan.Expr, n Syntax, what string) *plan.Expr {
	x = b.number(x, n, what)
	switch x.Type {
	case types.Int, types.Null:
		return x
	case types.Float:
		return castExpr(x, types.Int)
	}
	return b.Fail(n.At(), "%s needs an integer, %s is of type %s", what, types.Clip(n.String()), types.Name(x.Type))
}

// substring takes characters from the 1-based position a[1], at most a[2].
func substring(a []types.Value) string {
	s, from, n := a[0].Str, a[1].Int, int64(len(a[0].Str))
	if len(a) == 3 {
		n = a[2].Int
	}
	if from < 1 {
		// Positions before the first count, as in standard SQL.
		if len(a) == 3 {
			n, _ = types.AddInt(n, from-1)
		}
		from = 1
	}
	start := len(s)
	var at int64
	for i := range s {
		at++
		if at == from {
			start = i
		}
		if at >= from && at-from >= n {
			return s[min(start, i):i]
		}
	}
	return s[start:]
}

func replace(ev *eval.Evaluator, a []types.Value) types.Value {
	s, old, with := a[0].Str, a[1].Str, a[2].Str
	if old == "" {
		return a[0]
	}
	if n := strings.Count(s, old) * (len(with) - len(old)); n > 0 && !ev.Spend(n) {
		return types.Value{}
	}
	return types.NewString(types.String, strings.ReplaceAll(s, old, with))
}

// splitPart returns the field a[2], counted from 1, or from the end where it
// is negative; "" where there is none.
func splitPart(_ *eval.Evaluator, a []types.Value) types.Value {
	if a[1].Str == "" || a[2].Int == 0 {
		return types.Value{}
	}
	rest, n := a[0].Str, a[2].Int
	for ; n > 1; n-- {
		_, after, ok := strings.Cut(rest, a[1].Str)
		if !ok {
			return types.NewString(types.String, "")
		}
		rest = after
	}
	for ; n < -1; n++ {
		i := strings.LastIndex(rest, a[1].Str)
		if i < 0 {
			return types.NewString(types.String, "")
		}
		rest = rest[:i]
	}
	if n > 0 {
		rest, _, _ = strings.Cut(rest, a[1].Str)
	} else if i := strings.LastIndex(rest, a[1].Str); i >= 0 {
		rest = rest[i+len(a[1].Str):]
	}
	return types.NewString(types.String, rest)
}

// regexpExtract is regexp_extract(s, pattern [, group]): NULL without a match.
func regexpExtract(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
	s := b.text(args[0], n.Args[0], n.Name)
	group := 0
	if len(args) == 3 {
		if !args[2].IsConst() || args[2].Type != types.Int {
			return b.Fail(n.Args[2].At(), "regexp_extract needs the number of a group")
		}
		group = int(args[2].Value.Int)
	}
	if !args[1].IsConst() || args[1].Type != types.String {
		return b.Fail(n.Args[1].At(), "regexp_extract needs a pattern that is a string constant")
	}
	re, err := compileRegex(args[1].Value.Str)
	if err != nil {
		return b.Fail(n.Args[1].At(), "%s", err)
	}
	if group < 0 || group > re.NumSubexp() {
		return b.Fail(n.Pos, "the expression has %d groups, found group %d", re.NumSubexp(), group)
	}
	return eval.Call("regexp_extract", types.String, eval.PerRow(types.String, func(ev *eval.Evaluator, a []types.Value) types.Value {
		m := re.find(ev, a[0].Str)
		if m == nil || m[2*group] < 0 {
			return types.Value{}
		}
		return types.NewString(types.String, a[0].Str[m[2*group]:m[2*group+1]])
	}), s).With(args[1:]...)
}
