package part

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// A column of many values is cut into pages, each encoded and checked alone, so
// that a few rows cost a page and a flipped bit no more than one. Before the
// pages stands a head, which says where they are and what is in them; the
// dictionary of a column is cut as well:
//
//	+------+------------------------------+-----------------+
//	| head | pages of the dictionary, if  | pages of values |
//	|      | the column has one           | or codes        |
//	+------+------------------------------+-----------------+
//
// Codes are given in the order in which strings first occur, so that a page of
// codes mostly points to few pages of the dictionary.

// pageCut says how columns are cut. Less than values a page, and entries a page of
// a dictionary, would cost more than it saves: a code table of zstd, a base and a
// head's entry are about 80 bytes a page.
type pageCut struct {
	values int // that a page has at least
	factor int // how many times as many it has at most
	// entries is how many times as many entries a page has at least, and entryBytes
	// the bytes of text for each of values.
	entries, entryBytes int
	// few is how many distinct values are so few that the dictionary is read
	// instead of value filters.
	few int
}

// What is merged stays and is read often: pages of half the size take 1.5 % more
// and are read in half the time. Writing them takes longer, which does not pay for
// parts that are merged soon; and there, how the variables of templates are
// encoded would be judged for many pages. The points of a series stand together,
// and are so much alike that cutting costs more than reading.
var (
	cutSoonMerged = pageCut{values: 2 << 10, factor: 8, entries: 4, entryBytes: 4 * 16, few: 512}
	cutMerged     = pageCut{values: 1 << 10, factor: 2, entries: 1, entryBytes: 32, few: 512}
	cutPoints     = pageCut{values: 2 << 10, factor: 32, entries: 1, entryBytes: 16, few: 512}
)

// valueCutBytes is what a page takes at least, for each value that it has at
// least.
const valueCutBytes = 2

// cutOf returns how a part is cut.
func cutOf(s otlpwire.Signal, l encoding.Level, o Options) (c pageCut) {
	switch {
	case l < encoding.Best:
		c = cutSoonMerged
	case s == otlpwire.Metrics:
		c = cutPoints
	default:
		c = cutMerged
	}
	if s == otlpwire.Metrics {
		c.factor = cutPoints.factor
	}
	if o.PageValues > 0 {
		c.values, c.few = o.PageValues, o.PageValues/4
	}
	return c
}

func (c pageCut) ofValues() encoding.Cut {
	return encoding.Cut{Values: c.values, Bytes: c.values * valueCutBytes, Most: c.values * c.factor}
}

// ofSpanIDs is of larger pages: they are read as they stand, and filters of more
// values are smaller.
func (c pageCut) ofSpanIDs() encoding.Cut { return encoding.Cut{Values: 2 * c.values} }

func (c pageCut) ofEntries() encoding.Cut {
	n := c.values * c.entries
	return encoding.Cut{Values: n, Bytes: c.values * c.entryBytes, Most: n * min(c.factor, mostEntryFactor)}
}

// mostEntryFactor is factor for entries, at most.
const mostEntryFactor = 8

// pageDir is the head's entry of a page.
type pageDir struct {
	at   int // from the head's first byte
	size int
	sum  uint32 // the lower half of xxhash64 of the bytes
	// least and greatest bound the values: integers, codes, or the bits of
	// floats, NaN left out. A page of entries has the bytes of its strings in
	// greatest.
	least, greatest int64
	total           int64 // of counts, the sum of the page's
}

// pages is the head of a column.
type pages struct {
	kind   table.Kind
	totals bool // values are counts, of which each page tells the sum
	n      int  // values
	size   int  // values of a page
	list   []pageDir

	entries    int // of the dictionary
	entryBytes int // of all of its strings
	entrySize  int // entries of a page
	dict       []pageDir
}

func hasDict(k table.Kind) bool { return k == table.KindString || k == table.KindTrace }

