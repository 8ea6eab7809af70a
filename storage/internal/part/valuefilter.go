package part

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// Columns of the rows with many distinct values have a value filter for each
// page of the dictionary: a value that is not there costs the filters, not the
// dictionary, and one that is costs one page of it. Span ids, which have no
// dictionary, have one for each page of values.
const (
	// valueBits let one value in 128 pass that is not there.
	valueBits = 7
	// spanIDBits let one in 8 pass. As many bits for all of the ids as for
	// values would be 5 % of a part.
	spanIDBits = 3
	// filterShare is how many percent of a column its filters' fingerprints
	// may take: values that take little more are as fast to read.
	filterShare = 30
)

func hasFilter(k table.Kind) bool { return k == table.KindString || k == table.KindSpanID }

// valueFilter encodes the filters of a column, if it is to have some. Those of
// the overflow column are of its keys.
func (e *encoder) valueFilter(l *table.Leaf, p *pages) chunkRef {
	if !e.filtered || !hasFilter(l.Kind) {
		return chunkRef{}
	}
	e.tmp = e.tmp[:0]
	if l.Kind == table.KindSpanID {
		// Only parts that stay have them: making one takes as long as
		// encoding the ids.
		if e.enc.Level < encoding.Best || p.n < e.cut.few {
			return chunkRef{}
		}
		for ids := range slices.Chunk(l.Ints, p.size) {
			e.appendFilter(len(ids), spanIDBits, func(i int) uint64 { return hashOfID(ids[i]) })
		}
		return e.chunk()
	}
	if p.entries < e.cut.few {
		return chunkRef{}
	}
	if e.raw {
		for entries := range slices.Chunk(l.Dict.Values[1:], p.entrySize) {
			e.appendFilter(len(entries), valueBits, func(i int) uint64 { return xxhash.Sum64String(table.MessageKey(entries[i])) })
		}
		return e.chunk()
	}
	if p.entries*valueBits > len(e.body)*8*filterShare/100 {
		return chunkRef{}
	}
	for entries := range slices.Chunk(l.Dict.Values[1:], p.entrySize) {
		e.appendFilter(len(entries), valueBits, func(i int) uint64 { return xxhash.Sum64String(entries[i]) })
	}
	return e.chunk()
}

func hashOfID(id int64) uint64 {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(id))
	return xxhash.Sum64(b[:])
}

// appendFilter appends the filter of n values as a section, an empty one where
// there is none: that lets everything pass.
func (e *encoder) appendFilter(n, width int, hash func(i int) uint64) {
	e.hashes = e.hashes[:0]
	for i := range n {
		e.hashes = append(e.hashes, hash(i))
	}
	if e.raw { // keys come many times
		slices.Sort(e.hashes)
		e.hashes = slices.Compact(e.hashes)
	}
	var b []byte
	if f := newFuse(e.hashes, width); f != nil {
		b = f.append(nil)
	}
	e.tmp = appendSection(e.tmp, b)
}

// hashesOf returns the hashes of the values that a predicate asks for; ok is
// false where it is no equality of what filters know.
func hashesOf(k table.Kind, p *column.Predicate) (hashes []uint64, ok bool) {
	if p.Op != column.Eq && p.Op != column.In {
		return nil, false
	}
	for i := range p.Values {
		v := &p.Values[i]
		switch {
		case k == table.KindSpanID && v.Type == column.TypeID && len(v.Str) == 8:
		case k == table.KindString && (v.Type == column.TypeString || v.Type == column.TypeBytes) && v.Str != "":
		default:
			return nil, false
		}
		hashes = append(hashes, xxhash.Sum64String(v.Str))
	}
	return hashes, true
}

// keyMayBe reports whether an overflow column may have a key.
func (s source) keyMayBe(d *leafDir, key string) (bool, error) {
	pass, err := s.passing(d.filter, 0, []uint64{xxhash.Sum64String(key)})
	return pass == nil || slices.Contains(pass, true), err
}

// passing returns which pages' filters let one of some values pass; nil where
// that cannot be told, because there are no filters or they are damaged.
func (s source) passing(ref chunkRef, pages int, hashes []uint64) ([]bool, error) {
	return s.passingFilters(ref, pages, func(f *fuse) bool { return slices.ContainsFunc(hashes, f.mayHold) })
}

func (s source) passingFilters(ref chunkRef, pages int, passes func(f *fuse) bool) ([]bool, error) {
	if ref.size == 0 {
		return nil, nil
	}
	b, err := s.chunk(ref)
	if err != nil {
		if errors.Is(err, ErrCorrupt) {
			err = nil // the values may be sound
			if s.lost != nil && pages == 0 {
				s.lost.Add(1)
			}
		}
		return nil, err
	}
	r := reader{src: b}
	var pass []bool
	for r.off < len(b) && r.err == nil {
		section := r.section()
		if r.err != nil {
			return nil, nil //nolint:nilerr // the values may be sound
		}
		if len(section) == 0 {
			pass = append(pass, true)
			continue
		}
		f, err := parseFuse(section)
		if err != nil {
			return nil, nil //nolint:nilerr // the values may be sound
		}
		pass = append(pass, passes(f))
	}
	if pages > 0 && len(pass) != pages {
		return nil, nil
	}
	return pass, nil
}

// filterMayHold reports whether a column may have a value that a predicate
// asks for, as far as its filters tell.
func (s source) filterMayHold(d *leafDir, k table.Kind, p *column.Predicate) (bool, error) {
	if d.filter.size == 0 {
		return true, nil
	}
	hashes, ok := hashesOf(k, p)
	if !ok {
		return true, nil
	}
	pass, err := s.passing(d.filter, 0, hashes)
	return pass == nil || slices.Contains(pass, true), err
}
