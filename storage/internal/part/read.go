package part

import (
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// pagedLeaf reads a column that is cut into pages.
type pagedLeaf struct {
	s     source
	d     *leafDir
	kind  table.Kind
	limit int // values that there can be

	head *pages // once it was read
}

// paged prepares a column that is cut into pages for reading.
func (s source) paged(l *table.Leaf, d *leafDir, n int) {
	p := &pagedLeaf{s: s, d: d, kind: l.Kind, limit: n}
	l.Load = func(l *table.Leaf) error { return p.at(p.load(l)) }
	l.Pick = func(to *table.Leaf, at []uint32) error { return p.at(p.pick(to, at)) }
	l.Find = func(w table.Wanted, n int) ([]uint32, error) {
		found, err := p.find(w, n)
		return found, p.at(err)
	}
}

// at says which column an error is about.
func (p *pagedLeaf) at(err error) error {
	if err != nil {
		return fmt.Errorf("part: column at byte %d: %w", p.d.ref.off, err)
	}
	return nil
}

// open reads the head.
func (p *pagedLeaf) open() (*pages, error) {
	if p.head != nil {
		return p.head, nil
	}
	ref := p.d.ref
	head, err := p.s.chunk(chunkRef{off: ref.off, size: ref.head, sum: ref.sum})
	if err != nil {
		return nil, err
	}
	p.head, err = parseHead(p.kind, head, p.limit, ref.size)
	return p.head, err
}

// bytes reads and checks a page.
func (p *pagedLeaf) bytes(d *pageDir) ([]byte, error) {
	off := p.d.ref.off + int64(d.at)
	b, err := p.s.bytes(off, d.size)
	if err == nil {
		err = p.check(d, b)
	}
	return b, err
}

func (p *pagedLeaf) check(d *pageDir, b []byte) error {
	if p.s.p.verifySums && uint32(xxhash.Sum64(b)) != d.sum {
		return corruptf("wrong checksum of the page of %d bytes at byte %d", d.size, p.d.ref.off+int64(d.at))
	}
	return nil
}

// load reads all of the column in one piece.
func (p *pagedLeaf) load(l *table.Leaf) error {
	ref := p.d.ref
	all, err := p.s.bytes(ref.off, ref.size)
	if err != nil {
		return err
	}
	if p.head == nil {
		if p.s.p.verifySums && xxhash.Sum64(all[:ref.head]) != ref.sum {
			return corruptf("wrong checksum of the %d bytes at byte %d", ref.head, ref.off)
		}
		if p.head, err = parseHead(p.kind, all[:ref.head], p.limit, ref.size); err != nil {
			return err
		}
	}
	page := func(d *pageDir) ([]byte, error) {
		b := all[d.at : d.at+d.size]
		return b, p.check(d, b)
	}
	h := p.head
	if hasDict(p.kind) {
		values := append(make([]string, 0, h.entries+1), "")
		for i := range h.dict {
			b, err := page(&h.dict[i])
			if err != nil {
				return err
			}
			if values, err = h.appendEntries(values, b, i); err != nil {
				return err
			}
		}
		l.Dict = &table.Dict{Values: values}
		l.Codes = make([]uint32, 0, h.n)
		for i := range h.list {
			b, err := page(&h.list[i])
			if err != nil {
				return err
			}
			if l.Codes, err = h.appendCodes(l.Codes, b, i); err != nil {
				return err
			}
		}
		return nil
	}
	l.Ints = make([]int64, 0, h.n)
	for i := range h.list {
		b, err := page(&h.list[i])
		if err != nil {
			return err
		}
		if l.Ints, err = h.appendInts(l.Ints, b, i); err != nil {
			return err
		}
	}
	return nil
}

// appendEntries decodes page i of the dictionary.
func (p *pages) appendEntries(dst []string, b []byte, i int) ([]string, error) {
	n := p.entriesOf(i)
	if p.kind == table.KindTrace {
		ids, err := traceIDs(b, n)
		return append(dst, ids...), err
	}
	values, err := encoding.Strings(b, n, int(p.dict[i].greatest))
	return append(dst, values...), err
}

// entriesAt decodes some entries of page i of the dictionary.
func (p *pages) entriesAt(b []byte, i int, at []uint32) ([]string, error) {
	return entriesAt(p.kind, b, p.entriesOf(i), int(p.dict[i].greatest), at)
}

func entriesAt(kind table.Kind, b []byte, n, maxBytes int, at []uint32) ([]string, error) {
	if kind == table.KindString {
		return encoding.StringsAt(b, n, maxBytes, at)
	}
	ids, err := traceIDs(b, n)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(at))
	for k, i := range at {
		out[k] = ids[i]
	}
	return out, nil
}