// whole says that there is nothing to cut.
func (p *pages) whole() bool { return len(p.list) <= 1 && len(p.dict) <= 1 }

// encodePages encodes a column into e.body and returns its head.
func (e *encoder) encodePages(l *table.Leaf) *pages {
	p := &pages{kind: l.Kind, totals: e.counts, n: len(l.Ints) + len(l.Codes)}
	e.body = e.body[:0]
	var cut encoding.Pages
	switch l.Kind {
	case table.KindInt:
		e.body, cut = e.enc.AppendIntPages(e.body, l.Ints, e.cut.ofValues())
	case table.KindFloat:
		floats := make([]float64, p.n)
		for i, v := range l.Ints {
			floats[i] = math.Float64frombits(uint64(v))
		}
		e.body, cut = e.enc.AppendFloatPages(e.body, floats, e.cut.ofValues())
	case table.KindSpanID:
		e.body, cut = e.enc.AppendBytePages(e.body, spanIDBytes(l.Ints), 8, e.cut.ofSpanIDs())
	default:
		e.encodeEntries(p, l.Dict.Values[1:])
		c := e.cut.ofValues()
		if l.Kind == table.KindTrace {
			// Where the rows of a trace are is asked for more than anything, and in
			// each cluster of rows anew: a page is as small as it may be.
			c.Most = c.Values
		}
		e.body, cut = e.enc.AppendUintPages(e.body, l.Codes, c)
	}
	p.size = cut.Size
	at := 0
	if len(p.dict) > 0 {
		last := p.dict[len(p.dict)-1]
		at = last.at + last.size
	}
	for i, size := range cut.Lengths {
		d := pageDir{at: at, size: size}
		d.bound(l, i*p.size, min((i+1)*p.size, p.n))
		p.list = append(p.list, d)
		at += size
	}
	return p
}

// encodeEntries encodes a dictionary, without the empty string that is its
// entry 0.
func (e *encoder) encodeEntries(p *pages, values []string) {
	p.entries = len(values)
	var cut encoding.Pages
	if p.kind == table.KindTrace {
		raw := make([]byte, 0, 16*len(values))
		for _, id := range values {
			raw = append(raw, id...)
		}
		e.body, cut = e.enc.AppendBytePages(e.body, raw, 16, e.cut.ofEntries())
	} else {
		e.body, cut = e.enc.AppendStringPages(e.body, values, e.cut.ofEntries())
	}
	p.entrySize = cut.Size
	at := 0
	for i, size := range cut.Lengths {
		d := pageDir{at: at, size: size}
		for _, s := range values[i*p.entrySize : min((i+1)*p.entrySize, p.entries)] {
			d.greatest += int64(len(s))
		}
		p.entryBytes += int(d.greatest)
		p.dict = append(p.dict, d)
		at += size
	}
}

// bound sets the bounds of the values from up to end.
func (d *pageDir) bound(l *table.Leaf, from, end int) {
	switch {
	case l.Kind == table.KindInt:
		d.least, d.greatest = slices.Min(l.Ints[from:end]), slices.Max(l.Ints[from:end])
		for _, v := range l.Ints[from:end] {
			d.total += v
		}
	case l.Kind == table.KindFloat:
		least, greatest := math.Inf(1), math.Inf(-1)
		for _, v := range l.Ints[from:end] {
			if f := math.Float64frombits(uint64(v)); f == f {
				least, greatest = min(least, f), max(greatest, f)
			}
		}
		d.least, d.greatest = int64(math.Float64bits(least)), int64(math.Float64bits(greatest))
	case hasDict(l.Kind):
		d.least, d.greatest = int64(slices.Min(l.Codes[from:end])), int64(slices.Max(l.Codes[from:end]))
	}
}

// appendWhole appends a column that is not cut.
func (p *pages) appendWhole(dst, body []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.n))
	if !hasDict(p.kind) {
		return append(dst, body...)
	}
	dst = binary.AppendUvarint(dst, uint64(p.entries))
	if p.kind == table.KindString {
		dst = binary.AppendUvarint(dst, uint64(p.entryBytes))
	}
	k := p.dict[0].size
	return append(appendSection(dst, body[:k]), body[k:]...)
}

