package part

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// source reads and checks chunks of a part, and counts what it reads.
type source struct {
	p    *Part
	read *atomic.Int64 // may be nil
	// lost, where it is set, counts the pages that are damaged: their values are
	// lost, and the others are read. Without it damage is an error.
	lost *atomic.Int64
	// passed, where it is set, counts the pages of dictionaries that filters leave
	// out.
	passed *atomic.Int64
	// ended may be nil, see Filter. A row of many attributes is as many columns.
	ended func() error
}

// forgives reports whether an error costs no more than what could not be read.
func (s source) forgives(err error) bool {
	return s.lost != nil && (errors.Is(err, ErrCorrupt) || errors.Is(err, encoding.ErrCorrupt))
}

// bytes returns bytes of the file.
func (s source) bytes(off int64, size int) ([]byte, error) { return s.bytesInto(nil, off, size) }

// bytesInto is bytes that may use a buffer.
func (s source) bytesInto(buf []byte, off int64, size int) ([]byte, error) {
	if s.ended != nil {
		if err := s.ended(); err != nil {
			return nil, err
		}
	}
	b := slices.Grow(buf[:0], size)[:size]
	if _, err := s.p.r.ReadAt(b, off); err != nil {
		return nil, fmt.Errorf("part: read %d bytes at byte %d: %w", size, off, err)
	}
	if s.read != nil {
		s.read.Add(int64(size))
	}
	return b, nil
}

// chunk returns the bytes of a chunk.
func (s source) chunk(c chunkRef) ([]byte, error) {
	b, err := s.bytes(c.off, c.size)
	if err != nil {
		return nil, err
	}
	if s.p.verifySums && xxhash.Sum64(b) != c.sum {
		return nil, corruptf("wrong checksum of the %d bytes at byte %d", c.size, c.off)
	}
	return b, nil
}

// rowGroup returns a chunk whose columns are read when they are asked for.
func (s source) rowGroup(g *rowGroup) *table.Chunk {
	c := table.NewChunk(s.p.footer.signal)
	c.Earliest = g.minTime
	s.group(&c.Rows, &g.rows)
	s.leaf(&c.Resources, &g.resources, 1)
	if c.Signal == spans {
		s.parents(c, &g.rows)
	}
	return c
}

// group prepares a group for reading.
func (s source) group(g *table.Group, d *groupDir) {
	g.N = d.n
	for i := range d.leaves {
		s.leaf(&g.Leaves[i], &d.leaves[i], d.n)
	}
	for i := range d.sets {
		s.set(&g.Sets[i], &d.sets[i], d.n)
	}
	for i := range d.lists {
		l := &g.Lists[i]
		s.group(&l.Items, &d.lists[i].items)
		s.counts(l, &d.lists[i].counts, d.n)
	}
}

// leaf prepares a plain column of at most n values for reading. It returns what
// reads its pages, nil where it is not cut.
func (s source) leaf(l *table.Leaf, d *leafDir, n int) *pagedLeaf {
	if d.ref.size == 0 {
		return nil
	}
	if d.ref.head > 0 {
		return s.paged(l, d, n)
	}
	once := &losses{s: s}
	l.Load = func(l *table.Leaf) error {
		b, err := s.chunk(d.ref)
		if err == nil {
			err = decodeLeaf(l, b, n)
		}
		return once.all(l, columnError(d, err))
	}
	l.Pick = func(to *table.Leaf, at []uint32) error {
		return once.all(to, columnError(d, s.pickWhole(to, d, n, at)))
	}
	kind := l.Kind
	l.Find = func(w table.Wanted, n int, _ column.Ranges) (column.Ranges, error) {
		found, err := s.findWhole(kind, d, w, n)
		var none table.Leaf // what is lost satisfies nothing
		return found, once.all(&none, columnError(d, err))
	}
	return nil
}

// columnError says which column an error is about.
func columnError(d *leafDir, err error) error {
	if err != nil {
		return fmt.Errorf("part: column at byte %d: %w", d.ref.off, err)
	}
	return nil
}

