package fn

import (
	"context"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// rateAggregates are rate() and rate(x): count(*) and count(x) per second of
// the time that a group covers: the width of its time_bucket, or without one
// the time that WHERE spans. Of the points of metrics rate(x) is increase(x) per
// second: how many points there are says nothing.
func rateAggregates() map[string]Aggregate {
	return map[string]Aggregate{"rate": {0, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
		width := b.Scope.Covered()
		if width <= 0 {
			b.Fail(n.Pos, "rate needs GROUP BY time_bucket(…) with buckets of one length, or WHERE with a lower bound on timestamp")
		}
		if len(args) > 0 && b.Scope.Point("name") != nil {
			return b.increase(n, args[0], float64(width)/1e9)
		}
		return &plan.AggCall{Type: types.Float, Args: args, Impl: func() Accumulator {
			return &rateAcc{seconds: float64(width) / 1e9}
		}}
	}}}
}

// rateAcc divides a count by the seconds a group covers.
type rateAcc struct {
	countAcc
	seconds float64
}

func (a *rateAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	return a.countAcc.Merge(ctx, &from.(*rateAcc).countAcc, to)
}

func (a *rateAcc) Result(ctx context.Context) (*eval.Vec, error) {
	out := eval.NewVec(types.Float, len(a.counts))
	for i, n := range a.counts {
		out.Floats[i] = float64(n) / a.seconds
	}
	return out, nil
}
