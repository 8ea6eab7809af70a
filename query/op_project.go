package query

import (
	"context"
	"iter"
)

// projectOp computes columns.
type projectOp struct {
	in   operator
	node *projectNode
}

func (o *projectOp) inputs() []operator { return []operator{o.in} }
func (o *projectOp) describe() string   { return "Project " + counted(len(o.node.exprs), "column") }

func (o *projectOp) morsels(ctx context.Context, x *exec) iter.Seq2[morsel, error] {
	return mapped(o.in.morsels(ctx, x), func(m morsel) morsel { return &projectMorsel{morsel: m, exprs: o.node.exprs} })
}

type projectMorsel struct {
	morsel
	exprs []*expr
}

// weight is the input's: what is computed from it is no larger for long.
func (m *projectMorsel) run(w *worker, emit func(*batch) error) error {
	base := uint64(0)
	return m.morsel.run(w, func(b *batch) error {
		return b.chunks(w.size, func(ev *eval, _ uint64) error {
			f := &vecFrame{n: ev.n, cols: make([]*vec, len(m.exprs))}
			for i, e := range m.exprs {
				v := ev.vec(e)
				f.cols[i] = v
				f.bytes += v.width()
				if !e.isCol() && !e.shared { // which vec counts
					ev.made += v.width()
				}
				ev.account(accountGrain)
			}
			if ev.err != nil {
				return ev.err
			}
			first := base
			base += uint64(f.n)
			return w.give(f, first, emit)
		})
	})
}