// appendCodes decodes page i of the codes.
func (p *pages) appendCodes(dst []uint32, b []byte, i int) ([]uint32, error) {
	from := len(dst)
	dst, err := encoding.Uints(dst, b, p.values(i))
	if err != nil {
		return dst, err
	}
	return dst, checkCodes(dst[from:], p.entries+1)
}

// appendInts decodes page i of what is held as integers.
func (p *pages) appendInts(dst []int64, b []byte, i int) ([]int64, error) {
	n := p.values(i)
	switch p.kind {
	case table.KindFloat:
		v, err := decodeFloats(b, n)
		return append(dst, v...), err
	case table.KindSpanID:
		v, err := decodeSpanIDs(b, n)
		return append(dst, v...), err
	}
	return encoding.Ints(dst, b, n)
}

// pick reads the values at some places, which rise, from the pages that have
// them.
func (p *pagedLeaf) pick(to *table.Leaf, at []uint32) error {
	h, err := p.open()
	if err != nil {
		return err
	}
	if !hasDict(p.kind) {
		to.Ints = make([]int64, 0, len(at))
		var ints []int64
		return p.eachPage(at, func(i int, b []byte, at []uint32) error {
			if ints, err = h.appendInts(ints[:0], b, i); err != nil {
				return err
			}
			for _, k := range at {
				to.Ints = append(to.Ints, ints[int(k)-i*h.size])
			}
			return nil
		})
	}
	to.Codes = make([]uint32, 0, len(at))
	var codes []uint32
	err = p.eachPage(at, func(i int, b []byte, at []uint32) error {
		if codes, err = h.appendCodes(codes[:0], b, i); err != nil {
			return err
		}
		for _, k := range at {
			to.Codes = append(to.Codes, codes[int(k)-i*h.size])
		}
		return nil
	})
	if err != nil {
		return err
	}
	to.Dict, err = p.pickEntries(to.Codes)
	return err
}

// eachPage calls f with every page that has one of the values, and which of
// them. Values behind the last that is stored are zero, and left out.
func (p *pagedLeaf) eachPage(at []uint32, f func(i int, b []byte, at []uint32) error) error {
	h := p.head
	for len(at) > 0 && int(at[0]) < h.n {
		i := int(at[0]) / h.size
		end, _ := slices.BinarySearch(at, uint32(min((i+1)*h.size, h.n)))
		b, err := p.bytes(&h.list[i])
		if err != nil {
			return err
		}
		if err := f(i, b, at[:end]); err != nil {
			return err
		}
		at = at[end:]
	}
	return nil
}

// pickEntries reads the strings that codes name, from the pages of the
// dictionary that have them, and changes codes to their numbers in the
// dictionary that it returns.
func (p *pagedLeaf) pickEntries(codes []uint32) (*table.Dict, error) {
	h := p.head
	named := namedBy(codes)
	values := append(make([]string, 0, len(named)+1), "")
	var at []uint32
	for left := named; len(left) > 0; {
		i := int(left[0]-1) / h.entrySize
		at = at[:0]
		for ; len(left) > 0 && int(left[0]-1)/h.entrySize == i; left = left[1:] {
			at = append(at, left[0]-1-uint32(i*h.entrySize))
		}
		b, err := p.bytes(&h.dict[i])
		if err != nil {
			return nil, err
		}
		some, err := h.entriesAt(b, i, at)
		if err != nil {
			return nil, err
		}
		values = append(values, some...)
	}
	renumber(codes, named)
	return &table.Dict{Values: values}, nil
}

