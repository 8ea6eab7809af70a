package part

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// pagedLeaf reads a column that is cut into pages.
type pagedLeaf struct {
	s     source
	d     *leafDir
	kind  table.Kind
	limit int // values that there can be
	// totals says that the values are counts, of which the head has sums.
	totals bool

	head *pages // once it was read
	buf  []byte // of the page of values that is looked at
	losses

	// whole has the pages of a column that is not cut, which was checked.
	whole []byte
	// kept has the pages of codes that were decoded, where it is set: who looks
	// for the rows of a trace looks at them more than once.
	kept      map[int]runs[uint32]
	lastCodes runs[uint32] // the page of codes that is looked at
	lastInts  runs[int64]
}

// paged prepares a column that is cut into pages for reading.
func (s source) paged(l *table.Leaf, d *leafDir, n int) *pagedLeaf {
	p := &pagedLeaf{s: s, d: d, kind: l.Kind, limit: n, losses: losses{s: s}}
	l.Load = func(l *table.Leaf) error { return p.all(l, columnError(d, p.load(l))) }
	l.Pick = func(to *table.Leaf, at []uint32) error { return p.all(to, columnError(d, p.pick(to, at))) }
	l.Find = func(w table.Wanted, n int, within column.Ranges) (column.Ranges, error) {
		found, err := p.find(w, n, within)
		var none table.Leaf // what is lost satisfies nothing
		return found, p.all(&none, columnError(d, err))
	}
	if l.Kind == table.KindInt {
		l.Bounds = p.bounds
	}
	return p
}

// bounds returns the bounds of the pages, nil where the head is damaged: who reads
// the column finds out.
func (p *pagedLeaf) bounds(n int) ([]column.Bounds, error) {
	h, err := p.open()
	if err != nil {
		if p.s.forgives(err) {
			return nil, nil
		}
		return nil, columnError(p.d, err)
	}
	list := make([]column.Bounds, 0, len(h.list)+1)
	for i := range h.list {
		list = append(list, column.Bounds{End: uint32(i*h.size + h.values(i)), Least: h.list[i].least, Greatest: h.list[i].greatest})
	}
	if h.n < n {
		list = append(list, column.Bounds{End: uint32(n)}) // zeros
	}
	return list, nil
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
	p.head, err = parseHead(p.kind, p.totals, head, p.limit, ref.size)
	return p.head, err
}

// bytes reads and checks a page.
func (p *pagedLeaf) bytes(d *pageDir) ([]byte, error) {
	if p.whole != nil {
		return p.whole[d.at : d.at+d.size], nil
	}
	off := p.d.ref.off + int64(d.at)
	b, err := p.s.bytes(off, d.size)
	if err == nil {
		err = p.check(d, b)
	}
	return b, err
}

// value is bytes for a page of values or codes, of which nothing points to the
// bytes once it is decoded: they are valid until the next call.
func (p *pagedLeaf) value(d *pageDir) (b []byte, err error) {
	if p.whole != nil {
		return p.bytes(d)
	}
	p.buf, err = p.s.bytesInto(p.buf, p.d.ref.off+int64(d.at), d.size)
	if err == nil {
		err = p.check(d, p.buf)
	}
	return p.buf, err
}

func (p *pagedLeaf) check(d *pageDir, b []byte) error { return p.s.checkPage(d, b, p.d.ref.off) }

