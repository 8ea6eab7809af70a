package fn

import (
	"context"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

func extremeAggregates() map[string]Aggregate {
	bind := func(sign int) func(*Typer, *Call, []*plan.Expr) *plan.AggCall {
		return func(_ *Typer, _ *Call, args []*plan.Expr) *plan.AggCall {
			t := args[0].Type
			return &plan.AggCall{Type: t, Args: args, Of: args[0], Known: plan.KnownBounds, Impl: func() Accumulator {
				if types.FormOf(t) == types.FormInt {
					return &intExtreme{typ: t, sign: sign}
				}
				return &extremeAcc{typ: t, sign: sign}
			}}
		}
	}
	return map[string]Aggregate{
		"min": {1, 1, bind(-1)}, "max": {1, 1, bind(1)},
		"any": {1, 1, func(_ *Typer, _ *Call, args []*plan.Expr) *plan.AggCall {
			t := args[0].Type
			return &plan.AggCall{Type: t, Args: args, Of: args[0], Impl: func() Accumulator { return &anyAcc{typ: t} }}
		}},
	}
}

// intExtreme is min and max of everything held as an integer.
type intExtreme struct {
	typ  types.Type
	sign int
	best []int64
	seen []bool
}

func (a *intExtreme) Grow(n int) { a.best, a.seen = eval.Grow(a.best, n), eval.Grow(a.seen, n) }

func (a *intExtreme) put(g uint32, x int64) {
	if !a.seen[g] || a.sign > 0 && x > a.best[g] || a.sign < 0 && x < a.best[g] {
		a.best[g], a.seen[g] = x, true
	}
}

func (a *intExtreme) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	v := ev.Vec(args[0])
	for i := range ev.Rows {
		if !v.IsNull(i) {
			a.put(group(gids, i), v.Ints[v.Ix(i)])
		}
	}
}

// AddKnown implements [KnownAccumulator].
func (a *intExtreme) AddKnown(g uint32, _, least, greatest int64) {
	a.put(g, least)
	a.put(g, greatest)
}

// AddRuns implements [RunAccumulator].
func (a *intExtreme) AddRuns(ev *eval.Evaluator, args []*plan.Expr, runs []eval.Run) {
	v := ev.Vec(args[0])
	row := 0
	for _, r := range runs {
		for ; row < r.End; row++ {
			if !v.IsNull(row) {
				a.put(r.ID, v.Ints[v.Ix(row)])
			}
		}
	}
}

func (a *intExtreme) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	f := from.(*intExtreme)
	for i, x := range f.best {
		if f.seen[i] {
			a.put(to[i], x)
		}
	}
	return nil
}

func (a *intExtreme) Result(ctx context.Context) (*eval.Vec, error) {
	out := &eval.Vec{Type: a.typ, Len: len(a.best), Ints: a.best}
	for i, seen := range a.seen {
		if !seen {
			out.SetNull(i)
		}
	}
	return out, nil
}

func (a *intExtreme) Size() int64 { return int64(cap(a.best)) * 9 }

// extremeAcc is min and max of floats, strings and mixed values.
type extremeAcc struct {
	typ   types.Type
	sign  int
	best  []types.Value
	bytes int64
}

func (a *extremeAcc) Grow(n int) { a.best = eval.Grow(a.best, n) }

func (a *extremeAcc) put(g uint32, x types.Value) {
	b := &a.best[g]
	if b.IsNull() || a.sign*types.Compare(x, *b) > 0 {
		a.bytes += int64(len(x.Str) - len(b.Str))
		*b = x.Owned()
	}
}

func (a *extremeAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	v := ev.Vec(args[0])
	for i := range ev.Rows {
		if x := v.At(i); !x.IsNull() {
			a.put(group(gids, i), x)
		}
	}
}

func (a *extremeAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	for i, x := range from.(*extremeAcc).best {
		if !x.IsNull() {
			a.put(to[i], x)
		}
	}
	return nil
}

func (a *extremeAcc) Result(ctx context.Context) (*eval.Vec, error) {
	return eval.VecOf(a.typ, a.best), nil
}

func (a *extremeAcc) Size() int64 { return a.bytes + int64(cap(a.best))*32 }

// anyAcc keeps the first value that is not NULL, in the order of the scan.
type anyAcc struct {
	typ   types.Type
	first []types.Value
	seq   []uint64
	bytes int64
}

func (a *anyAcc) Grow(n int) { a.first, a.seq = eval.Grow(a.first, n), eval.Grow(a.seq, n) }

func (a *anyAcc) put(g uint32, x types.Value, seq uint64) {
	if b := &a.first[g]; b.IsNull() || seq < a.seq[g] {
		a.bytes += int64(len(x.Str) - len(b.Str))
		*b, a.seq[g] = x.Owned(), seq
	}
}

func (a *anyAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, seq uint64) {
	v := ev.Vec(args[0])
	for i := range ev.Rows {
		g := group(gids, i)
		if !a.first[g].IsNull() && a.seq[g] <= seq {
			continue
		}
		if x := v.At(i); !x.IsNull() {
			a.put(g, x, seq+uint64(i))
		}
	}
}

func (a *anyAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	f := from.(*anyAcc)
	for i, x := range f.first {
		if !x.IsNull() {
			a.put(to[i], x, f.seq[i])
		}
	}
	return nil
}

func (a *anyAcc) Result(ctx context.Context) (*eval.Vec, error) {
	return eval.VecOf(a.typ, a.first), nil
}

func (a *anyAcc) Size() int64 { return a.bytes + int64(cap(a.first))*40 }
