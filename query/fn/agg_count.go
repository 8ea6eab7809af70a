package fn

import (
	"context"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

func countAggregates() map[string]Aggregate {
	return map[string]Aggregate{
		"count": {0, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
			if len(args) == 0 && !n.Star {
				b.Fail(n.Pos, "count takes * or an expression")
			}
			if n.Distinct && len(args) > 1 {
				return &plan.AggCall{Type: types.Int, Args: args, Impl: func() Accumulator { return &tupleAcc{args: args} }}
			}
			if n.Distinct {
				return &plan.AggCall{Type: types.Int, Args: args, Impl: func() Accumulator { return &distinctAcc{typ: args[0].Type} }}
			}
			return &plan.AggCall{Type: types.Int, Args: args, Known: plan.KnownRows, Impl: func() Accumulator { return &countAcc{} }}
		}},
		"count_if": {1, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
			cond := b.Condition(args[0], n.Args[0])
			c := &plan.AggCall{Type: types.Int, Impl: func() Accumulator { return &countAcc{} }}
			filterArgs(c, cond)
			return c
		}},
	}
}

// countAcc counts rows, or where it has an argument the rows in which that is
// not NULL.
type countAcc struct{ counts []int64 }

func (a *countAcc) Grow(n int) { a.counts = eval.Grow(a.counts, n) }

func (a *countAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	if len(args) == 0 {
		a.addAll(ev.Rows, gids)
		return
	}
	v := ev.Vec(args[0])
	if v.Null == nil && types.FormOf(v.Type) != types.FormAny && v.Type != types.Null {
		a.addAll(ev.Rows, gids)
		return
	}
	for i := range ev.Rows {
		if !v.IsNull(i) {
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

// AddKnown implements [KnownAccumulator].
func (a *countAcc) AddKnown(g uint32, rows, _, _ int64) { a.counts[g] += rows }

// AddRuns implements [RunAccumulator].
func (a *countAcc) AddRuns(ev *eval.Evaluator, args []*plan.Expr, runs []eval.Run) {
	var v *eval.Vec
	if len(args) > 0 {
		v = ev.Vec(args[0])
	}
	all := v == nil || v.Null == nil && types.FormOf(v.Type) != types.FormAny && v.Type != types.Null
	row := 0
	for _, r := range runs {
		n := r.End - row
		if !all {
			n = 0
			for i := row; i < r.End; i++ {
				n += int(types.Bit(!v.IsNull(i)))
			}
		}
		a.counts[r.ID] += int64(n)
		row = r.End
	}
}

func (a *countAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	for i, n := range from.(*countAcc).counts {
		a.counts[to[i]] += n
	}
	return nil
}

func (a *countAcc) Result(ctx context.Context) (*eval.Vec, error) {
	return &eval.Vec{Type: types.Int, Len: len(a.counts), Ints: a.counts}, nil
}

func (a *countAcc) Size() int64 { return int64(cap(a.counts)) * 8 }
