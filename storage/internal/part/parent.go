package part

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// A span's parent is stored as a reference to a row of the row group, not as 8
// random bytes. Rows are numbered within their trace and cluster (the rows of
// one service and name): a reference is the parent's cluster and its number
// there. Spans of one cluster mostly have parents of one other cluster, so the
// first is runs; the number is mostly 0, or as far from the span's own number
// as for the spans around it, so each cluster stores it one way or the other.
// Parents that are not in the row group are stored as they are.
//
//	+--------------+----------------------------------------------------+
//	| mode u8 = 1  |                                                    |
//	+--------------+                                                    |
//	| clusters     | uvarint; section: their lengths, an integer column |
//	| relative     | section: 1 where numbers are relative, a cluster   |
//	| target       | section: a row: 0 no parent, 1 raw, 2+ cluster     |
//	| references   | uvarint; section: number, a reference              |
//	| raw          | uvarint; section: 8-byte ids                       |
//	+--------------+----------------------------------------------------+
//
// Mode 0 is the plain column of ids, for row groups where references do not
// pay. In mode 2, for row groups of many rows, targets, numbers and raw ids are
// cut into pages, behind a head:
//
//	+--------------+----------------------------------------------------+
//	| mode u8 = 2  |                                                    |
//	+--------------+                                                    |
//	| clusters     | as above                                           |
//	| relative     | as above                                           |
//	| targets      | rows of a page uvarint, { page, references of the  |
//	|              | page uvarint, raw ids of the page uvarint } ...    |
//	| references   | uvarint, numbers of a page uvarint, { page } ...   |
//	| raw          | uvarint, ids of a page uvarint, { page } ...       |
//	+--------------+----------------------------------------------------+
//
// The modes are part of the format; never renumber.
const (
	parentPlain = 0
	parentRefs  = 1
	parentPages = 2
)

const (
	targetNone    = 0
	targetRaw     = 1
	targetCluster = 2
)

// family answers where the spans of a trace stand among the rows.
type family struct {
	traces  []uint32 // trace code by row
	starts  []uint32 // where each trace's rows begin in members, by trace code
	members []uint32 // rows by trace, rising
	at      []uint32 // position of each row in members
	ends    []uint32 // the row behind each cluster
}

// newFamily groups n rows by trace. Codes are below limit.
func newFamily(codes []uint32, n, limit int, ends []uint32) *family {
	f := &family{traces: codes, starts: make([]uint32, limit+1), members: make([]uint32, n), at: make([]uint32, n), ends: ends}
	for i := range n {
		f.starts[f.trace(i)+1]++
	}
	for t := range limit {
		f.starts[t+1] += f.starts[t]
	}
	next := slices.Clone(f.starts)
	for i := range n {
		t := f.trace(i)
		f.members[next[t]] = uint32(i)
		f.at[i] = next[t]
		next[t]++
	}
	return f
}

func (f *family) trace(row int) uint32 {
	if row < len(f.traces) {
		return f.traces[row]
	}
	return 0
}

// first returns where in members the rows of a trace that stand in a cluster
// begin.
func (f *family) first(trace uint32, cluster int) uint32 {
	begin := uint32(0)
	if cluster > 0 {
		begin = f.ends[cluster-1]
	}
	from, to := f.starts[trace], f.starts[trace+1]
	k, _ := slices.BinarySearch(f.members[from:to], begin)
	return from + uint32(k)
}

func (f *family) cluster(row uint32) int {
	k, found := slices.BinarySearch(f.ends, row)
	if found {
		k++
	}
	return k
}

// clusterEnds returns the row behind each run of one service and name.
func clusterEnds(c *table.Chunk) ([]uint32, error) {
	services, err := c.Services()
	if err != nil {
		return nil, err
	}
	scope, name := &c.Rows.Leaves[table.LeafScope], &c.Rows.Leaves[table.SpanName]
	var ends []uint32
	for i := 1; i < c.Rows.N; i++ {
		same := name.Code(i) == name.Code(i-1) &&
			(scope.Code(i) == scope.Code(i-1) || services[scope.Code(i)] == services[scope.Code(i-1)])
		if !same {
			ends = append(ends, uint32(i))
		}
	}
	return append(ends, uint32(c.Rows.N)), nil
}

// rowsByID finds the first row that has a span id: an open-addressed hash table with
// linear probing. A map takes twice as long.
type rowsByID struct {
	ids   *table.Leaf
	slots []uint32 // a row plus 1, 0 is free
	shift uint     // of a hash, that makes it a slot
}

// idSeed is random and odd, so that nobody can send ids that collide.
var idSeed = rand.Uint64() | 1

func newRowsByID(ids *table.Leaf, n int) rowsByID {
	size := bits.Len(uint(n)) + 1 // at most half are taken
	t := rowsByID{ids: ids, slots: make([]uint32, 1<<size), shift: uint(64 - size)}
	for i := range n {
		id := ids.Int(i)
		if at, found := t.find(id); !found {
			t.slots[at] = uint32(i) + 1
		}
	}
	return t
}

// find returns the slot of an id, or that where it belongs.
func (t *rowsByID) find(id int64) (at int, found bool) {
	// The upper half is folded in before the product is: it decides as well.
	h := uint64(id) ^ uint64(id)>>32
	for at = int(h * idSeed >> t.shift); ; at = (at + 1) & (len(t.slots) - 1) {
		slot := t.slots[at]
		if slot == 0 {
			return at, false
		}
		if t.ids.Int(int(slot-1)) == id {
			return at, true
		}
	}
}

func (t *rowsByID) first(id int64) (row uint32, found bool) {
	at, found := t.find(id)
	if !found {
		return 0, false
	}
	return t.slots[at] - 1, true
}

