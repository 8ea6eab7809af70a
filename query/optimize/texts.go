package optimize

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// holds is what a condition needs of a column: its text has one of some texts as
// a part. A condition may need several of them.
type holds struct {
	col  int
	any  []string
	fold bool // in whatever case
	all  bool // the condition is no more than this
}

// maxTexts is how many texts one of which is needed are looked for.
const maxTexts = 32

func (h *holds) predicate(ref column.Ref) column.Predicate {
	p := column.Predicate{Ref: ref, Op: column.Holds}
	if h.fold {
		p.Op = column.HoldsFold
	}
	for _, x := range h.any {
		p.Values = append(p.Values, column.Value{Type: column.TypeString, Str: x})
	}
	return p
}

// textsOf returns what a condition needs. All of it is needed.
func textsOf(e *plan.Expr) []holds {
	switch e.Name {
	case "AND":
		list := slices.Concat(textsOf(e.Args[0]), textsOf(e.Args[1]))
		for i := range list {
			list[i].all = false
		}
		return list
	case "OR":
		return either(textsOf(e.Args[0]), textsOf(e.Args[1]))
	case "contains", "starts_with", "ends_with":
		text := e.Args[1]
		if !text.IsConst() || text.Type != types.String || text.Value.IsNull() {
			return nil
		}
		return textOf(e.Args[0], text.Value.Str, e.Name == "contains")
	case "LIKE", "ILIKE":
		return likeTexts(e)
	case "~":
		return regexTexts(e)
	}
	return nil
}

// textColumn returns the column that a text is of, and whether it is in lower
// case.
func textColumn(e *plan.Expr) (col int, lower, ok bool) {
	if e.Name == "lower" && len(e.Args) == 1 {
		e, lower = e.Args[0], true
	}
	return e.Column, lower, e.IsCol() && e.Type == types.String
}

func textOf(of *plan.Expr, text string, all bool) []holds {
	col, lower, ok := textColumn(of)
	if !ok || text == "" {
		return nil
	}
	return []holds{{col, []string{text}, lower, all && (!lower || text == strings.ToLower(text))}}
}

// either returns what is needed where one of two conditions has to be met: a text
// of either side, the longest there is.
func either(a, b []holds) []holds {
	x, y := best(a), best(b)
	if x == nil || y == nil || x.col != y.col || x.fold != y.fold || len(x.any)+len(y.any) > maxTexts {
		return nil
	}
	return []holds{{x.col, slices.Concat(x.any, y.any), x.fold, x.all && y.all && len(a) == 1 && len(b) == 1}}
}

// best returns what probably says most.
func best(list []holds) *holds {
	shortest := func(h *holds) int {
		n := len(h.any[0])
		for _, x := range h.any {
			n = min(n, len(x))
		}
		return n
	}
	var out *holds
	for i := range list {
		if out == nil || shortest(&list[i]) > shortest(out) {
			out = &list[i]
		}
	}
	return out
}

