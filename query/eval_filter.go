package query

// filter returns the rows of sel, or where all is set of the whole frame, that
// meet all conditions; all, again, for every row. It works through the
// conditions one by one on what is left, so that the columns of later ones are
// decoded only if rows survive.
func (ev *eval) filter(conds []*expr, sel []uint32, all bool) ([]uint32, bool, error) {
	rows := ev.f.rows()
	for _, c := range conds {
		if c.isConst() {
			if c.val.isNull() || c.val.n == 0 {
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
			kept = ev.filterCoded(entries, ev.column(c.single), sel, all)
		} else if kept, err = ev.filterRows(c, rows, sel, all); err != nil {
			return nil, false, err
		}
		if ev.err != nil {
			return nil, false, ev.err
		}
		if all && len(kept) == rows {
			continue
		}
		sel, all = kept, false
	}
	return sel, all, nil
}

// coarse computes a condition per entry of its only column, or returns nil.
func (ev *eval) coarse(c *expr) *vec {
	if c.single < 0 {
		return nil
	}
	return ev.entries(c)
}

// filterCoded keeps the rows whose entry passed. Where whole runs pass, rows
// are not looked at.
func (ev *eval) filterCoded(entries *vec, col *encoded, sel []uint32, all bool) []uint32 {
	pass := make([]bool, col.entries.n)
	some := false
	for i := range pass {
		pass[i] = !entries.isNull(i) && entries.ints[entries.ix(i)] != 0
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
		ev.c = chunk{sel: sel, n: len(sel)}
		for i, p := range col.positions(make([]uint32, 0, len(sel)), &ev.c) {
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
	kept := make([]uint32, 0, ev.f.rows()/8)
	for row, p := range col.codes[:ev.f.rows()] {
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
func (ev *eval) filterRows(cond *expr, rows int, sel []uint32, all bool) ([]uint32, error) {
	var kept []uint32
	err := chunks(rows, sel, all, chunkRows, func(c chunk) error {
		ev.chunk(c)
		v := ev.vec(cond)
		if ev.err != nil {
			return ev.err
		}
		if v.same {
			if !v.isNull(0) && v.ints[0] != 0 {
				for i := range c.n {
					kept = append(kept, c.row(i))
				}
			}
			return nil
		}
		for i, x := range v.ints {
			if x != 0 && (v.null == nil || !v.null[i]) {
				kept = append(kept, c.row(i))
			}
		}
		return nil
	})
	return kept, err
}
