package query

import (
	"context"
	"fmt"
	"iter"
)

// filterOp keeps the rows that meet all conditions.
type filterOp struct {
	in   operator
	node *filterNode
}

func (o *filterOp) inputs() []operator { return []operator{o.in} }

func (o *filterOp) describe() string {
	single := 0
	for _, c := range o.node.conds {
		if c.single >= 0 {
			single++
		}
	}
	return fmt.Sprintf("Filter by %s, %d of one column", counted(len(o.node.conds), "condition"), single)
}

func (o *filterOp) morsels(ctx context.Context, x *exec) iter.Seq2[morsel, error] {
	return mapped(o.in.morsels(ctx, x), func(m morsel) morsel { return &filterMorsel{morsel: m, conds: o.node.conds} })
}

type filterMorsel struct {
	morsel
	conds []*expr
}

func (m *filterMorsel) run(w *worker, emit func(*batch) error) error {
	return m.morsel.run(w, func(b *batch) (err error) {
		if b.sel, b.all, err = b.eval().filter(m.conds, b.sel, b.all); err != nil || b.len() == 0 {
			return err
		}
		return emit(b)
	})
}
