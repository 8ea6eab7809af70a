package part

import (
	"encoding/binary"
	"fmt"
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
// pay. The modes are part of the format; never renumber.
const (
	parentPlain = 0
	parentRefs  = 1
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

// parents encodes the parents of a chunk's spans.
func (e *encoder) parents(c *table.Chunk) leafDir {
	l := &c.Rows.Leaves[table.SpanParentID]
	ends, err := clusterEnds(c)
	if err != nil {
		e.err = err
		return leafDir{}
	}
	refs := e.appendParentRefs([]byte{parentRefs}, c, ends)
	e.tmp = append(e.tmp[:0], refs...)
	if plain := 8 * len(l.Ints); len(refs) >= plain {
		e.tmp = binary.AppendUvarint(append(e.tmp[:0], parentPlain), uint64(len(l.Ints)))
		e.tmp = e.enc.AppendBytes(e.tmp, spanIDBytes(l.Ints), 8)
	}
	return leafDir{ref: e.chunk()}
}

func (e *encoder) appendParentRefs(dst []byte, c *table.Chunk, ends []uint32) []byte {
	n := c.Rows.N
	ids, parents := &c.Rows.Leaves[table.SpanSpanID], &c.Rows.Leaves[table.SpanParentID]
	traces := &c.Rows.Leaves[table.SpanTraceID]
	f := newFamily(traces.Codes, n, len(traces.Dict.Values), ends)
	rows := make(map[int64]uint32, n)
	for i := n - 1; i >= 0; i-- {
		rows[ids.Int(i)] = uint32(i)
	}
	targets := make([]uint32, n)
	var numbers []int64
	var relative []uint32
	var raw []int64
	start := uint32(0)
	for cluster, end := range ends {
		var absolute, offsets []int64
		for i := start; i < end; i++ {
			id := parents.Int(int(i))
			if id == 0 {
				continue
			}
			row, ok := rows[id]
			trace := f.trace(int(i))
			if !ok || f.trace(int(row)) != trace {
				targets[i] = targetRaw
				raw = append(raw, id)
				continue
			}
			to := f.cluster(row)
			targets[i] = uint32(to) + targetCluster
			number := int64(f.at[row] - f.first(trace, to))
			own := int64(f.at[i] - f.first(trace, cluster))
			absolute = append(absolute, number)
			offsets = append(offsets, number-own)
		}
		start = end
		if changes(offsets) < changes(absolute) {
			relative, numbers = append(relative, 1), append(numbers, offsets...)
		} else {
			relative, numbers = append(relative, 0), append(numbers, absolute...)
		}
	}
	lengths := make([]uint32, len(ends))
	for i, end := range ends {
		lengths[i] = end
		if i > 0 {
			lengths[i] -= ends[i-1]
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(ends)))
	dst = appendSection(dst, e.enc.AppendUints(nil, lengths))
	dst = appendSection(dst, e.enc.AppendUints(nil, relative))
	dst = appendSection(dst, e.enc.AppendUints(nil, targets))
	dst = binary.AppendUvarint(dst, uint64(len(numbers)))
	dst = appendSection(dst, e.enc.AppendInts(nil, numbers))
	dst = binary.AppendUvarint(dst, uint64(len(raw)))
	return appendSection(dst, e.enc.AppendBytes(nil, spanIDBytes(raw), 8))
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

// parents prepares the parents of a chunk's spans for reading.
func (s source) parents(c *table.Chunk, d *groupDir) {
	if table.SpanParentID >= len(d.leaves) {
		return
	}
	dir := &d.leaves[table.SpanParentID]
	if dir.ref.size == 0 {
		return
	}
	leaf := &c.Rows.Leaves[table.SpanParentID]
	read := func(f func(b []byte) error) error {
		b, err := s.chunk(dir.ref)
		if err == nil && len(b) == 0 {
			err = corruptf("no parent mode")
		}
		if err == nil {
			err = f(b)
		}
		if err != nil {
			return fmt.Errorf("part: parents at byte %d: %w", dir.ref.off, err)
		}
		return nil
	}
	once := &losses{s: s}
	leaf.Load = func(l *table.Leaf) error {
		return once.all(l, read(func(b []byte) error { return decodeParents(l, c, b) }))
	}
	leaf.Pick, leaf.Find = nil, nil
	traces := &d.leaves[table.SpanTraceID]
	if traces.ref.head == 0 {
		return // there are few rows
	}
	leaf.Pick = func(to *table.Leaf, at []uint32) error {
		return once.all(to, read(func(b []byte) error {
			if b[0] != parentRefs {
				var all table.Leaf
				if err := decodeParents(&all, c, b); err != nil {
					return err
				}
				for _, i := range at {
					to.Ints = append(to.Ints, all.Int(int(i)))
				}
				return nil
			}
			paged := &pagedLeaf{s: s, d: traces, kind: table.KindTrace, limit: c.Rows.N, losses: losses{s: s}}
			return pickParents(to, at, c, paged, &reader{src: b, off: 1})
		}))
	}
}

func decodeParents(l *table.Leaf, c *table.Chunk, b []byte) error {
	r := reader{src: b, off: 1}
	switch b[0] {
	case parentPlain:
		return decodeLeaf(l, b[1:], c.Rows.N)
	case parentRefs:
		return decodeParentRefs(l, c, &r)
	}
	return corruptf("parent mode %d", b[0])
}

// read reads the columns of references of n rows.
func (p *parentColumns) read(r *reader, n int) error {
	clusters := r.count("clusters", n)
	lengths, relative, targets := r.section(), r.section(), r.section()
	k := r.count("references", n)
	numbers := r.section()
	m := r.count("raw ids", n)
	raw := r.section()
	if err := r.end(); err != nil {
		return err
	}
	var errs [5]error
	p.ends, errs[0] = encoding.Uints(nil, lengths, clusters)
	p.relative, errs[1] = encoding.Uints(nil, relative, clusters)
	p.targets, errs[2] = encoding.Uints(nil, targets, n)
	p.numbers, errs[3] = encoding.Ints(nil, numbers, k)
	p.raw, errs[4] = decodeSpanIDs(raw, m)
	if err := firstOf(errs[:]...); err != nil {
		return err
	}
	row := uint64(0)
	for i, length := range p.ends {
		if row += uint64(length); row > uint64(n) {
			break
		}
		p.ends[i] = uint32(row)
	}
	if row != uint64(n) {
		return corruptf("clusters do not cover the %d rows", n)
	}
	return nil
}

func decodeParentRefs(l *table.Leaf, c *table.Chunk, r *reader) error {
	n := c.Rows.N
	var p parentColumns
	if err := p.read(r, n); err != nil {
		return err
	}
	ids, traces := &c.Rows.Leaves[table.SpanSpanID], &c.Rows.Leaves[table.SpanTraceID]
	if err := firstOf(ids.Ensure(), traces.Ensure(), ids.Damage(), traces.Damage()); err != nil {
		return err
	}
	var err error
	l.Ints, err = p.resolve(ids, newFamily(traces.Codes, n, len(traces.Dict.Values), p.ends), n)
	return err
}

// parentColumns is the decoded columns of parent references.
type parentColumns struct {
	ends, relative, targets []uint32
	numbers, raw            []int64
}

// resolve returns the parent ids of n rows.
func (p *parentColumns) resolve(ids *table.Leaf, f *family, n int) ([]int64, error) {
	out := make([]int64, n)
	cluster := 0
	for i := range n {
		for uint32(i) >= p.ends[cluster] {
			cluster++
		}
		switch t := p.targets[i]; t {
		case targetNone:
		case targetRaw:
			if len(p.raw) == 0 {
				return nil, corruptf("row %d: no raw parent left", i)
			}
			out[i], p.raw = p.raw[0], p.raw[1:]
		default:
			to := int(t - targetCluster)
			if to >= len(p.ends) || len(p.numbers) == 0 {
				return nil, corruptf("row %d: parent in cluster %d of %d, %d references left", i, to, len(p.ends), len(p.numbers))
			}
			trace := f.trace(i)
			number := p.numbers[0]
			p.numbers = p.numbers[1:]
			if p.relative[cluster] != 0 {
				number += int64(f.at[i] - f.first(trace, cluster))
			}
			from, end := f.first(trace, to), f.starts[trace+1]
			if number < 0 || number >= int64(end-from) {
				return nil, corruptf("row %d: parent is number %d of %d", i, number, end-from)
			}
			out[i] = ids.Int(int(f.members[from+uint32(number)]))
		}
	}
	if len(p.raw)+len(p.numbers) > 0 {
		return nil, corruptf("%d parents left over", len(p.raw)+len(p.numbers))
	}
	return out, nil
}
