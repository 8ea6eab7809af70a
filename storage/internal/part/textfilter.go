package part

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// Texts are looked for by parts of them: bodies and string attributes have a text
// filter for each page of the dictionary, which knows the grams of its strings. A
// gram is four letters that stand together, in lower case: a string that holds a
// text has all grams of the text, wherever words begin and end and whatever the
// case. Digits make no grams. They would be five of six, for there are few
// numbers that come twice, and who looks for a number finds it by the words
// around it or not at all.
//
// Dictionaries that are small have no filter: they are searched instead.
const (
	// gramBits let one gram in 16 pass that is not there; a word has several.
	gramBits = 4
	// gramLetters is how many letters a gram has, and letterBits what one takes.
	gramLetters, letterBits = 4, 5
	gramMask                = 1<<(gramLetters*letterBits) - 1
	fullGram                = 1 << ((gramLetters - 1) * letterBits) // as no letter is 0
	// gramShare is how many percent of a column its text filters may take: those
	// of random letters would take more and leave out nothing.
	gramShare = 20
	// minTextBytes is what a column takes at least that has a filter.
	minTextBytes = 512
	// searchedBytes is what a dictionary without a filter takes at most that is
	// searched to find out whether its row group has to be read.
	searchedBytes = 1 << 10
)

// letters are the numbers of letters, 1 to 26, and of the bytes of characters that
// are not ASCII, 27 to 31; what makes no grams has 0.
var letters = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= utf8.RuneSelf:
			t[c] = uint8(27 + c%5)
		case c >= 'a' && c <= 'z':
			t[c] = uint8(c - 'a' + 1)
		case c >= 'A' && c <= 'Z':
			t[c] = uint8(c - 'A' + 1)
		}
	}
	return t
}()

// grams collects the grams of strings, each once.
type grams struct {
	seen []uint64 // a bit a gram
	list []uint32
}

// nextGram returns the gram that ends with c, behind one that ends before it. It is
// below fullGram where fewer letters stand side by side.
func nextGram(gram uint32, c byte) uint32 {
	l := letters[c]
	if l == 0 {
		return 0
	}
	return (gram<<letterBits | uint32(l)) & gramMask
}

func (g *grams) reset() {
	if g.seen == nil {
		g.seen = make([]uint64, (gramMask+1)/64)
	}
	for _, x := range g.list {
		g.seen[x/64] = 0
	}
	g.list = g.list[:0]
}

func (g *grams) add(s string) {
	s = lowered(s)
	gram := uint32(0)
	for i := range len(s) {
		if gram = nextGram(gram, s[i]); gram >= fullGram && g.seen[gram/64]&(1<<(gram%64)) == 0 {
			g.seen[gram/64] |= 1 << (gram % 64)
			g.list = append(g.list, gram)
		}
	}
}

// lowered returns s in lower case, but for ASCII, of which the letters have one
// number in either.
func lowered(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.ToLower(s)
		}
	}
	return s
}

// mostGrams is how many grams of a text are looked up: that is enough.
const mostGrams = 32

// gramsOf returns grams that every string has that holds a text.
func gramsOf(text string) (list []uint32) {
	if !utf8.ValidString(text) {
		// It may be the end of a character, whose lower case is another one.
		text = strings.Map(func(r rune) rune {
			if r >= utf8.RuneSelf {
				return ' '
			}
			return r
		}, text)
	}
	text = lowered(text)
	gram := uint32(0)
	for i := 0; i < len(text) && len(list) < mostGrams; i++ {
		if gram = nextGram(gram, text[i]); gram >= fullGram {
			list = append(list, gram)
		}
	}
	return list
}

// hashOfGram is what filters know a gram by: they mix it themselves.
func hashOfGram(g uint32) uint64 { return uint64(g) }

// textFilter encodes the text filters of a column, if it is to have some.
func (e *encoder) textFilter(l *table.Leaf, p *pages) chunkRef {
	if !e.texts || l.Kind != table.KindString || len(e.body) < minTextBytes {
		return chunkRef{}
	}
	room := len(e.body) * 8 * gramShare / 100 / gramBits
	e.tmp = e.tmp[:0]
	for entries := range slices.Chunk(l.Dict.Values[1:], p.entrySize) {
		e.grams.reset()
		for _, s := range entries {
			e.grams.add(s)
		}
		if room -= len(e.grams.list); room < 0 {
			return chunkRef{}
		}
		e.appendFilter(len(e.grams.list), gramBits, func(i int) uint64 { return hashOfGram(e.grams.list[i]) })
	}
	return e.chunk()
}

// passingTexts returns which pages of the dictionary may have a string that is
// searched for; nil where that cannot be told, because there are no filters or
// they are damaged.
func (s source) passingTexts(d *leafDir, pages int, search *encoding.Search) ([]bool, error) {
	if d.text.size == 0 {
		return nil, nil
	}
	var wanted [][]uint32
	for _, text := range search.Texts() {
		grams := gramsOf(text)
		if len(grams) == 0 {
			return nil, nil
		}
		wanted = append(wanted, grams)
	}
	return s.passingFilters(d.text, pages, func(f *fuse) bool {
		return slices.ContainsFunc(wanted, func(grams []uint32) bool {
			return !slices.ContainsFunc(grams, func(g uint32) bool { return !f.mayHold(hashOfGram(g)) })
		})
	})
}

// textMayBe reports whether a column of strings may have one that a predicate
// looks for by a part of it.
func (s source) textMayBe(d *leafDir, p *column.Predicate) (bool, error) {
	search := table.TextsOf(p)
	switch {
	case search == nil:
		return true, nil
	case d.ref.size == 0:
		return false, nil // all are empty
	case d.text.size == 0 && d.ref.head == 0 && d.ref.size <= searchedBytes:
		found, err := s.entriesWith(d, search)
		if errors.Is(err, ErrCorrupt) || errors.Is(err, encoding.ErrCorrupt) {
			return true, nil // it is counted where the column is read
		}
		return len(found) > 0, err
	}
	pass, err := s.passingTexts(d, 0, search)
	return pass == nil || slices.Contains(pass, true), err
}

// entriesWith returns which entries are found of a dictionary that is not cut.
func (s source) entriesWith(d *leafDir, search *encoding.Search) ([]uint32, error) {
	b, err := s.chunk(d.ref)
	if err != nil {
		return nil, err
	}
	r := reader{src: b}
	r.uvarint() // the values
	found, _, err := findEntries(&r, search)
	return found, err
}

// findEntries reads the dictionary of a column that is not cut, and returns which
// of its n entries are found.
func findEntries(r *reader, search *encoding.Search) (found []uint32, n int, err error) {
	n, size := r.count("dictionary entries", maxItems), r.count("bytes of strings", maxDictBytes)
	entries := r.section()
	if r.err != nil {
		return nil, 0, r.err
	}
	found, err = search.Find(entries, n, size)
	return found, n, err
}