// checkPage checks the bytes of a page of the column at off.
func (s source) checkPage(d *pageDir, b []byte, off int64) error {
	if s.p.verifySums && uint32(xxhash.Sum64(b)) != d.sum {
		return corruptf("wrong checksum of the page of %d bytes at byte %d", d.size, off+int64(d.at))
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
		if p.head, err = parseHead(p.kind, p.totals, all[:ref.head], p.limit, ref.size); err != nil {
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
		var lost error
		lostPages := make([]bool, len(h.dict))
		for i := range h.dict {
			b, err := page(&h.dict[i])
			if err == nil {
				values, err = h.appendEntries(values, b, i)
			}
			if err != nil {
				if left := p.page(&h.dict[i], err); left != nil {
					return left
				}
				lost, lostPages[i] = err, true
				values = append(values[:1+i*h.entrySize], make([]string, h.entriesOf(i))...)
			}
		}
		l.Dict = &table.Dict{Values: values}
		if l.Codes, err = decodeAll(p, l, page, h.appendCodes); err != nil {
			return err
		}
		if lost != nil {
			l.LoseCodes(func(c uint32) bool { return lostPages[int(c-1)/h.entrySize] }, lost)
			if p.limit == 1 {
				return lost // resources, of which only the entries count
			}
		}
		return nil
	}
	l.Ints, err = decodeAll(p, l, page, h.appendInts)
	return err
}

// decodeAll decodes all pages of values. Those of a page that is lost are zero.
func decodeAll[T int64 | uint32](
	p *pagedLeaf, l *table.Leaf, page func(*pageDir) ([]byte, error), decode func(dst []T, b []byte, i int) ([]T, error),
) ([]T, error) {
	h := p.head
	out := make([]T, 0, h.n)
	for i := range h.list {
		b, err := page(&h.list[i])
		if err == nil {
			out, err = decode(out, b, i)
		}
		if err != nil {
			if left := p.page(&h.list[i], err); left != nil {
				return out, left
			}
			out = append(out[:i*h.size], make([]T, h.values(i))...)
			l.Lose(i*h.size, i*h.size+h.values(i), err)
		}
	}
	return out, nil
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

// codes returns page i of the codes. It is valid until the next call.
func (p *pagedLeaf) codes(i int) (runs[uint32], error) {
	if codes, ok := p.kept[i]; ok {
		return codes, nil
	}
	b, err := p.value(&p.head.list[i])
	if err != nil {
		return runs[uint32]{}, err
	}
	if p.kept == nil {
		p.lastCodes, err = p.head.codesOf(p.lastCodes.values, b, i)
		return p.lastCodes, err
	}
	codes, err := p.head.codesOf(nil, b, i)
	if err == nil {
		p.kept[i] = codes
	}
	return codes, err
}

// ints is codes for integers.
func (p *pagedLeaf) ints(i int) (runs[int64], error) {
	b, err := p.value(&p.head.list[i])
	if err != nil {
		return runs[int64]{}, err
	}
	p.lastInts, err = p.head.intsOf(p.lastInts.values, b, i)
	return p.lastInts, err
}

// appendInts decodes page i of what is held as integers.
func (p *pages) appendInts(dst []int64, b []byte, i int) ([]int64, error) {
	n := p.values(i)
	switch p.kind {
	case table.KindFloat:
		v, err := decodeFloats(b, n)
		return append(dst, v...), err
	case table.KindSpanID:
		return appendSpanIDs(dst, b, n)
	}
	return encoding.Ints(dst, b, n)
}

// codesOf is appendCodes for who can do with runs.
func (p *pages) codesOf(buf []uint32, b []byte, i int) (runs[uint32], error) {
	r, err := uintRunsInto(buf, b, p.values(i))
	if err != nil {
		return r, err
	}
	return r, checkCodes(r.values, p.entries+1)
}

// intsOf is appendInts for who can do with runs.
func (p *pages) intsOf(buf []int64, b []byte, i int) (r runs[int64], err error) {
	if p.kind == table.KindInt {
		return intRunsInto(buf, b, p.values(i))
	}
	r.values, err = p.appendInts(buf[:0], b, i)
	return r, err
}

// pick reads the values at some places, which rise, from the pages that have
// them.
func (p *pagedLeaf) pick(to *table.Leaf, at []uint32) error {
	if _, err := p.open(); err != nil {
		return err
	}
	var err error
	if !hasDict(p.kind) {
		to.Ints, err = decodeAt(p, to, at, p.ints)
		return err
	}
	if to.Codes, err = decodeAt(p, to, at, p.codes); err != nil {
		return err
	}
	return p.pickEntries(to)
}

// decodeAt decodes the values at some places. Those of a page that is lost are zero.
func decodeAt[T int64 | uint32](p *pagedLeaf, to *table.Leaf, at []uint32, page func(i int) (runs[T], error)) ([]T, error) {
	out := make([]T, 0, len(at))
	err := p.eachPage(at, func(i int, at []uint32) error {
		values, err := page(i)
		if err != nil {
			return err
		}
		values.at(uint32(i*p.head.size), at, func(v T) { out = append(out, v) })
		return nil
	}, func(n int, why error) {
		to.Lose(len(out), len(out)+n, why)
		out = append(out, make([]T, n)...)
	})
	return out, err
}

// eachPage calls f with every page that has one of the values, and which of
// them, or lose with how many of them are lost with a page. Values behind the
// last that is stored are zero, and left out.
func (p *pagedLeaf) eachPage(at []uint32, f func(i int, at []uint32) error, lose func(n int, why error)) error {
	h := p.head
	for len(at) > 0 && int(at[0]) < h.n {
		i := int(at[0]) / h.size
		end, _ := slices.BinarySearch(at, uint32(min((i+1)*h.size, h.n)))
		if err := f(i, at[:end]); err != nil {
			if left := p.page(&h.list[i], err); left != nil || lose == nil {
				return err
			}
			lose(end, err)
		}
		at = at[end:]
	}
	return nil
}

// pickEntries reads the strings that the codes of a leaf name, from the pages of
// the dictionary that have them, and gives it a dictionary of these.
func (p *pagedLeaf) pickEntries(to *table.Leaf) error {
	h := p.head
	named := namedBy(to.Codes)
	var lost []uint32
	var why error
	values := append(make([]string, 0, len(named)+1), "")
	var at []uint32
	for left := named; len(left) > 0; {
		i := int(left[0]-1) / h.entrySize
		at = at[:0]
		for ; len(left) > 0 && int(left[0]-1)/h.entrySize == i; left = left[1:] {
			at = append(at, left[0]-1-uint32(i*h.entrySize))
		}
		var some []string
		b, err := p.bytes(&h.dict[i])
		if err == nil {
			some, err = h.entriesAt(b, i, at)
		}
		if err != nil {
			if left := p.page(&h.dict[i], err); left != nil {
				return left
			}
			why, some = err, make([]string, len(at))
			for k := range at {
				lost = append(lost, uint32(len(values)+k))
			}
		}
		values = append(values, some...)
	}
	renumber(to.Codes, named)
	to.Dict = &table.Dict{Values: values}
	if why != nil {
		to.LoseCodes(func(c uint32) bool { return slices.Contains(lost, c) }, why)
	}
	return nil
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

// find returns where wanted values are among n. It reads the pages that have some
// of the places that are asked about, and whose bounds do not say that there are
// none.
func (p *pagedLeaf) find(w table.Wanted, n int, within column.Ranges) (at column.Ranges, err error) {
	h, err := p.open()
	if err != nil {
		return nil, err
	}
	if w.OfDict() {
		return p.findStrings(w, within)
	}
	var some column.Ranges
	var pass []bool
	if p.kind == table.KindSpanID && w.Least == w.Greatest {
		if pass, err = p.s.passing(p.d.filter, len(h.list), []uint64{hashOfID(w.Least)}); err != nil {
			return nil, err
		}
	}
	for i := range h.list {
		d := &h.list[i]
		if pass != nil && !pass[i] || !h.asked(within, i) {
			continue
		}
		if p.kind == table.KindInt && (d.greatest < w.Least || d.least > w.Greatest) {
			continue
		}
		if p.kind == table.KindInt && d.least >= w.Least && d.greatest <= w.Greatest {
			at = at.Add(i*h.size, i*h.size+h.values(i))
			continue
		}
		values, err := p.ints(i)
		if err != nil {
			if left := p.page(d, err); left != nil {
				return nil, left
			}
			continue
		}
		some = w.IntsAt(some[:0], values.values, 0)
		at = values.places(at, i*h.size, some)
	}
	return w.ZerosAt(at, h.n, n), nil
}

// asked reports whether page i has some of the places.
func (p *pages) asked(within column.Ranges, i int) bool {
	return within == nil || within.Any(i*p.size, i*p.size+p.values(i))
}

func (p *pagedLeaf) findStrings(w table.Wanted, within column.Ranges) (at column.Ranges, err error) {
	h := p.head
	var wanted []uint32
	var entries []string
	var pass []bool
	switch {
	case w.Texts != nil:
		if pass, err = p.s.passingTexts(p.d, len(h.dict), w.Texts); err != nil {
			return nil, err
		}
	case w.Fits == nil:
		hashes := make([]uint64, len(w.Strings))
		for i, v := range w.Strings {
			hashes[i] = xxhash.Sum64String(v)
		}
		if pass, err = p.s.passing(p.d.filter, len(h.dict), hashes); err != nil {
			return nil, err
		}
	}
	for i := range h.dict {
		if pass != nil && !pass[i] {
			if p.s.passed != nil {
				p.s.passed.Add(1)
			}
			continue
		}
		var found []uint32
		b, err := p.bytes(&h.dict[i])
		switch {
		case err != nil:
		case w.Texts != nil:
			found, err = w.Texts.Find(b, h.entriesOf(i), int(h.dict[i].greatest))
		case p.kind == table.KindTrace && w.Fits == nil:
			found, err = tracesAt(b, h.entriesOf(i), w.Strings)
		default:
			entries, err = h.appendEntries(entries[:0], b, i)
			found = w.Codes(entries)
		}
		if err != nil {
			if left := p.page(&h.dict[i], err); left != nil {
				return nil, left
			}
			continue
		}
		for _, c := range found {
			wanted = append(wanted, uint32(i*h.entrySize)+c+1)
		}
	}
	return p.findCodes(wanted, within)
}

// tracesAt returns which of n encoded trace ids are among the wanted ones.
func tracesAt(b []byte, n int, wanted []string) (at []uint32, err error) {
	raw, err := encoding.FixedBytes(nil, b, n, 16)
	if err != nil {
		return nil, err
	}
	for i := range n {
		if slices.Contains(wanted, string(raw[16*i:16*i+16])) {
			at = append(at, uint32(i))
		}
	}
	return at, nil
}

// findCodes returns where one of some codes, which rise, stands.
func (p *pagedLeaf) findCodes(wanted []uint32, within column.Ranges) (at column.Ranges, err error) {
	h := p.head
	var some column.Ranges
	for i := range h.list {
		d := &h.list[i]
		first, _ := slices.BinarySearch(wanted, uint32(d.least))
		behind, _ := slices.BinarySearch(wanted, uint32(d.greatest)+1)
		if !h.asked(within, i) || first == behind {
			continue
		}
		// Codes are given in the order of the rows: those of a service follow each
		// other, and all codes of a page may be wanted.
		if int64(behind-first) == d.greatest-d.least+1 {
			at = at.Add(i*h.size, i*h.size+h.values(i))
			continue
		}
		codes, err := p.codes(i)
		if err != nil {
			if left := p.page(d, err); left != nil {
				return nil, left
			}
			continue
		}
		some = table.CodesAt(some[:0], codes.values, 0, wanted)
		at = codes.places(at, i*h.size, some)
	}
	return at, nil
}
