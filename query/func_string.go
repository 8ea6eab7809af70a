package query

import (
	"strings"
	"unicode/utf8"
)

// lowerExpr is lower(e).
func lowerExpr(e *expr) *expr {
	return callExpr("lower", typeStr, textKernel(typeStr, func(ev *eval, a []value) value {
		return strValue(typeStr, strings.ToLower(a[0].s))
	}), e)
}

// textKernel is perRow for functions that make text about as long as their
// first argument.
func textKernel(t Type, f func(ev *eval, a []value) value) kernel {
	return perRow(t, func(ev *eval, a []value) value {
		if t == typeStr && !ev.spend(len(a[0].s)) {
			return value{}
		}
		return f(ev, a)
	})
}

// stringFunctions are the functions whose arguments are strings, but for the
// integers that ints counts from.
func stringFunctions() map[string]function {
	// text makes a function of strings; the arguments from ints on are
	// integers.
	text := func(lo, hi, ints int, t Type, f func(ev *eval, a []value) value) function {
		return function{lo, hi, func(b *typer, n *call, args []*expr) *expr {
			for i := range args {
				if i < ints {
					args[i] = b.text(args[i], n.args[i], n.name)
				} else {
					args[i] = b.integer(args[i], n.args[i], n.name)
				}
			}
			return callExpr(n.name, t, textKernel(t, f), args...)
		}}
	}
	one := func(f func(string) string) function {
		return text(1, 1, 1, typeStr, func(_ *eval, a []value) value { return strValue(typeStr, f(a[0].s)) })
	}
	test := func(f func(s, x string) bool) function {
		return text(2, 2, 2, typeBool, func(_ *eval, a []value) value { return boolValue(f(a[0].s, a[1].s)) })
	}
	length := text(1, 1, 1, typeInt, func(_ *eval, a []value) value {
		return intValue(typeInt, int64(utf8.RuneCountInString(a[0].s)))
	})
	substr := text(2, 3, 1, typeStr, func(_ *eval, a []value) value { return strValue(typeStr, substring(a)) })
	return map[string]function{
		"lower": one(strings.ToLower), "upper": one(strings.ToUpper),
		"trim":   one(strings.TrimSpace),
		"ltrim":  one(func(s string) string { return strings.TrimLeft(s, " \t\r\n") }),
		"rtrim":  one(func(s string) string { return strings.TrimRight(s, " \t\r\n") }),
		"length": length, "char_length": length,
		"substr": substr, "substring": substr,
		"contains":    test(strings.Contains),
		"starts_with": test(strings.HasPrefix),
		"ends_with":   test(strings.HasSuffix),
		"position": text(2, 2, 2, typeInt, func(_ *eval, a []value) value {
			i := strings.Index(a[0].s, a[1].s)
			if i < 0 {
				return intValue(typeInt, 0)
			}
			return intValue(typeInt, int64(utf8.RuneCountInString(a[0].s[:i])+1))
		}),
		"replace":    text(3, 3, 3, typeStr, replace),
		"split_part": text(3, 3, 2, typeStr, splitPart),
		"concat": {1, -1, func(b *typer, _ *call, args []*expr) *expr {
			e := b.cast(args[0], typeStr)
			for _, a := range args[1:] {
				e = b.concat(e, a)
			}
			return e
		}},
		"regexp_extract": {2, 3, regexpExtract},
	}
}

// integer gives x the type int.
func (b *typer) integer(x *expr, n syntaxPiece, what string) *expr {
	x = b.number(x, n, what)
	switch x.typ {
	case typeInt, typeNull:
		return x
	case typeFloat:
		return castExpr(x, typeInt)
	}
	return b.fail(n.at(), "%s needs an integer, %s is of type %s", what, clip(n.String()), typeName(x.typ))
}

// substring takes characters from the 1-based position a[1], at most a[2].
func substring(a []value) string {
	s, from, n := a[0].s, a[1].n, int64(len(a[0].s))
	if len(a) == 3 {
		n = a[2].n
	}
	if from < 1 {
		// Positions before the first count, as in standard SQL.
		if len(a) == 3 {
			n, _ = addInt(n, from-1)
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

func replace(ev *eval, a []value) value {
	s, old, with := a[0].s, a[1].s, a[2].s
	if old == "" {
		return a[0]
	}
	if n := strings.Count(s, old) * (len(with) - len(old)); n > 0 && !ev.spend(n) {
		return value{}
	}
	return strValue(typeStr, strings.ReplaceAll(s, old, with))
}

// splitPart returns the field a[2], counted from 1, or from the end where it
// is negative; "" where there is none.
func splitPart(_ *eval, a []value) value {
	if a[1].s == "" || a[2].n == 0 {
		return value{}
	}
	rest, n := a[0].s, a[2].n
	for ; n > 1; n-- {
		_, after, ok := strings.Cut(rest, a[1].s)
		if !ok {
			return strValue(typeStr, "")
		}
		rest = after
	}
	for ; n < -1; n++ {
		i := strings.LastIndex(rest, a[1].s)
		if i < 0 {
			return strValue(typeStr, "")
		}
		rest = rest[:i]
	}
	if n > 0 {
		rest, _, _ = strings.Cut(rest, a[1].s)
	} else if i := strings.LastIndex(rest, a[1].s); i >= 0 {
		rest = rest[i+len(a[1].s):]
	}
	return strValue(typeStr, rest)
}

// regexpExtract is regexp_extract(s, pattern [, group]): NULL without a match.
func regexpExtract(b *typer, n *call, args []*expr) *expr {
	s := b.text(args[0], n.args[0], n.name)
	group := 0
	if len(args) == 3 {
		if !args[2].isConst() || args[2].typ != typeInt {
			return b.fail(n.args[2].at(), "regexp_extract needs the number of a group")
		}
		group = int(args[2].val.n)
	}
	if !args[1].isConst() || args[1].typ != typeStr {
		return b.fail(n.args[1].at(), "regexp_extract needs a pattern that is a string constant")
	}
	re, err := compileRegex(args[1].val.s)
	if err != nil {
		return b.fail(n.args[1].at(), "%s", err)
	}
	if group < 0 || group > re.NumSubexp() {
		return b.fail(n.pos, "the expression has %d groups, found group %d", re.NumSubexp(), group)
	}
	return callExpr("regexp_extract", typeStr, perRow(typeStr, func(ev *eval, a []value) value {
		m := re.find(ev, a[0].s)
		if m == nil || m[2*group] < 0 {
			return value{}
		}
		return strValue(typeStr, a[0].s[m[2*group]:m[2*group+1]])
	}), s).with(args[1:]...)
}
