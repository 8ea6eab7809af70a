package exec

import (
	"context"
	"iter"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/storage/column"
)

// projectOp computes columns.
type projectOp struct {
	in   Operator
	node *plan.Project
}

func (o *projectOp) inputs() []Operator { return []Operator{o.in} }
func (o *projectOp) describe() string   { return "Project " + counted(len(o.node.Exprs), "column") }

func (o *projectOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return mapped(o.in.morsels(ctx, x), func(m morsel) morsel { return &projectMorsel{morsel: m, exprs: o.node.Exprs} })
}

type projectMorsel struct {
	morsel
	exprs []*plan.Expr
}

// summary implements [summarized].
func (m *projectMorsel) summary() (s column.Summary, rows int64, ok bool) {
	if b, ok := m.morsel.(summarized); ok {
		return b.summary()
	}
	return s, 0, false
}

// key implements [keyed].
func (m *projectMorsel) key(f *plan.Fingerprint) (id column.Identity, ok bool) {
	k, ok := m.morsel.(keyed)
	if !ok {
		return id, false
	}
	id, ok = k.key(f)
	f.Exprs(m.exprs)
	f.Over(nil)
	return id, ok
}

// weight is the input's: what is computed from it is no larger for long.
func (m *projectMorsel) run(w *worker, emit func(*batch) error) error {
	base := uint64(0)
	project := func(b *batch) error {
		return b.chunks(w.size, func(ev *eval.Evaluator, _ uint64) error {
			f := &eval.VecFrame{Len: ev.Rows, Cols: make([]*eval.Vec, len(m.exprs))}
			for i, e := range m.exprs {
				v := ev.Vec(e)
				f.Cols[i] = v
				f.Bytes += v.Width()
				if !e.IsCol() && !e.Shared { // which vec counts
					ev.Made += v.Width()
				}
				ev.Account(eval.AccountGrain)
			}
			if ev.Err != nil {
				return ev.Err
			}
			first := base
			base += uint64(f.Len)
			return w.give(f, first, emit)
		})
	}
	return m.morsel.run(w, func(b *batch) error { return b.pieces(project) })
}
