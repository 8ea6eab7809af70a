package encoding

import (
	"strconv"
	"strings"
)

// templates is a column of templates of which only the texts are decoded: rows'
// numbers and the columns of holes are when they are needed, for a few values or
// for what their text cannot decide.
type templates struct {
	n       int // values
	inner   budget
	cells   budget
	pieces  [][]string // of each template, around its holes
	numbers reader     // the section of rows' templates, until which is read from it
	which   []uint32   // template of each row
	rows    []int      // of each template, once which is known
	parts   [][]partColumn
}

// partColumn is a hole's values: integers are not made strings only to be
// copied.
type partColumn struct {
	section reader
	loaded  bool
	ints    []int64
	text    []string
}

func (p *partColumn) append(dst []byte, i int) []byte {
	if p.ints != nil {
		return strconv.AppendInt(dst, p.ints[i], 10)
	}
	return append(dst, p.text[i]...)
}

// openTemplates reads a column of n values to its end. Parts are within the
// values, so that a second budget of the same size as theirs, with a byte more a
// row for empty ones, bounds them; and a third one the headers of their strings,
// as much memory again.
func openTemplates(r *reader, n int, b *budget) *templates {
	t := &templates{n: n, inner: budget{left: b.left + n}, cells: budget{left: b.left + n}}
	count := r.count("number of templates", n)
	s := r.section()
	if r.err = s.err; r.err != nil {
		return nil
	}
	texts := make([]string, count)
	readStrings(&s, texts, &t.inner, maxStringDepth)
	r.take(&s)
	t.numbers = r.section()
	if r.err == nil {
		r.err = t.numbers.err
	}
	t.pieces, t.parts = make([][]string, count), make([][]partColumn, count)
	for k, text := range texts {
		holes := strings.Count(text, wholeHole)
		if holes > r.left() {
			r.fail("template %d has %d holes", k, holes)
		}
		if r.err != nil {
			return nil
		}
		t.pieces[k] = strings.Split(text, wholeHole)
		t.parts[k] = make([]partColumn, holes)
		for i := range t.parts[k] {
			t.parts[k][i].section = r.section()
			if r.err = t.parts[k][i].section.err; r.err != nil {
				return nil
			}
		}
	}
	return t
}

// number reads which template each row has.
func (t *templates) number(r *reader) {
	if t.which != nil || r.err != nil {
		return
	}
	t.which = make([]uint32, t.n)
	readInts(&t.numbers, t.which, 1)
	r.take(&t.numbers)
	t.rows = make([]int, len(t.pieces))
	for i, k := range t.which {
		if int(k) >= len(t.pieces) {
			r.fail("row %d has template %d of %d", i, k, len(t.pieces))
		}
		if r.err != nil {
			return
		}
		t.rows[k]++
	}
}

// part returns a hole's column, decoded.
func (t *templates) part(r *reader, k, hole, depth int) *partColumn {
	p := &t.parts[k][hole]
	if t.number(r); p.loaded || r.err != nil {
		return p
	}
	p.loaded = true
	n := t.rows[k]
	if t.cells.spend(r, n); r.err != nil {
		return p
	}
	if s := &p.section; len(s.src) > 0 && s.src[0] == stringDecimal {
		s.off, s.codec = 1, "decimal"
		p.ints = decimals(s, n)
	} else {
		p.text = make([]string, n)
		readStrings(s, p.text, &t.inner, depth+1)
	}
	r.take(&p.section)
	return p
}

// load decodes all holes of a template.
func (t *templates) load(r *reader, k, depth int) {
	for hole := range t.parts[k] {
		t.part(r, k, hole, depth)
	}
}

// appendValue appends the value of a template's row i, whose holes are loaded.
func (t *templates) appendValue(dst []byte, k uint32, i int) []byte {
	for h, piece := range t.pieces[k] {
		if h > 0 {
			dst = t.parts[k][h-1].append(dst, i)
		}
		dst = append(dst, piece...)
	}
	return dst
}

func readTemplate(r *reader, dst []string, b *budget, depth int) {
	t := openTemplates(r, len(dst), b)
	if r.err != nil {
		return
	}
	t.number(r)
	for k := range t.pieces {
		if t.load(r, k, depth); r.err != nil {
			return
		}
	}
	out := newText(len(dst))
	out.buf = make([]byte, 0, min(b.left, t.joinedSize()))
	next := make([]int, len(t.pieces)) // row of each template
	for _, k := range t.which {
		at := len(out.buf)
		out.buf = t.appendValue(out.buf, k, next[k])
		next[k]++
		out.end()
		if b.spend(r, len(out.buf)-at); r.err != nil {
			return
		}
	}
	out.into(dst)
}

// readTemplateAt reads of n values those at some places, and of the holes those
// of their templates.
func readTemplateAt(r *reader, dst []string, n int, at []uint32, b *budget, depth int) {
	t := openTemplates(r, n, b)
	if r.err == nil {
		t.number(r)
	}
	if r.err != nil {
		return
	}
	for _, row := range at {
		if t.load(r, int(t.which[row]), depth); r.err != nil {
			return
		}
	}
	out := newText(len(dst))
	next := make([]int, len(t.pieces))
	for row, k := range t.which {
		if len(at) == 0 {
			break
		}
		if at[0] == uint32(row) {
			at = at[1:]
			from := len(out.buf)
			out.buf = t.appendValue(out.buf, k, next[k])
			out.end()
			if b.spend(r, len(out.buf)-from); r.err != nil {
				return
			}
		}
		next[k]++
	}
	out.into(dst)
}

// joinedSize guesses what the values take, so that the text seldom moves; the
// guess is in proportion to what is in memory already, but for the texts, which
// the budget bounds.
func (t *templates) joinedSize() (size int) {
	for k := range t.parts {
		for _, p := range t.parts[k] {
			size += 8*len(p.ints) + totalLen(p.text)
		}
		size += t.rows[k] * totalLen(t.pieces[k])
	}
	return size
}
