package encoding

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Search is what strings are looked for by: those are found that hold one of
// some texts. It is for one goroutine at a time.
type Search struct {
	texts []string
	fold  bool
	lower []byte
}

// NewSearch returns a search for texts. With fold case does not matter: strings
// are found that hold one of the texts when both are in lower case.
func NewSearch(texts []string, fold bool) *Search {
	if fold {
		texts = slices.Clone(texts)
		for i := range texts {
			texts[i] = strings.ToLower(texts[i])
		}
	}
	return &Search{texts: texts, fold: fold}
}

// Texts returns what is searched for, in lower case where case does not matter.
func (s *Search) Texts() []string { return s.texts }

// In reports whether v is found.
func (s *Search) In(v string) bool {
	if s.fold {
		v = s.lowered(v)
	}
	for _, x := range s.texts {
		if strings.Contains(v, x) {
			return true
		}
	}
	return false
}

// lowered is [strings.ToLower]. The result is valid until the next call.
func (s *Search) lowered(v string) string {
	s.lower = s.lower[:0]
	for i := range len(v) {
		c := v[i]
		if c >= utf8.RuneSelf {
			return strings.ToLower(v)
		}
		if c-'A' < 26 {
			c |= 0x20
		}
		s.lower = append(s.lower, c)
	}
	return view(s.lower)
}

// Find returns which of the n strings that AppendStrings encoded are found,
// rising. It reads what it needs to tell: of templates those columns of holes that
// a text may stand in, in part. What it did not read is not checked either.
func (s *Search) Find(src []byte, n, maxBytes int) ([]uint32, error) {
	r := reader{src: src}
	if r.checkRows(n); r.err != nil || n == 0 {
		return nil, r.err
	}
	found := s.find(&r, n, &budget{left: maxBytes})
	return found, r.err
}

func (s *Search) find(r *reader, n int, b *budget) []uint32 {
	if len(r.src) > 0 {
		switch r.src[0] {
		case stringConstant:
			v := r.bytes(r.left())[1:]
			if b.spend(r, len(v)*n); r.err != nil || !s.In(string(v)) {
				return nil
			}
			return upTo(n)
		case stringTemplate:
			r.byte()
			r.codec = "template"
			return s.findTemplates(r, n, b)
		case stringDict:
			r.byte()
			r.codec = "string dictionary"
			return s.findDict(r, n, b)
		}
	}
	if chars := alphabetOf(*r); chars != nil && !s.possible(chars) {
		return nil
	}
	v := make([]string, n)
	readStrings(r, v, b, 0)
	if r.end(); r.err != nil {
		return nil
	}
	var found []uint32
	for i, x := range v {
		if s.In(x) {
			found = append(found, uint32(i))
		}
	}
	return found
}

func upTo(n int) []uint32 {
	all := make([]uint32, n)
	for i := range all {
		all[i] = uint32(i)
	}
	return all
}

// findDict looks for the entries of a dictionary.
func (s *Search) findDict(r *reader, n int, b *budget) (found []uint32) {
	k := r.count("dictionary size", n)
	entries, numbers := r.section(), r.tail()
	if r.err = numbers.err; r.err != nil {
		return nil
	}
	wanted := s.find(&entries, k, b)
	if r.err = entries.err; r.err != nil || len(wanted) == 0 {
		return nil
	}
	is := make([]bool, k)
	for _, i := range wanted {
		is[i] = true
	}
	which := make([]uint32, n)
	readInts(&numbers, which, 1)
	if r.take(&numbers); r.err != nil {
		return nil
	}
	for i, x := range which {
		if int(x) >= k {
			r.fail("row %d has number %d of %d", i, x, k)
			return nil
		}
		if is[x] {
			found = append(found, uint32(i))
		}
	}
	return found
}

// possible reports whether one of the texts has none but some characters.
func (s *Search) possible(chars *charset) bool {
	if s.fold {
		chars = chars.folded()
	}
	return slices.ContainsFunc(s.texts, chars.haveAll)
}

// charset is a set of bytes.
type charset [256]bool

func charsetOf(texts ...string) *charset {
	c := new(charset)
	for _, s := range texts {
		for i := range len(s) {
			c[s[i]] = true
		}
	}
	return c
}

func (c *charset) haveAll(s string) bool {
	for i := range len(s) {
		if !c[s[i]] {
			return false
		}
	}
	return true
}

// folded returns what the characters of c may be in lower case: what is not
// ASCII, anything.
func (c *charset) folded() *charset {
	out := *c
	for b := range out {
		switch {
		case b >= utf8.RuneSelf && c[b]:
			return everyChar
		case c[b] && byte(b)-'A' < 26:
			out[b|0x20] = true
		}
	}
	return &out
}

var (
	everyChar = func() *charset {
		c := new(charset)
		for b := range c {
			c[b] = true
		}
		return c
	}()
	decimalChars  = charsetOf("0123456789-")
	ipv4Chars     = charsetOf("0123456789.")
	lowerHexChars = charsetOf("0123456789abcdef")
	upperHexChars = charsetOf("0123456789ABCDEF")
)

// alphabetOf returns the characters that the values of a column are made of,
// where its codec tells, else nil.
func alphabetOf(r reader) *charset {
	switch r.byte() {
	case stringDecimal:
		return decimalChars
	case stringIPv4:
		return ipv4Chars
	case stringHex:
		switch r.byte() {
		case 0:
			return lowerHexChars
		case upperHex:
			return upperHexChars
		}
	case stringMasked:
		c := new(charset)
		for _, chars := range readAlphabets(&r) {
			for _, b := range chars {
				c[b] = true
			}
		}
		if r.err == nil {
			return c
		}
	}
	return nil
}
