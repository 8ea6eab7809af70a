package exec

import (
	"context"
	"fmt"
	"iter"

	"github.com/ttlog/ttlog/query/plan"
)

// filterOp keeps the rows that meet all conditions.
type filterOp struct {
	in   Operator
	node *plan.Filter
}

func (o *filterOp) inputs() []Operator { return []Operator{o.in} }

func (o *filterOp) describe() string {
	single := 0
	for _, c := range o.node.Conds {
		if c.Single >= 0 {
			single++
		}
	}
	return fmt.Sprintf("Filter by %s, %d of one column", counted(len(o.node.Conds), "condition"), single)
}

func (o *filterOp) morsels(ctx context.Context, x *Exec) iter.Seq2[morsel, error] {
	return mapped(o.in.morsels(ctx, x), func(m morsel) morsel { return &filterMorsel{morsel: m, conds: o.node.Conds} })
}

type filterMorsel struct {
	morsel
	conds []*plan.Expr
}

func (m *filterMorsel) run(w *worker, emit func(*batch) error) error {
	return m.morsel.run(w, func(b *batch) (err error) {
		if b.sel, b.all, err = b.eval().Filter(m.conds, b.sel, b.all); err != nil || b.len() == 0 {
			return err
		}
		return b.late(emit)
	})
}
