package part

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// encoder turns the columns of a chunk into bytes, one chunk of the file each.
type encoder struct {
	enc encoding.Encoder
	*scratch

	current  *table.Chunk // spans being encoded
	filtered bool         // columns are of rows, and may have filters
	texts    bool         // columns of strings are searched, and may have text filters
	raw      bool         // the column is an overflow column
	counts   bool         // the column is the counts of a list

	cut pageCut
	err error
}

// chunk appends what was encoded into e.tmp as a chunk of the file.
func (e *encoder) chunk() chunkRef {
	e.out = append(e.out, e.tmp...)
	return chunkRef{size: len(e.tmp), sum: xxhash.Sum64(e.tmp)}
}

// cutChunk is chunk for a column of which the head is in e.tmp and the pages are
// in e.body.
func (e *encoder) cutChunk() chunkRef {
	e.out = append(append(e.out, e.tmp...), e.body...)
	return chunkRef{size: len(e.tmp) + len(e.body), head: len(e.tmp), sum: xxhash.Sum64(e.tmp)}
}

// rows encodes the rows of a chunk, in which parents are references.
func (e *encoder) rows(c *table.Chunk) (groupDir, error) {
	e.current, e.err = nil, nil
	if c.Signal == spans {
		e.current = c
	}
	e.filtered = true
	d := e.group(&c.Rows)
	e.filtered = false
	return d, e.err
}

func (e *encoder) group(g *table.Group) groupDir {
	d := groupDir{
		n: g.N, leaves: make([]leafDir, len(g.Leaves)),
		sets: make([]setDir, len(g.Sets)), lists: make([]listDir, len(g.Lists)),
	}
	if g.N == 0 {
		return groupDir{}
	}
	for i := range g.Leaves {
		d.leaves[i] = e.leaf(&g.Leaves[i])
	}
	for i := range g.Sets {
		filtered := e.filtered
		e.filtered = filtered && i == 0 // bodies are looked for by parts of them
		d.sets[i] = e.set(&g.Sets[i], filtered)
		e.filtered = filtered
	}
	for i := range g.Lists {
		d.lists[i] = e.list(&g.Lists[i])
	}
	return d
}

func (e *encoder) list(l *table.List) listDir {
	if l.Items.N == 0 {
		return listDir{}
	}
	filtered := e.filtered
	e.filtered = false // no predicate is about items
	e.counts = true
	counts := e.leaf(&l.Counts)
	e.counts = false
	d := listDir{counts: counts, items: e.group(&l.Items)}
	e.filtered = filtered
	return d
}

// leaf encodes a plain column. An empty one takes nothing.
func (e *encoder) leaf(l *table.Leaf) leafDir {
	var d leafDir
	if l.Empty() {
		return d
	}
	if e.current != nil && l == &e.current.Rows.Leaves[table.SpanParentID] {
		return e.parents(e.current)
	}
	p := e.encodePages(l)
	if p.whole() {
		e.tmp = p.appendWhole(e.tmp[:0], e.body)
		d.ref = e.chunk()
	} else {
		e.tmp = p.appendHead(e.tmp[:0], e.body)
		d.ref = e.cutChunk()
	}
	d.filter = e.valueFilter(l, p)
	d.text = e.textFilter(l, p)
	if hasRange(l.Kind) {
		d.min, d.max = rangeOf(l.Ints)
	}
	return d
}

// rangeOf returns the least and the greatest of some values and zero, which
// the rows behind the last value have.
func rangeOf(v []int64) (least, greatest int64) {
	least, greatest = v[0], v[0]
	for _, x := range v {
		least, greatest = min(least, x), max(greatest, x)
	}
	return least, greatest
}

func spanIDBytes(ids []int64) []byte {
	out := make([]byte, 0, 8*len(ids))
	for _, id := range ids {
		out = binary.LittleEndian.AppendUint64(out, uint64(id))
	}
	return out
}

// set encodes the attributes of a group, which may be searched for texts.
func (e *encoder) set(s *table.AttrSet, searched bool) setDir {
	var d setDir
	if len(s.Cols) == 0 {
		return d
	}
	d.shapes = e.shapes(s)
	for _, c := range s.Cols {
		e.raw, e.texts = c.Type == table.TypeRaw, searched && c.Type == column.TypeString
		d.cols = append(d.cols, colDir{key: c.Key, typ: c.Type, n: c.N, leaf: e.leaf(&c.Leaf)})
	}
	e.raw, e.texts = false, false
	return d
}
