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
}

// forgives reports whether an error costs no more than what could not be read.
func (s source) forgives(err error) bool {
	return s.lost != nil && (errors.Is(err, ErrCorrupt) || errors.Is(err, encoding.ErrCorrupt))
}

// bytes returns bytes of the file.
func (s source) bytes(off int64, size int) ([]byte, error) { return s.bytesInto(nil, off, size) }

// bytesInto is bytes that may use a buffer.
func (s source) bytesInto(buf []byte, off int64, size int) ([]byte, error) {
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
		s.counts(&l.Counts, &d.lists[i].counts, d.n, l.Items.N)
	}
}

// leaf prepares a plain column of at most n values for reading.
func (s source) leaf(l *table.Leaf, d *leafDir, n int) {
	if d.ref.size == 0 {
		return
	}
	if d.ref.head > 0 {
		s.paged(l, d, n)
		return
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

// counts prepares the item counts of a list for reading.
func (s source) counts(l *table.Leaf, d *leafDir, n, items int) {
	s.leaf(l, d, n)
	load := l.Load
	l.Load = func(l *table.Leaf) error {
		if load != nil {
			if err := load(l); err != nil {
				return err
			}
			if l.IsLost() {
				l.LoseAll(l.Damage()) // where the other lists begin depends on each
				return nil
			}
		}
		sum := int64(0)
		for _, v := range l.Ints {
			if v < 0 || v > int64(items)-sum {
				return corruptf("list counts at byte %d do not add up to %d items", d.ref.off, items)
			}
			sum += v
		}
		if sum != int64(items) {
			return corruptf("list counts at byte %d add up to %d, not %d items", d.ref.off, sum, items)
		}
		return nil
	}
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

// set prepares the attributes of n rows for reading.
func (s source) set(set *table.AttrSet, d *setDir, n int) {
	if len(d.cols) == 0 {
		return
	}
	for i := range d.cols {
		c := &d.cols[i]
		col := &table.AttrCol{Key: c.key, Type: c.typ, N: c.n, Leaf: table.NewLeaf(table.LeafKind(c.typ))}
		s.leaf(&col.Leaf, &c.leaf, c.n)
		set.Cols = append(set.Cols, col)
	}
	read := func(f func(b []byte) error) error {
		b, err := s.chunk(d.shapes)
		if err == nil {
			err = f(b)
		}
		if err != nil {
			return fmt.Errorf("part: shapes at byte %d: %w", d.shapes.off, err)
		}
		return nil
	}
	counted := false
	forgive := func(err error) (damage, left error) {
		if err == nil || !s.forgives(err) {
			return nil, err
		}
		if !counted {
			counted = true
			s.lost.Add(1)
		}
		return err, nil
	}
	set.LoadShapes = func(set *table.AttrSet) error {
		damage, err := forgive(read(func(b []byte) (err error) {
			var r reader
			var rows int
			if set.Shapes, r, rows, err = decodeShapes(set, b, n); err != nil {
				return err
			}
			if set.Shape.Codes, err = encoding.Uints(nil, r.src[r.off:], rows); err != nil {
				return err
			}
			return checkOccurrences(set, set.Shapes, set.Shape.Codes, nil)
		}))
		if damage != nil {
			set.Shapes = [][]uint32{nil}
			set.Shape.LoseAll(damage)
		}
		return err
	}
	if s.p.footer.version < 2 {
		return // repeated keys are to be found first
	}
	set.ShapeRuns = func(set *table.AttrSet) (shapes [][]uint32, codes, ends []uint32, damage, err error) {
		damage, err = forgive(read(func(b []byte) (err error) {
			var r reader
			var rows int
			if shapes, r, rows, err = decodeShapes(set, b, n); err != nil {
				return err
			}
			runs, err := uintRuns(r.src[r.off:], rows)
			codes, ends = runs.values, runs.ends
			if err != nil {
				return err
			}
			return checkOccurrences(set, shapes, codes, ends)
		}))
		if damage != nil {
			shapes, codes, ends = [][]uint32{nil}, nil, nil
		}
		return shapes, codes, ends, damage, err
	}
}

// decodeShapes decodes the shapes of a set. The shapes of so many rows are what
// is left in the reader.
func decodeShapes(set *table.AttrSet, b []byte, n int) (shapes [][]uint32, left reader, rows int, err error) {
	r := reader{src: b}
	k := r.count("shapes", maxItems)
	total := r.count("columns of shapes", maxItems)
	first, second := r.section(), r.section()
	rows = r.count("rows", n)
	if r.err != nil {
		return nil, r, 0, r.err
	}
	lengths, err := encoding.Uints(nil, first, k)
	if err != nil {
		return nil, r, 0, err
	}
	cols, err := encoding.Uints(nil, second, total)
	if err != nil {
		return nil, r, 0, err
	}
	if err := checkCodes(cols, len(set.Cols)); err != nil {
		return nil, r, 0, err
	}
	shapes = make([][]uint32, 1, k+1)
	for _, length := range lengths {
		if int(length) > len(cols) {
			return nil, r, 0, corruptf("shapes of more than %d columns", total)
		}
		shapes = append(shapes, cols[:length:length])
		cols = cols[length:]
	}
	return shapes, r, rows, nil
}

// checkOccurrences checks that the shapes of the rows, or of runs of rows, are
// among those that there are, and ask for exactly as many values of each column
// as there are.
func checkOccurrences(set *table.AttrSet, shapes [][]uint32, codes, ends []uint32) error {
	if err := checkCodes(codes, len(shapes)); err != nil {
		return err
	}
	uses := make([]int, len(shapes))
	if ends == nil {
		for _, c := range codes {
			uses[c]++
		}
	}
	start := uint32(0)
	for i, end := range ends {
		uses[codes[i]] += int(end - start)
		start = end
	}
	have := make([]int, len(set.Cols))
	for i, shape := range shapes {
		if uses[i] == 0 {
			continue
		}
		for _, c := range shape {
			if have[c] += uses[i]; have[c] > set.Cols[c].N {
				break
			}
		}
	}
	for i, c := range set.Cols {
		if have[i] != c.N {
			return corruptf("attribute %q has %d values, its rows ask for %d", c.Key, c.N, have[i])
		}
	}
	return nil
}