// losses counts what of a column is damaged, once.
type losses struct {
	s      source
	pages  map[*pageDir]bool
	counts bool // the whole column is counted
}

// all loses all of a column where that is what an error costs.
func (o *losses) all(l *table.Leaf, err error) error {
	if err == nil || !o.s.forgives(err) {
		return err
	}
	if !o.counts {
		o.counts = true
		o.s.lost.Add(1)
	}
	l.LoseAll(err)
	return nil
}

// page counts a page that is lost; it returns the error where it is not.
func (o *losses) page(d *pageDir, err error) error {
	if !o.s.forgives(err) {
		return err
	}
	if !o.pages[d] {
		if o.pages == nil {
			o.pages = map[*pageDir]bool{}
		}
		o.pages[d] = true
		o.s.lost.Add(1)
	}
	return nil
}

func decodeLeaf(l *table.Leaf, b []byte, limit int) (err error) {
	r := reader{src: b}
	n := r.count("values", limit)
	switch l.Kind {
	case table.KindInt:
		if r.err == nil {
			l.Ints, err = encoding.Ints(nil, b[r.off:], n)
		}
	case table.KindFloat:
		if r.err == nil {
			l.Ints, err = decodeFloats(b[r.off:], n)
		}
	case table.KindSpanID:
		if r.err == nil {
			l.Ints, err = decodeSpanIDs(b[r.off:], n)
		}
	default:
		return decodeDict(l, &r, n)
	}
	return firstOf(r.err, err)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func decodeFloats(b []byte, n int) ([]int64, error) {
	floats, err := encoding.Floats(nil, b, n)
	if err != nil {
		return nil, err
	}
	out := make([]int64, n)
	for i, f := range floats {
		out[i] = int64(math.Float64bits(f))
	}
	return out, nil
}

func decodeSpanIDs(b []byte, n int) ([]int64, error) { return appendSpanIDs(nil, b, n) }

func appendSpanIDs(dst []int64, b []byte, n int) ([]int64, error) {
	raw, err := encoding.FixedBytes(nil, b, n, 8)
	if err != nil {
		return dst, err
	}
	dst = slices.Grow(dst, n)
	for i := range n {
		dst = append(dst, int64(binary.LittleEndian.Uint64(raw[8*i:])))
	}
	return dst, nil
}

// decodeDict decodes a column of codes with its dictionary.
func decodeDict(l *table.Leaf, r *reader, n int) error {
	values, err := decodeEntries(l.Kind, r)
	if err != nil {
		return err
	}
	l.Dict = &table.Dict{Values: values}
	if l.Codes, err = encoding.Uints(nil, r.src[r.off:], n); err != nil {
		return err
	}
	return checkCodes(l.Codes, len(l.Dict.Values))
}

// decodeEntries decodes a dictionary, the empty string that is entry 0
// included.
func decodeEntries(kind table.Kind, r *reader) ([]string, error) {
	k := r.count("dictionary entries", maxItems)
	var values []string
	var err error
	if kind == table.KindTrace {
		values, err = decodeTraceIDs(r, k)
	} else {
		size := r.count("bytes of strings", maxDictBytes)
		dict := r.section()
		if r.err == nil {
			values, err = encoding.Strings(dict, k, size)
		}
	}
	if err = firstOf(r.err, err); err != nil {
		return nil, err
	}
	return append(make([]string, 1, k+1), values...), nil
}

func decodeTraceIDs(r *reader, k int) ([]string, error) {
	ids := r.section()
	if r.err != nil {
		return nil, r.err
	}
	return traceIDs(ids, k)
}

func traceIDs(ids []byte, k int) ([]string, error) {
	raw, err := encoding.FixedBytes(nil, ids, k, 16)
	if err != nil {
		return nil, err
	}
	all := string(raw)
	out := make([]string, k)
	for i := range out {
		out[i] = all[16*i : 16*i+16]
	}
	return out, nil
}

func checkCodes(codes []uint32, n int) error {
	for i, c := range codes {
		if int(c) >= n {
			return corruptf("row %d has code %d of %d", i, c, n)
		}
	}
	return nil
}
