package part

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"

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

// defaultPageValues is how many values a page has at least, and a page of a
// dictionary entries: less would cost more than it saves. A code table of zstd,
// a base and a head's entry are about 80 bytes a page.
const defaultPageValues = 2 << 10

// What pages of values, and the strings of a page of entries, take at least,
// for each value that they have at least.
const (
	valueCutBytes = 2
	entryCutBytes = 16
	fastEntries   = 4
)

// How many times as many values a page has at most: the points of a series
// stand together, and are so much alike that cutting costs more than reading.
const (
	pageFactor       = 8
	metricPageFactor = 32
)

func (e *encoder) valueCut() encoding.Cut {
	return encoding.Cut{Values: e.pageValues, Bytes: e.pageValues * valueCutBytes, Most: e.pageValues * e.pageFactor}
}

// entryCut is of larger pages in parts that are merged soon: how the variables
// of templates are encoded is judged for each page.
func (e *encoder) entryCut() encoding.Cut {
	if e.enc.Level < encoding.Best {
		n := e.pageValues * fastEntries
		return encoding.Cut{Values: n, Bytes: n * entryCutBytes, Most: n * pageFactor}
	}
	return encoding.Cut{Values: e.pageValues, Bytes: e.pageValues * entryCutBytes, Most: e.pageValues * pageFactor}
}

// pageDir is the head's entry of a page.
type pageDir struct {
	at   int // from the head's first byte
	size int
	sum  uint32 // the lower half of xxhash64 of the bytes
	// least and greatest bound the values: integers, codes, or the bits of
	// floats, NaN left out. A page of entries has the bytes of its strings in
	// greatest.
	least, greatest int64
}

// pages is the head of a column.
type pages struct {
	kind table.Kind
	n    int // values
	size int // values of a page
	list []pageDir

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
	p := &pages{kind: l.Kind, n: len(l.Ints) + len(l.Codes)}
	e.body = e.body[:0]
	var cut encoding.Pages
	switch l.Kind {
	case table.KindInt:
		e.body, cut = e.enc.AppendIntPages(e.body, l.Ints, e.valueCut())
	case table.KindFloat:
		floats := make([]float64, p.n)
		for i, v := range l.Ints {
			floats[i] = math.Float64frombits(uint64(v))
		}
		e.body, cut = e.enc.AppendFloatPages(e.body, floats, e.valueCut())
	case table.KindSpanID:
		e.body, cut = e.enc.AppendBytePages(e.body, spanIDBytes(l.Ints), 8, e.valueCut())
	default:
		e.encodeEntries(p, l.Dict.Values[1:])
		e.body, cut = e.enc.AppendUintPages(e.body, l.Codes, e.valueCut())
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
		e.body, cut = e.enc.AppendBytePages(e.body, raw, 16, e.entryCut())
	} else {
		e.body, cut = e.enc.AppendStringPages(e.body, values, e.entryCut())
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
	}
	return dst
}

func (d *pageDir) append(dst, body []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(d.size))
	return binary.LittleEndian.AppendUint32(dst, uint32(xxhash.Sum64(body[d.at:d.at+d.size])))
}

// parseHead parses the head of a column of at most limit values, in a chunk of
// so many bytes.
func parseHead(kind table.Kind, head []byte, limit, size int) (*pages, error) {
	r := reader{src: head}
	p := &pages{kind: kind, n: r.count("values", limit)}
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
