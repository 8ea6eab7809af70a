package encoding

import (
	"strings"
	"unicode/utf8"
)

// templateSearch looks for texts in a column of templates. A text within a piece
// of a template is in all of its rows. One that reaches into a hole may be in some:
// whether it can is told by the pieces around the hole and the characters that the
// hole's values are made of, which the codec of their column tells in most cases.
// Only then are values put together.
type templateSearch struct {
	*Search
	*templates
	r *reader

	pieces []string // of the template that is looked at, in lower case where case does not matter
	k      int
	chars  []*charset // of its holes, as far as they were asked for
	steps  int
}

// maxSearchSteps bounds how long it is thought about whether a text fits into a
// template: beyond it, its values are looked at.
const maxSearchSteps = 4096

// verdict says which rows of a template are found.
type verdict uint8

const (
	noRow verdict = iota
	someRows
	allRows
)

func (s *Search) findTemplates(r *reader, n int, b *budget) []uint32 {
	t := templateSearch{Search: s, templates: openTemplates(r, n, b), r: r}
	if r.err != nil {
		return nil
	}
	verdicts, some := make([]verdict, len(t.parts)), false
	for k := range verdicts {
		if verdicts[k] = t.judge(k); verdicts[k] == someRows {
			t.load(r, k, 0)
		}
		some = some || verdicts[k] != noRow
		if r.err != nil {
			return nil
		}
	}
	if !some {
		return nil
	}
	if t.number(r); r.err != nil {
		return nil
	}
	var found []uint32
	var value []byte
	next := make([]int, len(verdicts)) // row of each template
	for row, k := range t.which {
		is := verdicts[k] == allRows
		if verdicts[k] == someRows {
			value = t.appendValue(value[:0], k, next[k])
			if b.spend(r, len(value)); r.err != nil {
				return nil
			}
			is = s.In(view(value))
		}
		if is {
			found = append(found, uint32(row))
		}
		next[k]++
	}
	return found
}

// judge looks at template k.
func (t *templateSearch) judge(k int) verdict {
	t.k, t.pieces, t.steps = k, t.templates.pieces[k], 0
	if t.fold {
		for _, p := range t.pieces {
			if !ascii(p) {
				return someRows // how a character is lowered may hang on what is in a hole
			}
		}
		lower := make([]string, len(t.pieces))
		for i, p := range t.pieces {
			lower[i] = strings.ToLower(p)
		}
		t.pieces = lower
	}
	t.chars = make([]*charset, len(t.parts[k]))
	v := noRow
	for _, x := range t.texts {
		for _, p := range t.pieces {
			if strings.Contains(p, x) {
				return allRows
			}
		}
		if v == noRow && t.crosses(x) {
			v = someRows
		}
	}
	return v
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// hole returns the characters of a hole's values.
func (t *templateSearch) hole(h int) *charset {
	if t.chars[h] != nil {
		return t.chars[h]
	}
	p := &t.parts[t.k][h]
	c := alphabetOf(p.section)
	if c == nil {
		c = charsetOf(t.part(t.r, t.k, h, 0).text...)
	}
	if t.fold {
		c = c.folded()
	}
	t.chars[h] = c
	return c
}

// crosses reports whether x may stand in a value so that some of it is in a hole.
func (t *templateSearch) crosses(x string) bool {
	for h := range t.chars {
		for i := range min(len(x), len(t.pieces[h])+1) {
			if strings.HasSuffix(t.pieces[h], x[:i]) && t.goesOn(x[i:], h) {
				return true
			}
		}
	}
	return false
}

// goesOn reports whether x may stand in a value from the beginning of hole h, or
// from within it.
func (t *templateSearch) goesOn(x string, h int) bool {
	next := t.pieces[h+1]
	for ; ; x = x[1:] {
		t.steps++
		switch {
		case strings.HasPrefix(next, x), t.steps > maxSearchSteps:
			return true
		case h+1 < len(t.chars) && strings.HasPrefix(x, next) && t.goesOn(x[len(next):], h+1):
			return true
		case !t.hole(h)[x[0]]:
			return false
		}
	}
}
