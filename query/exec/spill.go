package exec

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/spill"
)

// What exceeds the memory of a query goes to the disk, as rows in blocks: groups and the two
// sides of a join to partitions by the hash of their keys, each of which is
// then worked on for itself, and rows that have an order to runs that are merged.
// Every row carries the number of the row of the input that it stands for, so that
// the result comes in the order that it would have had in memory.

// spilled is what one operator put on the disk.
type spilled struct {
	x     *Exec
	stage string // what the memory was for
	rows  atomic.Int64
	bytes atomic.Int64
}

// spills returns what an operator puts on the disk through, for the memory of a
// stage.
func (x *Exec) spills(stage string) *spilled { return &spilled{x: x, stage: stage} }

// can reports whether an error is one that the disk helps against: the budget is
// used up, and there is a disk.
func (s *spilled) can(err error) bool { return s.x.Spill != nil && eval.IsMemory(err) }

// holdRows returns how many rows an operator takes in at once that holds what it
// takes: what it holds is looked at between them, and must not grow by more than a
// small part of a small budget.
func (x *Exec) holdRows() int {
	if x.Spill == nil {
		return eval.ChunkRows
	}
	const rowBytes = 4 << 10
	return int(min(max(x.Budget.Limit/int64(x.workers)/rowBytes, 64), eval.ChunkRows))
}

// used reports whether something is on the disk.
func (s *spilled) used() bool { return s.rows.Load() > 0 }

// due reports whether who holds some bytes should put them on the disk: because
// taking them gave err, or before that where little is left and they are worth it.
func (s *spilled) due(held int64, err error) bool {
	if s.x.Spill == nil || err != nil && !eval.IsMemory(err) {
		return false
	}
	b := s.x.Budget
	if s.x.SpillEarly && held > 0 && s.rows.Load() < earlyRows {
		return true
	}
	return err != nil || b.Tight() && held > b.Limit/int64(16*s.x.workers)
}

// earlyRows is how many rows SpillEarly is about: more are taken apart no further.
const earlyRows = 1000

// notes tells how much was put on the disk.
func (s *spilled) notes() []string {
	if s == nil || !s.used() {
		return nil
	}
	return []string{fmt.Sprintf("spilled %d rows, %d bytes", s.rows.Load(), s.bytes.Load())}
}

// block is some rows on the disk.
type block struct {
	ref spill.Ref
	seq uint64 // of the first row
	n   int
}

// blockBytes is about how many bytes a block of rows should have: of many runs
// that are merged at once a block each is in memory.
func (s *spilled) blockBytes() int64 { return min(max(s.x.Budget.Limit/1024, 2<<10), 256<<10) }

// write puts rows on the disk.
func (s *spilled) write(cols []*eval.Vec, n int, seq uint64) (block, error) {
	dst := binary.AppendUvarint(nil, uint64(n))
	for _, v := range cols {
		dst = v.AppendWire(dst)
	}
	ref, err := s.x.Spill.Append(dst)
	if err != nil {
		// The limit that was reached is the memory's: that the disk has no room
		// is why it could not be got around.
		return block{}, plan.LimitError("memory budget of %s reached at %s, and what exceeds it cannot be put on the disk: %w",
			eval.FormatBytes(s.x.Budget.Limit), s.stage, err)
	}
	s.rows.Add(int64(n))
	s.bytes.Add(int64(ref.Size()))
	return block{ref, seq, n}, nil
}

// read returns the rows of a block.
func (s *spilled) read(b block, width int) ([]*eval.Vec, error) {
	raw, err := s.x.Spill.Read(b.ref, nil)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	r := eval.NewReader(raw)
	n := int(r.Uint())
	cols := make([]*eval.Vec, width)
	for j := range cols {
		if cols[j] = r.Vec(); cols[j].Len != n && r.Err == nil {
			return nil, fmt.Errorf("query: a column of %d rows has %d values", n, cols[j].Len)
		}
	}
	return cols, r.Err
}

// rowBuffer collects rows until they make a block.
type rowBuffer struct {
	cols  []*eval.Vec
	bytes int64
	seq   uint64 // of the first row
}

func newRowBuffer(fields []plan.Field) *rowBuffer {
	b := &rowBuffer{}
	for _, f := range fields {
		b.cols = append(b.cols, eval.NewVec(f.Type, 0))
	}
	return b
}

func (b *rowBuffer) len() int {
	if len(b.cols) == 0 {
		return 0
	}
	return b.cols[0].Len
}

// flush writes the rows and forgets them.
func (b *rowBuffer) flush(s *spilled) (out block, err error) {
	out, err = s.write(b.cols, b.len(), b.seq)
	for i, v := range b.cols {
		b.cols[i] = eval.NewVec(v.Type, 0)
	}
	b.bytes = 0
	return out, err
}

// run is rows in an order.
type run []block

// runWriter writes a run.
type runWriter struct {
	s   *spilled
	buf *rowBuffer
	out run
}

func (s *spilled) newRun(fields []plan.Field) *runWriter {
	return &runWriter{s: s, buf: newRowBuffer(fields)}
}

