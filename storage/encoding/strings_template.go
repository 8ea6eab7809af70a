package encoding

import (
	"bytes"
	"strconv"
	"strings"
)

// The template codec takes values apart into what they share and what varies:
// "GET /route?pickup=123&dropoff=4" is the template "GET /route?pickup=*&dropoff=*"
// and the parts 123 and 4. Each part of each template is a string column of its
// own, so that numbers are stored as numbers, ids as bits, and constants once.
// The losing design is one stream of parts for the whole column: parts of
// different meaning spoil each other's deltas and widths.

// hole stands in a template where a part varies. A value that has this byte
// itself belongs to the template that is one hole and nothing else, as do all
// values whose template is rare.
const (
	hole      = 0
	wholeHole = "\x00"
)

const (
	// maxParts bounds the holes of a template; texts with more are long lists,
	// which zstd does well.
	maxParts = 48
	// maxTemplates bounds the templates of a column.
	maxTemplates = 4096
	// minTemplateRows is the number of rows below which a template's own
	// columns cost more than they save.
	minTemplateRows = 6
	// minHex is the length from which a word of hex digits with a letter and a
	// digit among them is one part, rather than text around numbers.
	minHex = 6
)

// template is a template while encoding.
type template struct {
	text  string
	rows  []int32
	parts [][]string // by hole, then by row
}

// cutter takes values apart. Its slices are reused for each value.
type cutter struct {
	text  []byte
	parts []string
}

func isDigit(c byte) bool { return c-'0' < 10 }
func isLower(c byte) bool { return c|0x20-'a' < 26 && c&0x80 == 0 }
func isHex(c byte) bool   { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// cut sets text and parts from s; false when s must stay whole.
func (c *cutter) cut(s string) bool {
	c.text, c.parts = c.text[:0], c.parts[:0]
	for i := 0; i < len(s); {
		b := s[i]
		if !isDigit(b) && !isLower(b) {
			if b == hole {
				return false
			}
			c.text = append(c.text, b)
			i++
			continue
		}
		end, digits, hex := i, 0, 0
		for end < len(s) && (isDigit(s[end]) || isLower(s[end])) {
			if isDigit(s[end]) {
				digits++
			}
			if isHex(s[end]) {
				hex++
			}
			end++
		}
		switch word := s[i:end]; {
		case digits == 0:
			c.text = append(c.text, word...)
		case hex == len(word) && hex >= minHex || digits == len(word):
			c.part(word)
		default:
			c.cutWord(word)
		}
		i = end
		if len(c.parts) > maxParts {
			return false
		}
	}
	return len(c.parts) > 0
}

// cutWord takes the numbers out of a word of letters and digits.
func (c *cutter) cutWord(word string) {
	for i := 0; i < len(word); {
		end := i
		for end < len(word) && isDigit(word[end]) == isDigit(word[i]) {
			end++
		}
		if isDigit(word[i]) {
			c.part(word[i:end])
		} else {
			c.text = append(c.text, word[i:end]...)
		}
		i = end
	}
}

func (c *cutter) part(s string) {
	c.text = append(c.text, hole)
	c.parts = append(c.parts, s)
}

// templatesOf groups values by template, in order of first appearance. It
// returns nil when too few values share templates.
func templatesOf(v []string) []*template {
	var c cutter
	number := map[string]int32{}
	which := make([]int32, len(v))
	var counts []int
	for i, s := range v {
		which[i] = -1
		if !c.cut(s) {
			continue
		}
		k, ok := number[string(c.text)]
		if !ok {
			if len(counts) >= maxTemplates {
				continue
			}
			k = int32(len(counts))
			number[string(c.text)] = k
			counts = append(counts, 0)
		}
		counts[k]++
		which[i] = k
	}
	made := make([]*template, len(counts)+1)
	var out []*template
	shared := 0
	for i, s := range v {
		k := int(which[i])
		if k < 0 || counts[k] < minTemplateRows {
			k = len(counts)
		} else {
			shared++
		}
		t := made[k]
		if t == nil {
			t = &template{text: wholeHole}
			made[k] = t
			out = append(out, t)
		}
		t.add(&c, s, int32(i), k < len(counts))
	}
	if shared < len(v)/4 {
		return nil
	}
	for _, t := range out {
		t.fold()
	}
	return out
}

func (t *template) add(c *cutter, s string, row int32, cut bool) {
	c.parts = append(c.parts[:0], s)
	if cut {
		c.cut(s)
	}
	if t.rows == nil {
		if cut {
			t.text = string(c.text)
		}
		t.parts = make([][]string, len(c.parts))
	}
	t.rows = append(t.rows, row)
	for i, p := range c.parts {
		t.parts[i] = append(t.parts[i], p)
	}
}

// fold puts parts that never vary back into the text.
func (t *template) fold() {
	if t.text == wholeHole {
		return
	}
	var text strings.Builder
	kept := t.parts[:0]
	k := 0
	for i := range len(t.text) {
		if t.text[i] != hole {
			text.WriteByte(t.text[i])
			continue
		}
		if part := t.parts[k]; allEqual(part) {
			text.WriteString(part[0])
		} else {
			text.WriteByte(hole)
			kept = append(kept, part)
		}
		k++
	}
	t.text, t.parts = text.String(), kept
}

func allEqual(v []string) bool {
	for _, s := range v[1:] {
		if s != v[0] {
			return false
		}
	}
	return true
}

// appendTemplate appends the template codec; false when it does not fit.
//
//	+-------------------+----------------------+----------------------+-------------+
//	| templates uvarint | section: templates,  | section: template of | for each    |
//	| 1..rows           | as a string column,  | each row, as an      | template's  |
//	|                   | byte 0 for each hole | integer column       | each hole a |
//	|                   |                      |                      | section:    |
//	|                   |                      |                      | strings     |
//	+-------------------+----------------------+----------------------+-------------+
//
// A hole's column has a value for each row of its template, in row order.
func (e Encoder) appendTemplate(dst []byte, v []string, depth int) ([]byte, bool) {
	templates := templatesOf(v)
	if templates == nil {
		return dst, false
	}
	texts, numbers := make([]string, len(templates)), make([]int64, len(v))
	for k, t := range templates {
		texts[k] = t.text
		for _, row := range t.rows {
			numbers[row] = int64(k)
		}
	}
	dst = appendUvarint(append(dst, stringTemplate), uint64(len(templates)))
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendStrings(dst, texts, maxStringDepth) })
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendInts(dst, numbers, 1) })
	for _, t := range templates {
		for _, part := range t.parts {
			dst = appendSection(dst, func(dst []byte) []byte { return e.appendStrings(dst, part, depth+1) })
		}
	}
	return dst, true
}

