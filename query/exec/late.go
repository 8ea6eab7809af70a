package exec

import (
	"fmt"
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// Columns are read late: a block is narrowed by the predicates of the scan before
// a column of it is decoded, and of the rows that are left, where they are few,
// the other columns are read alone.

// lateFactor is how many times more rows than wanted ones a block must have for
// it to pay to read these alone.
const lateFactor = 4

// blockMorsel is a block of a scan.
type blockMorsel struct {
	f     *blockFrame
	where []column.Predicate
	conds []*plan.Expr // see plan.Scan.Conds
	top   *topBound
	base  uint64 // of the numbers of the rows
	kept  column.Selections
}

// key implements [keyed].
func (m *blockMorsel) key(f *plan.Fingerprint) (id column.Identity, ok bool) {
	f.Over(m.f.cols)
	if b, lasting := m.f.blk.(column.Lasting); lasting {
		return b.Identity()
	}
	return id, false
}

// summary implements [summarized].
func (m *blockMorsel) summary() (s column.Summary, rows int64, ok bool) {
	if b, is := m.f.blk.(column.Summarized); is {
		s, ok = b.Summary()
	}
	return s, int64(m.f.Rows()), ok
}

// bounds implements [bounded].
func (m *blockMorsel) bounds(col int) (least, greatest int64, ok bool) {
	if !m.f.cols[col].IsTime() {
		return 0, 0, false
	}
	b, ok := m.f.blk.(column.Summarized)
	if !ok {
		return 0, 0, false
	}
	s, ok := b.Summary()
	return s.MinTime, s.MaxTime, ok
}

// weight is eight bytes a value, of all rows: how many are left is not known.
func (m *blockMorsel) weight() int64 { return int64(m.f.Rows()) * int64(len(m.f.cols)) * 8 }

func (m *blockMorsel) run(w *worker, emit func(*batch) error) error {
	where, some := m.top.narrow(m.f.blk, m.where)
	if !some {
		return nil
	}
	b := &batch{f: m.f, all: true, base: m.base}
	n, ok := m.f.blk.(column.Narrower)
	if !ok || len(where) == 0 {
		return w.giveSome(b, emit)
	}
	found, err := n.Narrow(where, m.kept)
	if err != nil {
		return fmt.Errorf("query: scan: %w", err)
	}
	for i, e := range m.conds {
		if e != nil && found.Met[i] {
			b.met = append(b.met, e)
		}
	}
	switch rows := found.Rows.Len(); rows {
	case 0:
		return nil
	case m.f.Rows():
		return w.giveSome(b, emit)
	}
	b.sel, b.all = found.Rows.List(), false
	return w.giveSome(b, func(b *batch) error { return b.late(emit) })
}

// reader returns what reads n rows of f without the others, or nil where f has
// nothing of the kind or they are not few of its rows.
func reader(f eval.Frame, n int) func(rows []uint32) eval.Frame {
	if p, ok := f.(pendingFrame); ok {
		f = p.Frame
	}
	b, ok := f.(*blockFrame)
	if !ok || n*lateFactor > b.Rows() {
		return nil
	}
	s, ok := b.blk.(column.Selector)
	if !ok {
		return nil
	}
	return func(rows []uint32) eval.Frame { return &blockFrame{blk: s.Select(rows), cols: b.cols} }
}

// Bounds implements [eval.BoundedFrame].
func (f *blockFrame) Bounds(i int) ([]column.Bounds, error) {
	b, ok := f.blk.(column.Bounded)
	if !ok || !f.cols[i].IsTime() || f.cols[i].Type != types.Time {
		return nil, nil
	}
	return b.Bounds(f.cols[i].Refs[0])
}

// Alone implements [eval.BoundedFrame].
func (f *blockFrame) Alone(rows []uint32) (eval.Frame, bool) { return alone(f, rows) }

// alone returns a frame of some rows of f, where they are few and can be read
// without the others.
func alone(f eval.Frame, rows []uint32) (eval.Frame, bool) {
	read := reader(f, len(rows))
	if read == nil {
		return nil, false
	}
	return read(slices.Clone(rows)), true
}

// late gives the rows of the batch to emit, as a frame of their own where they
// are few of their frame's.
func (b *batch) late(emit func(*batch) error) error {
	if !b.all {
		if f, ok := alone(b.f, b.sel); ok {
			return b.w.giveSome(&batch{f: f, all: true, base: b.base, met: b.met}, emit)
		}
	}
	return emit(b)
}

// pieces gives the rows of the batch to emit a piece at a time, where no more
// than a piece of a frame may be wanted.
func (b *batch) pieces(emit func(*batch) error) error {
	w := b.w
	if w.size >= eval.ChunkRows {
		return emit(b)
	}
	read := reader(b.f, w.size)
	if read == nil {
		return emit(b)
	}
	return eval.Chunks(b.f.Rows(), b.sel, b.all, w.size, func(c eval.Chunk) error {
		rows := make([]uint32, c.Len)
		for i := range rows {
			rows[i] = c.Row(i)
		}
		return w.give(read(rows), b.base+uint64(rows[0]), emit)
	})
}
