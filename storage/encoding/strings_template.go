package encoding

import (
	"slices"
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
	// partsSample is the number of values after which it is guessed how many
	// parts all of them have.
	partsSample = 64
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

// cutter takes values apart. Text is reused for each value, parts pile up.
type cutter struct {
	text  []byte
	parts []string
}

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return c|0x20-'a' < 26 }
func isHex(c byte) bool    { return isDigit(c) || c|0x20-'a' < 6 }

// cut sets text and appends to parts from s; false when s must stay whole.
func (c *cutter) cut(s string) bool {
	c.text = c.text[:0]
	first := len(c.parts)
	for i := 0; i < len(s); {
		b := s[i]
		if !isDigit(b) && !isLetter(b) {
			if b == hole {
				return false
			}
			c.text = append(c.text, b)
			i++
			continue
		}
		end, digits, hex := i, 0, 0
		for end < len(s) && (isDigit(s[end]) || isLetter(s[end])) {
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
		if len(c.parts)-first > maxParts {
			return false
		}
	}
	return len(c.parts) > first
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

// grouping is the state of templatesOf.
type grouping struct {
	cutter
	number map[string]int32
	texts  []string
	counts []int
	which  []int32 // by row: the number of its template, -1 for none
	first  []int32 // by row: where its parts start
}

// templatesOf groups values by template, in order of first appearance. It
// returns nil when too few values share templates.
func templatesOf(v []string) []*template {
	g := grouping{number: map[string]int32{}, which: make([]int32, len(v)), first: make([]int32, len(v)+1)}
	for i, s := range v {
		if i == partsSample {
			g.parts = slices.Grow(g.parts, guessParts(len(g.parts), v))
		}
		g.first[i] = int32(len(g.parts))
		if g.which[i] = g.classify(s); g.which[i] < 0 {
			g.parts = g.parts[:g.first[i]]
		}
	}
	g.first[len(v)] = int32(len(g.parts))
	shared := 0
	for _, n := range g.counts {
		if n >= minTemplateRows {
			shared += n
		}
	}
	if shared < len(v)/4 {
		return nil
	}
	out := g.group(v)
	for _, t := range out {
		t.fold()
	}
	return out
}

// guessParts returns how many parts v has, about, when its first partsSample
// values have so many: as many a value, or as many a byte where that is less,
// because the first values may be long ones and the rest of them short.
func guessParts(sampled int, v []string) int {
	sample, total := 0, 0
	for i, s := range v {
		if i < partsSample {
			sample += len(s)
		}
		total += len(s)
	}
	perByte := float64(sampled) / float64(max(1, sample))
	return min(sampled/partsSample*len(v)+len(v)/8, int(perByte*float64(total))+len(v)/8)
}

// classify returns the number of the template of s.
func (g *grouping) classify(s string) int32 {
	if !g.cut(s) {
		return -1
	}
	k, ok := g.number[string(g.text)]
	if !ok {
		if len(g.texts) >= maxTemplates {
			return -1
		}
		k = int32(len(g.texts))
		text := string(g.text)
		g.number[text] = k
		g.texts, g.counts = append(g.texts, text), append(g.counts, 0)
	}
	g.counts[k]++
	return k
}

// group makes the templates with their parts.
func (g *grouping) group(v []string) (out []*template) {
	rare := len(g.texts)
	made := make([]*template, rare+1)
	for i := range v {
		k, parts := int(g.which[i]), g.parts[g.first[i]:g.first[i+1]]
		if k < 0 || g.counts[k] < minTemplateRows {
			k, parts = rare, v[i:i+1]
		}
		t := made[k]
		if t == nil {
			t = &template{text: wholeHole, parts: make([][]string, len(parts))}
			if k < rare {
				t.text = g.texts[k]
				for p := range t.parts {
					t.parts[p] = make([]string, 0, g.counts[k])
				}
			}
			made[k] = t
			out = append(out, t)
		}
		t.rows = append(t.rows, int32(i))
		for p, part := range parts {
			t.parts[p] = append(t.parts[p], part)
		}
	}
	return out
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