// parents encodes the parents of a chunk's spans.
func (e *encoder) parents(c *table.Chunk) leafDir {
	l := &c.Rows.Leaves[table.SpanParentID]
	p, err := parentsOf(c)
	if err != nil {
		e.err = err
		return leafDir{}
	}
	cut := c.Rows.N >= 2*e.cut.values
	if cut {
		e.cutParents(p)
	} else {
		e.tmp, e.body = e.appendParents(e.tmp[:0], p), e.body[:0]
	}
	switch plain := 8 * len(l.Ints); {
	case len(e.tmp)+len(e.body) >= plain:
		e.tmp = binary.AppendUvarint(append(e.tmp[:0], parentPlain), uint64(len(l.Ints)))
		e.tmp = e.enc.AppendBytes(e.tmp, spanIDBytes(l.Ints), 8)
	case cut:
		return leafDir{ref: e.cutChunk()}
	}
	return leafDir{ref: e.chunk()}
}

// parentRows is the columns of the references of a chunk's spans.
type parentRows struct {
	lengths, relative, targets []uint32
	numbers, raw               []int64
}

func parentsOf(c *table.Chunk) (*parentRows, error) {
	ends, err := clusterEnds(c)
	if err != nil {
		return nil, err
	}
	n := c.Rows.N
	ids, parents := &c.Rows.Leaves[table.SpanSpanID], &c.Rows.Leaves[table.SpanParentID]
	traces := &c.Rows.Leaves[table.SpanTraceID]
	f := newFamily(traces.Codes, n, len(traces.Dict.Values), ends)
	rows := newRowsByID(ids, n)
	p := &parentRows{targets: make([]uint32, n)}
	start := uint32(0)
	for cluster, end := range ends {
		var absolute, offsets []int64
		for i := start; i < end; i++ {
			id := parents.Int(int(i))
			if id == 0 {
				continue
			}
			row, ok := rows.first(id)
			trace := f.trace(int(i))
			if !ok || f.trace(int(row)) != trace {
				p.targets[i] = targetRaw
				p.raw = append(p.raw, id)
				continue
			}
			to := f.cluster(row)
			p.targets[i] = uint32(to) + targetCluster
			number := int64(f.at[row] - f.first(trace, to))
			own := int64(f.at[i] - f.first(trace, cluster))
			absolute = append(absolute, number)
			offsets = append(offsets, number-own)
		}
		p.lengths = append(p.lengths, end-start)
		start = end
		if changes(offsets) < changes(absolute) {
			p.relative, p.numbers = append(p.relative, 1), append(p.numbers, offsets...)
		} else {
			p.relative, p.numbers = append(p.relative, 0), append(p.numbers, absolute...)
		}
	}
	return p, nil
}

// appendClusters appends what both modes begin with.
func (e *encoder) appendClusters(dst []byte, p *parentRows) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(p.lengths)))
	dst = appendSection(dst, e.enc.AppendUints(nil, p.lengths))
	return appendSection(dst, e.enc.AppendUints(nil, p.relative))
}

// appendParents appends references that are not cut.
func (e *encoder) appendParents(dst []byte, p *parentRows) []byte {
	dst = e.appendClusters(append(dst, parentRefs), p)
	dst = appendSection(dst, e.enc.AppendUints(nil, p.targets))
	dst = binary.AppendUvarint(dst, uint64(len(p.numbers)))
	dst = appendSection(dst, e.enc.AppendInts(nil, p.numbers))
	dst = binary.AppendUvarint(dst, uint64(len(p.raw)))
	return appendSection(dst, e.enc.AppendBytes(nil, spanIDBytes(p.raw), 8))
}

// cutParents makes e.tmp the head of references and e.body their pages.
func (e *encoder) cutParents(p *parentRows) {
	e.tmp = e.appendClusters(append(e.tmp[:0], parentPages), p)
	at := 0
	pages := func(cut encoding.Pages, each func(i int)) {
		e.tmp = binary.AppendUvarint(e.tmp, uint64(cut.Size))
		for i, size := range cut.Lengths {
			d := pageDir{at: at, size: size}
			e.tmp = d.append(e.tmp, e.body)
			at += size
			if each != nil {
				each(i)
			}
		}
	}
	var cut encoding.Pages
	e.body, cut = e.enc.AppendUintPages(e.body[:0], p.targets, e.cut.ofValues())
	pages(cut, func(i int) {
		c := countTargets(p.targets[i*cut.Size : min((i+1)*cut.Size, len(p.targets))])
		e.tmp = binary.AppendUvarint(e.tmp, uint64(c.refs))
		e.tmp = binary.AppendUvarint(e.tmp, uint64(c.raws))
	})
	e.tmp = binary.AppendUvarint(e.tmp, uint64(len(p.numbers)))
	if len(p.numbers) > 0 {
		e.body, cut = e.enc.AppendIntPages(e.body, p.numbers, e.cut.ofValues())
		pages(cut, nil)
	}
	e.tmp = binary.AppendUvarint(e.tmp, uint64(len(p.raw)))
	if len(p.raw) > 0 {
		e.body, cut = e.enc.AppendBytePages(e.body, spanIDBytes(p.raw), 8, e.cut.ofSpanIDs())
		pages(cut, nil)
	}
}

// countTargets counts the references and the raw ids among targets.
func countTargets(targets []uint32) (c targetCounts) {
	for _, t := range targets {
		c.add(t, 1)
	}
	return c
}

// changes counts the values that differ from the one before, which is about
// what a column of them costs.
func changes(v []int64) int {
	n := 0
	for i := 1; i < len(v); i++ {
		if v[i] != v[i-1] {
			n++
		}
	}
	return n
}