// likeTexts returns the texts between the wildcards of a pattern.
func likeTexts(e *plan.Expr) (list []holds) {
	col, lower, ok := textColumn(e.Args[0])
	if !ok {
		return nil
	}
	fold := lower || e.Name == "ILIKE"
	pattern := e.Consts[0].Value.Str
	var text strings.Builder
	end := func() {
		if s := text.String(); s != "" {
			list = append(list, holds{col: col, any: []string{s}, fold: fold})
		}
		text.Reset()
	}
	plain := true
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '%' || c == '_':
			plain = plain && c == '%'
			end()
			continue
		case c == '\\' && i+1 < len(pattern):
			i++
		}
		text.WriteByte(pattern[i])
	}
	end()
	if len(list) == 1 && plain && !lower {
		list[0].all = len(pattern) >= 2 && pattern[0] == '%' && pattern == "%"+strings.Trim(pattern, "%")+"%" && !strings.Contains(pattern, `\`)
	}
	return list
}

// regexTexts returns the texts that every match of a regular expression has.
func regexTexts(e *plan.Expr) []holds {
	col, lower, ok := textColumn(e.Args[0])
	if !ok {
		return nil
	}
	re, err := syntax.Parse(e.Consts[0].Value.Str, syntax.Perl)
	if err != nil {
		return nil
	}
	var list []holds
	for _, n := range needs(re) {
		list = append(list, holds{col: col, any: n.texts, fold: n.fold || lower, all: n.all && !lower})
	}
	return list
}

// need is texts of which every match of an expression has one.
type need struct {
	texts []string
	fold  bool
	all   bool // a text that has one of them matches
}

// needs returns what every match has, all of it.
func needs(re *syntax.Regexp) (list []need) {
	if n, ok := exactly(re); ok {
		if slices.Contains(n.texts, "") {
			return nil
		}
		return []need{n}
	}
	switch re.Op {
	case syntax.OpLiteral: // some of it says nothing
		for _, text := range foldable(re.Rune) {
			list = append(list, need{texts: []string{text}, fold: true})
		}
	case syntax.OpCapture, syntax.OpPlus:
		list = needs(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			list = needs(re.Sub[0])
		}
	case syntax.OpConcat:
		list = concatNeeds(re.Sub)
	case syntax.OpAlternate:
		list = alternateNeeds(re.Sub)
	}
	for i := range list {
		list[i].all = false
	}
	return list
}

// exactly returns the texts that an expression matches, where these are few.
func exactly(re *syntax.Regexp) (n need, ok bool) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return need{texts: []string{""}, all: true}, true
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return need{texts: []string{string(re.Rune)}, all: true}, !slices.Contains(re.Rune, utf8.RuneError)
		}
		// İ has the lower case of I, but is not the same in whatever case.
		if list := foldable(re.Rune); len(list) == 1 && len([]rune(list[0])) == len(re.Rune) {
			return need{texts: list, fold: true}, true
		}
	case syntax.OpCharClass:
		return classTexts(re.Rune)
	case syntax.OpCapture:
		return exactly(re.Sub[0])
	case syntax.OpConcat:
		n = need{texts: []string{""}, all: true}
		for i, sub := range re.Sub {
			next, ok := exactly(sub)
			if !ok || i > 0 && next.fold != n.fold || len(n.texts)*len(next.texts) > maxTexts {
				return n, false
			}
			n = n.then(next)
		}
		return n, true
	case syntax.OpAlternate:
		for i, sub := range re.Sub {
			next, ok := exactly(sub)
			if !ok || i > 0 && next.fold != n.fold || len(n.texts)+len(next.texts) > maxTexts {
				return n, false
			}
			n = need{texts: append(n.texts, next.texts...), fold: next.fold, all: next.all && (i == 0 || n.all)}
		}
		return n, true
	}
	return n, false
}

// then returns what is matched by one expression and another behind it.
func (n need) then(next need) need {
	out := need{fold: next.fold, all: n.all && next.all}
	for _, a := range n.texts {
		for _, b := range next.texts {
			out.texts = append(out.texts, a+b)
		}
	}
	return out
}

// classTexts returns the characters of a class.
func classTexts(ranges []rune) (n need, ok bool) {
	n.all = true
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(n.texts) == maxTexts/4 {
				return n, false
			}
			if r == utf8.RuneError {
				return n, false
			}
			n.texts = append(n.texts, string(r))
		}
	}
	return n, len(n.texts) > 0
}

// concatNeeds joins neighbors that match few texts, and takes what the others
// need.
func concatNeeds(list []*syntax.Regexp) (out []need) {
	var run *need
	end := func() {
		if run != nil && !slices.Contains(run.texts, "") {
			out = append(out, *run)
		}
		run = nil
	}
	for _, sub := range list {
		next, ok := exactly(sub)
		switch {
		case !ok:
			end()
			out = append(out, needs(sub)...)
		case run != nil && run.fold == next.fold && len(run.texts)*len(next.texts) <= maxTexts:
			*run = run.then(next)
		default:
			end()
			run = &next
		}
	}
	end()
	return out
}

// alternateNeeds returns texts of which each alternative has one.
func alternateNeeds(list []*syntax.Regexp) []need {
	var out need
	for i, sub := range list {
		all := needs(sub)
		if len(all) == 0 {
			return nil
		}
		longest := all[0]
		for _, n := range all[1:] {
			if len(n.texts[0]) > len(longest.texts[0]) {
				longest = n
			}
		}
		if i > 0 && longest.fold != out.fold || len(out.texts)+len(longest.texts) > maxTexts {
			return nil
		}
		out = need{texts: append(out.texts, longest.texts...), fold: longest.fold}
	}
	return []need{out}
}

// foldable returns the longest parts of a literal that match only what is the same
// in lower case. (?i)s matches ſ as well, whose lower case is another one; and U+FFFD
// matches what is no UTF-8.
func foldable(literal []rune) (list []string) {
	var run []rune
	for _, r := range literal {
		if r != utf8.RuneError && sameLower(r) {
			run = append(run, r)
			continue
		}
		if len(run) > 0 {
			list = append(list, string(run))
		}
		run = nil
	}
	if len(run) > 0 {
		list = append(list, string(run))
	}
	return list
}

// sameLower reports whether the characters that equal r in whatever case are
// those that have the same lower case.
func sameLower(r rune) bool {
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		if unicode.ToLower(f) != unicode.ToLower(r) {
			return false
		}
	}
	return true
}
