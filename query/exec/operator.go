package exec

import (
	"context"
	"errors"
	"iter"
	"strconv"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
)

// Operator is a physical operator: it yields its rows as morsels, in order. An
// operator runs once.
type Operator interface {
	// morsels starts the operator. Who breaks off the iteration ends it.
	morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error]
	// inputs returns the operators that it takes rows of.
	inputs() []Operator
	// describe returns the operator in a line, its name first.
	describe() string
}

// morsel is a part of an operator's rows that has yet to be computed, by one
// worker.
type morsel interface {
	// run computes the rows and gives them to emit, in order. A batch is valid
	// during the call, and its frame is emit's for good: run does not look at
	// it again.
	run(w *worker, emit func(*batch) error) error
	// weight estimates the bytes that its columns will take, 0 where they are
	// there already.
	weight() int64
}

// serial is an operator that has its rows in one place after all: who wants them
// in order need not go through morsels and workers.
type serial interface {
	Operator
	// rows runs the operator and gives its rows to emit, a few thousand at a
	// time. The columns are emit's.
	rows(ctx context.Context, x *Exec, emit func(cols []*eval.Vec, n int) error) error
}

// breaker is an operator that takes all rows of its inputs before it gives any.
type breaker interface{ breaks() }

// serialMorsels makes morsels of what a serial operator emits.
func serialMorsels(ctx context.Context, x *Exec, op serial) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) {
		yieldRows(yield, func(emit func([]*eval.Vec, int) error) error { return op.rows(ctx, x, emit) })
	}
}

// yieldRows yields a morsel of what rows emits each time.
func yieldRows(yield func(morsel, error) bool, rows func(emit func([]*eval.Vec, int) error) error) {
	stopped := false
	err := rows(func(cols []*eval.Vec, n int) error {
		if !yield(&frameMorsel{f: &eval.VecFrame{Len: n, Cols: cols}}, nil) {
			stopped = true
			return errStop
		}
		return nil
	})
	if err != nil && !stopped && !errors.Is(err, errStop) {
		yield(nil, err)
	}
}

// frameMorsel is a frame of which all rows count.
type frameMorsel struct{ f eval.Frame }

func (m *frameMorsel) run(w *worker, emit func(*batch) error) error { return w.give(m.f, 0, emit) }

func (m *frameMorsel) weight() int64 { return 0 }

// mapped is the morsels of an operator that works on its input's row by row, and
// so in whichever worker runs them.
func mapped(in iter.Seq2[morsel, error], f func(morsel) morsel) iter.Seq2[morsel, error] {
	return func(yield func(morsel, error) bool) {
		for m, err := range in {
			if err == nil {
				m = f(m)
			}
			if !yield(m, err) {
				return
			}
		}
	}
}

// worker runs morsels, one after the other. It belongs to one goroutine.
type worker struct {
	ctx   context.Context
	bud   *eval.Budget
	evals []*eval.Evaluator // by how many frames of a pipeline are at work
	depth int
	// size is how many rows are wanted at once at most.
	size int
}

func newWorker(ctx context.Context, b *eval.Budget, size int) *worker {
	return &worker{ctx: ctx, bud: b, size: size}
}

// give emits a frame, whose rows have the numbers from base on in their morsel.
func (w *worker) give(f eval.Frame, base uint64, emit func(*batch) error) error {
	return w.giveSome(&batch{f: f, all: true, base: base}, emit)
}

// giveSome emits a batch.
func (w *worker) giveSome(b *batch, emit func(*batch) error) error {
	b.w = w
	err := emit(b)
	if b.ev != nil {
		w.depth--
	}
	return err
}

// end ends a morsel, and returns the bytes that its columns took.
func (w *worker) end() (bytes int64) {
	for _, ev := range w.evals {
		bytes += ev.Decoded
		ev.Enter(nil)
	}
	return bytes
}

// batch is rows of a frame: those of sel, or where all is set every row.
type batch struct {
	w    *worker
	f    eval.Frame
	ev   *eval.Evaluator
	sel  []uint32
	all  bool
	base uint64       // of the numbers of the frame's rows in the morsel
	met  []*plan.Expr // conditions that all of the rows are known to meet
}

// eval returns what computes expressions over the batch's frame.
func (b *batch) eval() *eval.Evaluator {
	if b.ev == nil {
		w := b.w
		if w.depth == len(w.evals) {
			w.evals = append(w.evals, eval.New(w.ctx, w.bud))
		}
		b.ev = w.evals[w.depth]
		w.depth++
		b.ev.Enter(b.f)
	}
	return b.ev
}

// chunks calls f for each chunk, of at most size rows; the batch's eval stands
// on the chunk, and seq is the number of its first row in the morsel.
func (b *batch) chunks(size int, f func(ev *eval.Evaluator, seq uint64) error) error {
	ev := b.eval()
	return eval.Chunks(b.f.Rows(), b.sel, b.all, size, func(c eval.Chunk) error {
		if err := b.w.ctx.Err(); err != nil {
			return err
		}
		ev.Begin(c)
		return f(ev, b.base+uint64(c.Row(0)))
	})
}

// len returns the number of rows.
func (b *batch) len() int {
	if b.all {
		return b.f.Rows()
	}
	return len(b.sel)
}

// counted writes a number of things.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