// add takes rows [lo, hi) of columns.
func (w *runWriter) add(cols []*eval.Vec, lo, hi int) error {
	for lo < hi {
		end := min(lo+64, hi)
		for j, v := range cols {
			w.buf.bytes += w.buf.cols[j].Append(v.Slice(lo, end))
		}
		if lo = end; w.buf.bytes >= w.s.blockBytes() || w.buf.len() >= eval.ChunkRows {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *runWriter) flush() error {
	b, err := w.buf.flush(w.s)
	w.out = append(w.out, b)
	return err
}

// end returns the run.
func (w *runWriter) end() (run, error) {
	if w.buf.len() > 0 {
		if err := w.flush(); err != nil {
			return nil, err
		}
	}
	return w.out, nil
}

// runReader stands on a row of a run.
type runReader struct {
	s     *spilled
	left  run
	width int
	cols  []*eval.Vec
	at, n int
	index int // of the run among those that are merged: ties go by it
}

// next goes to the next row, and returns false behind the last.
func (r *runReader) next() (bool, error) {
	if r.at++; r.at < r.n {
		return true, nil
	}
	if len(r.left) == 0 {
		return false, nil
	}
	cols, err := r.s.read(r.left[0], r.width)
	if err != nil {
		return false, err
	}
	r.cols, r.at, r.n = cols, 0, r.left[0].n
	r.left = r.left[1:]
	return true, nil
}

// mergeWidth is how many runs are merged at once.
const mergeWidth = 64

// rowOrder compares two rows.
type rowOrder func(a []*eval.Vec, i int, b []*eval.Vec, j int) int

// merge gives the rows of runs to emit in their order. Rows that are equal come in
// that of the runs.
func (s *spilled) merge(ctx context.Context, runs []run, fields []plan.Field, order rowOrder, emit func([]*eval.Vec, int) error) error {
	for len(runs) > mergeWidth {
		var longer []run
		for len(runs) > 0 {
			some := runs[:min(mergeWidth, len(runs))]
			runs = runs[len(some):]
			w := s.newRun(fields)
			err := s.mergeOnce(ctx, some, fields, order, func(cols []*eval.Vec, n int) error { return w.add(cols, 0, n) })
			if err != nil {
				return err
			}
			r, err := w.end()
			if err != nil {
				return err
			}
			longer = append(longer, r)
		}
		runs = longer
	}
	return s.mergeOnce(ctx, runs, fields, order, emit)
}

func (s *spilled) mergeOnce(ctx context.Context, runs []run, fields []plan.Field, order rowOrder, emit func([]*eval.Vec, int) error) error {
	acct := eval.NewAccount(s.x.Budget, s.stage)
	defer func() { _ = acct.Set(0) }() // giving back cannot fail
	// A block each, packed and unpacked.
	if err := acct.Set(int64(len(runs)) * s.blockBytes() * 2); err != nil {
		return err
	}
	h := &runHeap{order: order}
	for i, r := range runs {
		rd := &runReader{s: s, left: r, width: len(fields), index: i}
		rd.at = -1
		more, err := rd.next()
		if err != nil {
			return err
		}
		if more {
			h.push(rd)
		}
	}
	out := newRowBuffer(fields)
	for len(h.list) > 0 {
		rd := h.list[0]
		for j, v := range rd.cols {
			out.bytes += out.cols[j].Append(v.Slice(rd.at, rd.at+1))
		}
		if out.len() == eval.ChunkRows || out.bytes >= 4*s.blockBytes() {
			if err := out.give(ctx, emit); err != nil {
				return err
			}
		}
		more, err := rd.next()
		if err != nil {
			return err
		}
		h.fix(more)
	}
	if out.len() == 0 {
		return nil
	}
	return out.give(ctx, emit)
}

// give gives the rows to emit and forgets them.
func (b *rowBuffer) give(ctx context.Context, emit func([]*eval.Vec, int) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	cols, n := b.cols, b.len()
	b.cols, b.bytes = make([]*eval.Vec, len(cols)), 0
	for i, v := range cols {
		b.cols[i] = eval.NewVec(v.Type, 0)
	}
	return emit(cols, n)
}

// runHeap has the reader whose row is the next on top.
type runHeap struct {
	order rowOrder
	list  []*runReader
}

func (h *runHeap) less(i, j int) bool {
	a, b := h.list[i], h.list[j]
	if c := h.order(a.cols, a.at, b.cols, b.at); c != 0 {
		return c < 0
	}
	return a.index < b.index
}

func (h *runHeap) push(r *runReader) {
	h.list = append(h.list, r)
	for i := len(h.list) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.less(i, up) {
			return
		}
		h.list[i], h.list[up] = h.list[up], h.list[i]
		i = up
	}
}

// fix puts the top where it belongs after it moved on; without more it goes.
func (h *runHeap) fix(more bool) {
	if !more {
		last := len(h.list) - 1
		h.list[0] = h.list[last]
		h.list = h.list[:last]
	}
	for i := 0; ; {
		down := 2*i + 1
		if down >= len(h.list) {
			return
		}
		if down+1 < len(h.list) && h.less(down+1, down) {
			down++
		}
		if !h.less(down, i) {
			return
		}
		h.list[i], h.list[down] = h.list[down], h.list[i]
		i = down
	}
}
