package table

import (
	"github.com/ttlog/ttlog/internal/freelist"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Batches come and go many times a second and look alike: the chunk of one
// that is released serves the next of its signal, with the room that its
// columns and dictionaries have by then, and with its attribute columns and
// shapes, which the next one most likely has too.
// One writer appends at a time, so that one of each signal is kept.
var idleChunks = [...]freelist.List[*Chunk]{
	otlpwire.Traces:  idleChunk(otlpwire.Traces),
	otlpwire.Logs:    idleChunk(otlpwire.Logs),
	otlpwire.Metrics: idleChunk(otlpwire.Metrics),
}

func idleChunk(s otlpwire.Signal) freelist.List[*Chunk] {
	return freelist.New(1, func() *Chunk { return NewChunk(s) })
}

// What is kept for the next batch.
const (
	maxPooledBytes  = 4 << 20 // of a chunk
	maxPooledCols   = 128     // of an attribute set
	maxPooledShapes = 256     // of an attribute set
)

// Release gives the memory of a batch that is not needed any more to later
// ones. The batch must not be used afterwards, nor released again; not
// releasing one is no fault. What was appended to tables stays as it is.
func (b *Batch) Release() {
	releaseChunk(b.chunk)
	b.chunk, b.rows, b.days = nil, nil, nil
}

func releaseChunk(c *Chunk) {
	if c.Bytes() > maxPooledBytes {
		return
	}
	c.Rows.reset()
	c.Resources.reset()
	idleChunks[c.Signal].Give(c)
}

func (g *Group) reset() {
	g.N = 0
	for i := range g.Leaves {
		g.Leaves[i].reset()
	}
	for i := range g.Sets {
		g.Sets[i].reset()
	}
	for i := range g.Lists {
		l := &g.Lists[i]
		l.Counts.reset()
		l.Items.reset()
		l.starts = nil
	}
}

func (l *Leaf) reset() {
	l.Ints, l.Codes = l.Ints[:0], l.Codes[:0]
	if l.Dict != nil {
		l.Dict.reset()
	}
}

func (s *AttrSet) reset() {
	s.Shape.reset()
	s.starts, s.values, s.total, s.curRow, s.curRaw = nil, nil, 0, -1, false
	if len(s.Cols) > maxPooledCols || len(s.Shapes) > maxPooledShapes {
		*s = newAttrSet()
		return
	}
	for _, c := range s.Cols {
		c.N = 0
		c.Leaf.reset()
	}
}

// reset empties a dictionary. Its strings are overwritten: nobody may have them.
func (d *Dict) reset() {
	if len(d.Values) == 1 {
		return // the room of one that was large once is not cleared for nothing
	}
	clear(d.Values[1:])
	d.Values = d.Values[:1]
	clear(d.slots)
	d.hashes = d.hashes[:min(1, len(d.hashes))]
	d.arena, d.size = d.block, 0
}
