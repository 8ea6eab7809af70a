package fn

import (
	"cmp"
	"context"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// increaseAggregates is increase(x): how much the counters of metrics went up.
func increaseAggregates() map[string]Aggregate {
	return map[string]Aggregate{"increase": {1, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
		return b.increase(n, args[0], 1)
	}}}
}

// increase is increase(x) divided by seconds.
func (b *Typer) increase(n *Call, x *plan.Expr, seconds float64) *plan.AggCall {
	x = widen(b.number(x, n.Args[0], n.Name), types.Float)
	args := b.seriesArgs(n, x)
	since := b.Scope.Since()
	return &plan.AggCall{Type: types.Float, Args: args, Impl: func() Accumulator {
		return &increaseAcc{since: since, seconds: seconds}
	}}
}

// increaseAcc adds up what each point adds to the one before it in its series,
// in the group of the point: the groups of a time_bucket add up to the increase
// of the whole time.
type increaseAcc struct {
	since   int64
	seconds float64
	groups  int
	series  series[float64]
}

func (a *increaseAcc) Grow(n int) { a.groups = n }

func (a *increaseAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	v := ev.Vec(args[len(args)-1])
	a.series.add(ev, args, gids, func(i int) (float64, bool) {
		if v.IsNull(i) {
			return 0, false
		}
		return v.Floats[v.Ix(i)], true
	})
}

func (a *increaseAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	return a.series.merge(ctx, &from.(*increaseAcc).series, to)
}

func (a *increaseAcc) Result(ctx context.Context) (*eval.Vec, error) {
	sums := make([]compensated, a.groups)
	err := a.series.each(ctx, cmp.Compare[float64], func(how accumulation, before, p *point[float64]) {
		d := p.value
		switch {
		case how.delta:
		case before == nil && !p.whole(a.since):
			return
		case before != nil && !restarted(before, p) && (p.value >= before.value || !how.monotonic):
			d -= before.value
		}
		sums[p.group].add(d)
		sums[p.group].n++
	})
	if err != nil {
		return nil, err
	}
	out := eval.NewVec(types.Float, a.groups)
	for i := range sums {
		if out.Floats[i] = sums[i].value() / a.seconds; sums[i].n == 0 {
			out.SetNull(i)
		}
	}
	return out, nil
}

func (a *increaseAcc) Size() int64 { return a.series.size(8) + int64(a.groups)*24 }
