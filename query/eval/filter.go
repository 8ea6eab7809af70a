package eval

import (
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// Filter returns the rows of sel, or where all is set of the whole frame, that
// meet all conditions; all, again, for every row. It works through the
// conditions one by one on what is left, so that the columns of later ones are
// decoded only if rows survive.
func (ev *Evaluator) Filter(conds []*plan.Expr, sel []uint32, all bool) ([]uint32, bool, error) {
	rows := ev.Frame.Rows()
	for _, c := range conds {
		if c.IsConst() {
			if c.Value.IsNull() || c.Value.Int == 0 {
				return nil, false, nil
			}
			continue
		}
		if !all && len(sel) == 0 {
			break
		}
		var kept []uint32
		var err error
		if entries := ev.coarse(c); entries != nil {
			pass := func(i int) bool { return !entries.IsNull(i) && entries.Ints[entries.Ix(i)] != 0 }
			kept = ev.filterCoded(pass, ev.column(c.Single), sel, all)
		} else if kept, err = ev.filterRows(c, rows, sel, all); err != nil {
			return nil, false, err
		}
		if ev.Err != nil {
			return nil, false, ev.Err
		}
		if all && len(kept) == rows {
			continue
		}
		sel, all = kept, false
	}
	return sel, all, nil
}

// coarse computes a condition per entry of its only column, or returns nil.
func (ev *Evaluator) coarse(c *plan.Expr) *Vec {
	if c.Single < 0 {
		return nil
	}
	return ev.entries(c)
}

// FilterEntries is [Evaluator.Filter] by the values of one column, each of which is
// looked at once a frame; NULLs do not pass. ok is false where the rows have about
// as many values as there are rows.
func (ev *Evaluator) FilterEntries(column int, passes func(v types.Value) bool, sel []uint32, all bool) (outSel []uint32, outAll, ok bool) {
	col := ev.column(column)
	if ev.Err != nil || col.Flat() || col.Entries.Len > ev.Frame.Rows()/4 {
		return sel, all, false
	}
	kept := ev.filterCoded(func(i int) bool {
		v := col.Entries.At(i)
		return !v.IsNull() && passes(v)
	}, col, sel, all)
	if all && len(kept) == ev.Frame.Rows() {
		return nil, true, true
	}
	return kept, false, true
}

// filterCoded keeps the rows whose entry passes. Where whole runs pass, rows
// are not looked at.
func (ev *Evaluator) filterCoded(passes func(entry int) bool, col *Encoded, sel []uint32, all bool) []uint32 {
	pass := make([]bool, col.Entries.Len)
	some := false
	for i := range pass {
		pass[i] = passes(i)
		some = some || pass[i]
	}
	if !some {
		return nil
	}
	null := pass[col.nullEntry()]
	entryOf := func(run int) uint32 {
		if col.codes != nil {
			return col.codes[run]
		}
		return uint32(run)
	}
	switch {
	case !all:
		kept := make([]uint32, 0, len(sel))
		ev.Chunk = Chunk{Sel: sel, Len: len(sel)}
		for i, p := range col.Positions(make([]uint32, 0, len(sel)), &ev.Chunk) {
			if pass[p] {
				kept = append(kept, sel[i])
			}
		}
		return kept
	case col.runEnds != nil:
		var kept []uint32
		row := uint32(0)
		for run, end := range col.runEnds {
			ok := pass[entryOf(run)]
			for ; row < end; row++ {
				if col.isValid(row) && ok || !col.isValid(row) && null {
					kept = append(kept, row)
				}
			}
		}
		return kept
	}
	kept := make([]uint32, 0, ev.Frame.Rows()/8)
	for row, p := range col.codes[:ev.Frame.Rows()] {
		if col.valid != nil && !col.isValid(uint32(row)) {
			p = col.nullEntry()
		}
		if pass[p] {
			kept = append(kept, uint32(row))
		}
	}
	return kept
}

// filterRows computes the condition for each row.
func (ev *Evaluator) filterRows(cond *plan.Expr, rows int, sel []uint32, all bool) ([]uint32, error) {
	var kept []uint32
	err := Chunks(rows, sel, all, ChunkRows, func(c Chunk) error {
		ev.Begin(c)
		v := ev.Vec(cond)
		if ev.Stopped() {
			return ev.Err
		}
		if v.Same {
			if !v.IsNull(0) && v.Ints[0] != 0 {
				for i := range c.Len {
					kept = append(kept, c.Row(i))
				}
			}
			return nil
		}
		for i, x := range v.Ints {
			if x != 0 && (v.Null == nil || !v.Null[i]) {
				kept = append(kept, c.Row(i))
			}
		}
		return nil
	})
	return kept, err
}
