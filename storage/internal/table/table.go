package table

import (
	"math"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// Table is the unflushed rows of one signal and one day, in the order they
// came. One goroutine at a time may use it; what Blocks and Chunks return may
// be used beside it, also while it grows.
type Table struct {
	signal   otlpwire.Signal
	sealed   []*Chunk
	open     *Chunk
	rows     int // all
	bytes    int // Bytes
	held     int // bytes of the sealed chunks
	min, max int64
}

// New returns an empty table.
func New(s otlpwire.Signal) *Table {
	return &Table{signal: s, open: NewChunk(s), min: math.MaxInt64, max: math.MinInt64}
}

// Signal returns the signal of the table's rows.
func (t *Table) Signal() otlpwire.Signal { return t.signal }

// Append adds the rows of b that fall on the given day. The batch must be of
// the table's signal.
func (t *Table) Append(b *Batch, day int32) {
	t.rows += t.add(b, day)
	open := t.open.Bytes()
	t.bytes = t.held + open
	if t.open.Rows.N >= sealRows || open >= sealBytes {
		t.open.seal()
		t.held += t.open.Bytes()
		t.bytes = t.held
		t.sealed = append(t.sealed, t.open)
		t.open = NewChunk(t.signal)
	}
}

// add adds the rows of b to the open chunk and returns how many there are.
func (t *Table) add(b *Batch, day int32) int {
	if b.only(day) && t.open.Rows.roomFor(&b.chunk.Rows) {
		t.min, t.max = min(t.min, b.min), max(t.max, b.max)
		concat(t.open, b.chunk)
		return b.Rows()
	}
	locs := b.of(day)
	for _, l := range locs {
		at := b.chunk.Time(int(l.Row))
		t.min, t.max = min(t.min, at), max(t.max, at)
	}
	// A batch is in memory and checked: gathering from it cannot fail.
	_ = Gather(t.open, []*Chunk{b.chunk}, locs, false)
	return len(locs)
}

// Rows returns the number of rows.
func (t *Table) Rows() int { return t.rows }

// Bytes returns an estimate of the memory held.
func (t *Table) Bytes() int { return t.bytes }

// MinTime and MaxTime return the earliest and the latest time of a row; in an
// empty table the earliest is after the latest.
func (t *Table) MinTime() int64 { return t.min }

// MaxTime returns the latest time of a row.
func (t *Table) MaxTime() int64 { return t.max }

// Chunks returns a snapshot of the rows, valid while t grows.
func (t *Table) Chunks() []*Chunk {
	out := make([]*Chunk, 0, len(t.sealed)+1)
	for _, c := range t.sealed {
		out = append(out, c.snapshot())
	}
	if t.open.Rows.N > 0 {
		out = append(out, t.open.snapshot())
	}
	return out
}

// Blocks returns a snapshot of the rows for a query, valid while t grows.
func (t *Table) Blocks() []column.Block {
	chunks := t.Chunks()
	out := make([]column.Block, len(chunks))
	for i, c := range chunks {
		c.Earliest = t.min
		out[i] = NewBlock(c)
	}
	return out
}
