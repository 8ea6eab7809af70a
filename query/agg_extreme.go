package query

func extremeAggregates() map[string]aggregate {
	bind := func(sign int) func(*typer, *call, []*expr) *aggCall {
		return func(_ *typer, _ *call, args []*expr) *aggCall {
			t := args[0].typ
			return &aggCall{typ: t, args: args, of: args[0], impl: func() accumulator {
				if formOf(t) == formInt {
					return &intExtreme{typ: t, sign: sign}
				}
				return &extremeAcc{typ: t, sign: sign}
			}}
		}
	}
	return map[string]aggregate{
		"min": {1, 1, bind(-1)}, "max": {1, 1, bind(1)},
		"any": {1, 1, func(_ *typer, _ *call, args []*expr) *aggCall {
			t := args[0].typ
			return &aggCall{typ: t, args: args, of: args[0], impl: func() accumulator { return &anyAcc{typ: t} }}
		}},
	}
}

// intExtreme is min and max of everything held as an integer.
type intExtreme struct {
	typ  Type
	sign int
	best []int64
	seen []bool
}

func (a *intExtreme) grow(n int) { a.best, a.seen = growSlice(a.best, n), growSlice(a.seen, n) }

func (a *intExtreme) put(g uint32, x int64) {
	if !a.seen[g] || a.sign > 0 && x > a.best[g] || a.sign < 0 && x < a.best[g] {
		a.best[g], a.seen[g] = x, true
	}
}

func (a *intExtreme) add(ev *eval, args []*expr, gids []uint32, _ uint64) {
	v := ev.vec(args[0])
	for i := range ev.n {
		if !v.isNull(i) {
			a.put(group(gids, i), v.ints[v.ix(i)])
		}
	}
}

func (a *intExtreme) merge(from accumulator, to []uint32) {
	f := from.(*intExtreme)
	for i, x := range f.best {
		if f.seen[i] {
			a.put(to[i], x)
		}
	}
}

func (a *intExtreme) result() (*vec, error) {
	out := &vec{typ: a.typ, n: len(a.best), ints: a.best}
	for i, seen := range a.seen {
		if !seen {
			out.setNull(i)
		}
	}
	return out, nil
}

func (a *intExtreme) size() int64 { return int64(cap(a.best)) * 9 }

// extremeAcc is min and max of floats, strings and mixed values.
type extremeAcc struct {
	typ   Type
	sign  int
	best  []value
	bytes int64
}

func (a *extremeAcc) grow(n int) { a.best = growSlice(a.best, n) }

func (a *extremeAcc) put(g uint32, x value) {
	b := &a.best[g]
	if b.isNull() || a.sign*compareValues(x, *b) > 0 {
		a.bytes += int64(len(x.s) - len(b.s))
		*b = x.owned()
	}
}

func (a *extremeAcc) add(ev *eval, args []*expr, gids []uint32, _ uint64) {
	v := ev.vec(args[0])
	for i := range ev.n {
		if x := v.at(i); !x.isNull() {
			a.put(group(gids, i), x)
		}
	}
}

func (a *extremeAcc) merge(from accumulator, to []uint32) {
	for i, x := range from.(*extremeAcc).best {
		if !x.isNull() {
			a.put(to[i], x)
		}
	}
}

func (a *extremeAcc) result() (*vec, error) { return vecOf(a.typ, a.best), nil }

func (a *extremeAcc) size() int64 { return a.bytes + int64(cap(a.best))*32 }

// anyAcc keeps the first value that is not NULL, in the order of the scan.
type anyAcc struct {
	typ   Type
	first []value
	seq   []uint64
	bytes int64
}

func (a *anyAcc) grow(n int) { a.first, a.seq = growSlice(a.first, n), growSlice(a.seq, n) }

func (a *anyAcc) put(g uint32, x value, seq uint64) {
	if b := &a.first[g]; b.isNull() || seq < a.seq[g] {
		a.bytes += int64(len(x.s) - len(b.s))
		*b, a.seq[g] = x.owned(), seq
	}
}

func (a *anyAcc) add(ev *eval, args []*expr, gids []uint32, seq uint64) {
	v := ev.vec(args[0])
	for i := range ev.n {
		g := group(gids, i)
		if !a.first[g].isNull() && a.seq[g] <= seq {
			continue
		}
		if x := v.at(i); !x.isNull() {
			a.put(g, x, seq+uint64(i))
		}
	}
}

func (a *anyAcc) merge(from accumulator, to []uint32) {
	f := from.(*anyAcc)
	for i, x := range f.first {
		if !x.isNull() {
			a.put(to[i], x, f.seq[i])
		}
	}
}

func (a *anyAcc) result() (*vec, error) { return vecOf(a.typ, a.first), nil }

func (a *anyAcc) size() int64 { return a.bytes + int64(cap(a.first))*40 }