// namedBy returns the entries that codes name, rising, without the empty one.
func namedBy(codes []uint32) []uint32 {
	named := slices.Clone(codes)
	slices.Sort(named)
	named = slices.Compact(named)
	if len(named) > 0 && named[0] == 0 {
		named = named[1:]
	}
	return named
}

// renumber makes codes those of a dictionary of the named entries only.
func renumber(codes, named []uint32) {
	for k, c := range codes {
		if c != 0 {
			n, _ := slices.BinarySearch(named, c)
			codes[k] = uint32(n + 1)
		}
	}
}

// find returns where wanted values are among n. It reads the pages whose
// bounds do not say that there are none.
func (p *pagedLeaf) find(w table.Wanted, n int) (at []uint32, err error) {
	h, err := p.open()
	if err != nil {
		return nil, err
	}
	if w.Strings != nil {
		return p.findStrings(w)
	}
	var ints []int64
	var pass []bool
	if p.kind == table.KindSpanID && w.Least == w.Greatest {
		if pass, err = p.s.passing(p.d.filter, len(h.list), []uint64{hashOfID(w.Least)}); err != nil {
			return nil, err
		}
	}
	for i := range h.list {
		d := &h.list[i]
		if pass != nil && !pass[i] {
			continue
		}
		if p.kind == table.KindInt && (d.greatest < w.Least || d.least > w.Greatest) {
			continue
		}
		if p.kind == table.KindInt && d.least >= w.Least && d.greatest <= w.Greatest {
			for k := range h.values(i) {
				at = append(at, uint32(i*h.size+k))
			}
			continue
		}
		b, err := p.bytes(d)
		if err != nil {
			return nil, err
		}
		if ints, err = h.appendInts(ints[:0], b, i); err != nil {
			return nil, err
		}
		at = w.IntsAt(at, ints, i*h.size, 0)
	}
	return w.IntsAt(at, nil, h.n, n-h.n), nil
}

func (p *pagedLeaf) findStrings(w table.Wanted) (at []uint32, err error) {
	h := p.head
	var wanted []uint32
	var entries []string
	hashes := make([]uint64, len(w.Strings))
	for i, v := range w.Strings {
		hashes[i] = xxhash.Sum64String(v)
	}
	pass, err := p.s.passing(p.d.filter, len(h.dict), hashes)
	if err != nil {
		return nil, err
	}
	for i := range h.dict {
		if pass != nil && !pass[i] {
			continue
		}
		b, err := p.bytes(&h.dict[i])
		if err != nil {
			return nil, err
		}
		if entries, err = h.appendEntries(entries[:0], b, i); err != nil {
			return nil, err
		}
		for _, c := range w.Codes(entries) {
			wanted = append(wanted, uint32(i*h.entrySize)+c+1)
		}
	}
	return p.findCodes(wanted)
}

// findCodes returns where one of some codes stands.
func (p *pagedLeaf) findCodes(wanted []uint32) (at []uint32, err error) {
	h := p.head
	var codes []uint32
	for i := range h.list {
		d := &h.list[i]
		if !slices.ContainsFunc(wanted, func(c uint32) bool { return int64(c) >= d.least && int64(c) <= d.greatest }) {
			continue
		}
		b, err := p.bytes(d)
		if err != nil {
			return nil, err
		}
		if codes, err = h.appendCodes(codes[:0], b, i); err != nil {
			return nil, err
		}
		at = table.CodesAt(at, codes, i*h.size, wanted)
	}
	return at, nil
}