// appendHead appends the head of a column whose pages are in body.
func (p *pages) appendHead(dst, body []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.n))
	if hasDict(p.kind) {
		dst = binary.AppendUvarint(dst, uint64(p.entries))
		dst = binary.AppendUvarint(dst, uint64(p.entrySize))
		for i := range p.dict {
			d := &p.dict[i]
			dst = d.append(dst, body)
			if p.kind == table.KindString {
				dst = binary.AppendUvarint(dst, uint64(d.greatest))
			}
		}
	}
	dst = binary.AppendUvarint(dst, uint64(p.size))
	for i := range p.list {
		d := &p.list[i]
		dst = d.append(dst, body)
		switch p.kind {
		case table.KindSpanID:
		case table.KindFloat:
			dst = binary.LittleEndian.AppendUint64(dst, uint64(d.least))
			dst = binary.LittleEndian.AppendUint64(dst, uint64(d.greatest))
		default:
			dst = binary.AppendVarint(dst, d.least)
			dst = binary.AppendUvarint(dst, uint64(d.greatest)-uint64(d.least))
		}
		if p.totals {
			dst = binary.AppendUvarint(dst, uint64(d.total))
		}
	}
	return dst
}

func (d *pageDir) append(dst, body []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(d.size))
	return binary.LittleEndian.AppendUint32(dst, uint32(xxhash.Sum64(body[d.at:d.at+d.size])))
}

// parseHead parses the head of a column of at most limit values, in a chunk of
// so many bytes. totals says that it is one of counts.
func parseHead(kind table.Kind, totals bool, head []byte, limit, size int) (*pages, error) {
	r := reader{src: head}
	p := &pages{kind: kind, totals: totals, n: r.count("values", limit)}
	at := len(head)
	if hasDict(kind) {
		p.entries = r.count("dictionary entries", maxItems)
		p.entrySize = r.pageSize(p.entries)
		for i := 0; i < p.entries && r.err == nil; i += p.entrySize {
			d := r.page(&at, size)
			if kind == table.KindString {
				d.greatest = int64(r.count("bytes of strings", maxDictBytes-p.entryBytes))
				p.entryBytes += int(d.greatest)
			}
			p.dict = append(p.dict, d)
		}
	}
	p.size = r.pageSize(p.n)
	for i := 0; i < p.n && r.err == nil; i += p.size {
		d := r.page(&at, size)
		switch kind {
		case table.KindSpanID:
		case table.KindFloat:
			d.least, d.greatest = int64(r.uint64()), int64(r.uint64())
		default:
			d.least = r.varint()
			d.greatest = d.least + int64(r.uvarint())
		}
		if totals {
			d.total = int64(r.count("items", maxItems))
		}
		p.list = append(p.list, d)
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if at != size {
		return nil, corruptf("pages end at byte %d of %d", at, size)
	}
	return p, nil
}

// pageSize reads how many of n values a page has.
func (r *reader) pageSize(n int) int {
	size := r.count("values of a page", maxItems)
	if size == 0 && n > 0 {
		r.fail("pages without values")
		return 1
	}
	return max(size, 1)
}

// page reads the entry of the page that begins at byte at.
func (r *reader) page(at *int, size int) pageDir {
	d := pageDir{at: *at, size: r.count("bytes of a page", size-*at)}
	if b := r.bytes(4); b != nil {
		d.sum = binary.LittleEndian.Uint32(b)
	}
	*at += d.size
	return d
}

// values returns how many values page i has.
func (p *pages) values(i int) int { return min(p.size, p.n-i*p.size) }

// entriesOf returns how many entries page i of the dictionary has.
func (p *pages) entriesOf(i int) int { return min(p.entrySize, p.entries-i*p.entrySize) }