// partColumn is a hole's values while decoding: integers are not made strings
// only to be copied.
type partColumn struct {
	ints []int64
	text []string
	next int
}

func (p *partColumn) appendNext(dst []byte) []byte {
	i := p.next
	p.next++
	if p.ints != nil {
		return strconv.AppendInt(dst, p.ints[i], 10)
	}
	return append(dst, p.text[i]...)
}

// readTemplate decodes in two steps: all columns, then the rows. Parts are
// within the values, so that a second budget of the same size, with a byte more
// a row for empty ones, bounds them.
func readTemplate(r *reader, dst []string, b *budget, depth int) {
	inner := budget{left: b.left + len(dst)}
	count := r.count("number of templates", len(dst))
	s := r.section()
	if r.err = s.err; r.err != nil {
		return
	}
	texts := make([]string, count)
	readStrings(&s, texts, &inner, maxStringDepth)
	r.take(&s)
	numbers := readColumn[uint32](r, len(dst))
	if r.err != nil {
		return
	}
	rows := make([]int, count)
	for i, k := range numbers {
		if int(k) >= count {
			r.fail("row %d has template %d of %d", i, k, count)
			return
		}
		rows[k]++
	}
	// A part is a byte or more, and its string header as much memory again.
	parts := make([][]partColumn, count)
	cells := budget{left: b.left + len(dst)}
	for k, t := range texts {
		parts[k] = make([]partColumn, strings.Count(t, wholeHole))
		for i := range parts[k] {
			if cells.spend(r, rows[k]); r.err != nil {
				return
			}
			readPart(r, &parts[k][i], rows[k], &inner, depth)
		}
	}
	if r.err == nil {
		joinTemplates(r, dst, b, texts, parts, numbers)
	}
}

func readPart(r *reader, p *partColumn, rows int, b *budget, depth int) {
	s := r.section()
	if r.err = s.err; r.err != nil {
		return
	}
	if len(s.src) > 0 && s.src[0] == stringDecimal {
		s.off, s.codec = 1, "decimal"
		p.ints = decimals(&s, rows)
	} else {
		p.text = make([]string, rows)
		readStrings(&s, p.text, b, depth+1)
	}
	r.take(&s)
}

func joinTemplates(r *reader, dst []string, b *budget, texts []string, parts [][]partColumn, numbers []uint32) {
	pieces := make([][][]byte, len(texts))
	for k, t := range texts {
		pieces[k] = bytes.Split([]byte(t), []byte(wholeHole))
	}
	t := newText(len(dst))
	for _, k := range numbers {
		at := len(t.buf)
		for i, piece := range pieces[k] {
			if i > 0 {
				t.buf = parts[k][i-1].appendNext(t.buf)
			}
			t.buf = append(t.buf, piece...)
		}
		t.end()
		if b.spend(r, len(t.buf)-at); r.err != nil {
			return
		}
	}
	t.into(dst)
}
