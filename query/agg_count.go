package query

func countAggregates() map[string]aggregate {
	return map[string]aggregate{
		"count": {0, 1, func(b *typer, n *call, args []*expr) *aggCall {
			if len(args) == 0 && !n.star {
				b.fail(n.pos, "count takes * or an expression")
			}
			if n.distinct && len(args) > 1 {
				return &aggCall{typ: typeInt, args: args, impl: func() accumulator { return &tupleAcc{} }}
			}
			if n.distinct {
				return &aggCall{typ: typeInt, args: args, impl: func() accumulator { return &distinctAcc{} }}
			}
			return &aggCall{typ: typeInt, args: args, impl: func() accumulator { return &countAcc{} }}
		}},
		"count_if": {1, 1, func(b *typer, n *call, args []*expr) *aggCall {
			cond := b.condition(args[0], n.args[0])
			c := &aggCall{typ: typeInt, impl: func() accumulator { return &countAcc{} }}
			filterArgs(c, cond)
			return c
		}},
	}
}

// countAcc counts rows, or where it has an argument the rows in which that is
// not NULL.
type countAcc struct{ counts []int64 }

func (a *countAcc) grow(n int) { a.counts = growSlice(a.counts, n) }

func (a *countAcc) add(ev *eval, args []*expr, gids []uint32, _ uint64) {
	if len(args) == 0 {
		a.addAll(ev.n, gids)
		return
	}
	v := ev.vec(args[0])
	if v.null == nil && formOf(v.typ) != formAny && v.typ != typeNull {
		a.addAll(ev.n, gids)
		return
	}
	for i := range ev.n {
		if !v.isNull(i) {
			a.counts[group(gids, i)]++
		}
	}
}

func (a *countAcc) addAll(n int, gids []uint32) {
	if gids == nil {
		a.counts[0] += int64(n)
		return
	}
	for _, g := range gids {
		a.counts[g]++
	}
}

func (a *countAcc) merge(from accumulator, to []uint32) {
	for i, n := range from.(*countAcc).counts {
		a.counts[to[i]] += n
	}
}

func (a *countAcc) result() (*vec, error) {
	return &vec{typ: typeInt, n: len(a.counts), ints: a.counts}, nil
}

func (a *countAcc) size() int64 { return int64(cap(a.counts)) * 8 }
