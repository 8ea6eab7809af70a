package encoding

import "slices"

// A column can be cut into pages, each an encoded column of its own, so that a
// few values cost one page. What a page should have is judged from the whole
// column, once: planning each page alone would take as long as encoding it.

// Pages says how a column is cut: every page has Size values, the last one
// what is left.
type Pages struct {
	Size int
	// Lengths are the bytes of each page.
	Lengths []int
}

// Cut is how small pages may be. A page has at least Values values, and so many
// that it takes about Bytes bytes: less would cost more than it saves. What
// takes nearly nothing takes its time to read all the same, so that a page has
// at most Most values, unless it is runs, which need not be expanded.
type Cut struct{ Values, Bytes, Most int }

// size returns the values of a page of a column of n that takes so many bits.
func (c Cut) size(n int, bits float64) int {
	size := c.Values
	for size < n && size < c.Most && bits*float64(size) < 8*float64(c.Bytes)*float64(n) {
		size *= 2
	}
	if size > n/2 {
		return n // a page and a bit more is one page
	}
	return size
}

// runBits is about what a run takes.
const runBits = 20

// mostRunBytes is about what runs take at most that are not cut.
const mostRunBytes = 32 << 10

// longRuns is how many values runs have on average that are so few that they are
// not cut, whatever else the column could be.
const longRuns = 256

// AppendIntPages is [Encoder.AppendInts] by pages.
func (e Encoder) AppendIntPages(dst []byte, v []int64, c Cut) ([]byte, Pages) {
	if len(v) < 2*c.Values {
		return e.onePage(dst, len(v), func(dst []byte) []byte { return e.AppendInts(dst, v) })
	}
	s := shapeOf(v)
	h := hint{n: len(v)}
	if d := commonDivisor(v, s.min); d > 1 {
		h.divided = true
		q := quotients(v, s.min, d)
		h.plan, h.repeats = e.plan(q, shapeOf(q))
	} else {
		h.plan, h.repeats = e.plan(v, s)
	}
	p := Pages{Size: c.size(len(v), h.plan.bits)}
	if runs := float64(s.runs * runBits); (runs <= h.plan.bits || s.runs*longRuns <= len(v)) && runs <= 8*mostRunBytes {
		p.Size = len(v)
	}
	// What is nested was not planned, and may be much smaller.
	for p.Size < len(v) {
		e.hint = &h
		if first := e.AppendInts(nil, v[:p.Size]); len(first) >= c.Bytes || p.Size >= c.Most {
			break
		}
		p.Size *= 2
		if p.Size > len(v)/2 {
			p.Size = len(v)
		}
	}
	if p.Size == len(v) {
		e.hint = nil
	}
	for page := range slices.Chunk(v, p.Size) {
		start := len(dst)
		dst = e.AppendInts(dst, page)
		p.Lengths = append(p.Lengths, len(dst)-start)
	}
	return dst, p
}

func (e Encoder) onePage(dst []byte, n int, f func(dst []byte) []byte) ([]byte, Pages) {
	start := len(dst)
	dst = f(dst)
	return dst, Pages{Size: n, Lengths: []int{len(dst) - start}}
}

// AppendUintPages is [Encoder.AppendUints] by pages.
func (e Encoder) AppendUintPages(dst []byte, v []uint32, c Cut) ([]byte, Pages) {
	p := wides.Get().(*[]int64)
	defer wides.Put(p)
	wide := slices.Grow((*p)[:0], len(v))[:len(v)]
	for i, x := range v {
		wide[i] = int64(x)
	}
	*p = wide
	return e.AppendIntPages(dst, wide, c)
}

// AppendFloatPages is [Encoder.AppendFloats] by pages.
func (e Encoder) AppendFloatPages(dst []byte, v []float64, c Cut) ([]byte, Pages) {
	if len(v) < 2*c.Values {
		return e.onePage(dst, len(v), func(dst []byte) []byte { return e.AppendFloats(dst, v) })
	}
	// A stretch in the middle tells what a page takes.
	sample := v[len(v)/2:][:c.Values/2]
	size := len(e.AppendFloats(nil, sample))
	p := Pages{Size: c.size(len(v), 8*float64(size)*float64(len(v))/float64(len(sample)))}
	for page := range slices.Chunk(v, p.Size) {
		start := len(dst)
		dst = e.AppendFloats(dst, page)
		p.Lengths = append(p.Lengths, len(dst)-start)
	}
	return dst, p
}

// AppendBytePages is [Encoder.AppendBytes] by pages.
func (e Encoder) AppendBytePages(dst, v []byte, w int, c Cut) ([]byte, Pages) {
	n := len(v) / w
	if n < 2*c.Values {
		return e.onePage(dst, n, func(dst []byte) []byte { return e.AppendBytes(dst, v, w) })
	}
	p := Pages{Size: c.Values}
	random := false // as the first page is, so are the others
	for page := range slices.Chunk(v, p.Size*w) {
		start := len(dst)
		if random {
			dst = append(append(dst, fixedBlob, blobRaw), page...)
		} else {
			dst = e.AppendBytes(dst, page, w)
			random = len(p.Lengths) == 0 && len(dst)-start > len(page)
		}
		p.Lengths = append(p.Lengths, len(dst)-start)
	}
	return dst, p
}

// AppendStringPages is [Encoder.AppendStrings] by pages, of which each has at
// least c.Values values and c.Bytes bytes of text.
func (e Encoder) AppendStringPages(dst []byte, v []string, c Cut) ([]byte, Pages) {
	p := Pages{Size: c.size(len(v), 8*float64(totalLen(v)))}
	if len(v) == 0 {
		return e.onePage(dst, 0, func(dst []byte) []byte { return e.AppendStrings(dst, v) })
	}
	if p.Size < len(v) && len(v) > smallStrings {
		// Which codecs suit the pages is judged once.
		e.ranked = e.rankStrings(v, 0)
	}
	for page := range slices.Chunk(v, p.Size) {
		start := len(dst)
		dst = e.AppendStrings(dst, page)
		p.Lengths = append(p.Lengths, len(dst)-start)
	}
	return dst, p
}

// hint is the plan of a whole column for its pages.
type hint struct {
	plan    plan
	repeats bool
	n       int
	divided bool // the plan is for quotients, see appendMultiples
}

// of returns the plan for a page. The base of plain values is the page's own
// least: the page may lie far above that of the column.
func (h *hint) of(v []int64, s shape) (plan, bool) {
	p := h.plan
	p.bits *= float64(len(v)) / float64(h.n)
	if p.t.order == 0 && !p.t.zigzag && p.codec != intLocal {
		p.t.base = s.min
	}
	return p, h.repeats
}
