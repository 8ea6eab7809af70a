package exec

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
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
	return mapped(o.in.morsels(ctx, x), func(m morsel) morsel {
		conds := unmet(m, o.node.Conds)
		if len(conds) == 0 {
			return m
		}
		return &filterMorsel{morsel: m, conds: conds}
	})
}

// bounded is a morsel of which values are known to be within bounds.
type bounded interface {
	// bounds returns the least and the greatest value of a column, of which no
	// value is NULL.
	bounds(col int) (least, greatest int64, ok bool)
}

// unmet returns the conditions without comparisons of times that all rows of m
// meet: most blocks are within a time range whole.
func unmet(m morsel, conds []*plan.Expr) []*plan.Expr {
	b, ok := m.(bounded)
	if !ok {
		return conds
	}
	return slices.DeleteFunc(slices.Clone(conds), func(e *plan.Expr) bool {
		c := e.Comparison
		if c == nil || len(c.Values) != 1 || c.Values[0].Type != types.Time {
			return false
		}
		least, greatest, ok := b.bounds(c.Column)
		if !ok {
			return false
		}
		switch v := c.Values[0].Int; c.Op {
		case column.Gt:
			return least > v
		case column.Ge:
			return least >= v
		case column.Lt:
			return greatest < v
		case column.Le:
			return greatest <= v
		}
		return false
	})
}

type filterMorsel struct {
	morsel
	conds []*plan.Expr
}

// key implements [keyed]. Rows of a block that a time range cuts are not worth
// to be kept: the range is another one the next time.
func (m *filterMorsel) key(f *plan.Fingerprint) (id column.Identity, ok bool) {
	k, ok := m.morsel.(keyed)
	if !ok {
		return id, false
	}
	b, _ := m.morsel.(bounded)
	for _, e := range m.conds {
		if c := e.Comparison; c != nil && b != nil {
			if _, _, timed := b.bounds(c.Column); timed {
				return id, false
			}
		}
	}
	id, ok = k.key(f)
	f.Exprs(m.conds)
	return id, ok
}

// bounds implements [bounded].
func (m *filterMorsel) bounds(col int) (least, greatest int64, ok bool) {
	if b, ok := m.morsel.(bounded); ok {
		return b.bounds(col)
	}
	return 0, 0, false
}

func (m *filterMorsel) run(w *worker, emit func(*batch) error) error {
	return m.morsel.run(w, func(b *batch) (err error) {
		conds := m.conds
		if len(b.met) > 0 {
			conds = slices.DeleteFunc(slices.Clone(conds), func(e *plan.Expr) bool { return slices.Contains(b.met, e) })
		}
		if len(conds) == 0 {
			return emit(b)
		}
		if b.sel, b.all, err = b.eval().Filter(conds, b.sel, b.all); err != nil || b.len() == 0 {
			return err
		}
		return b.late(emit)
	})
}
