package fn

import (
	"context"
	"math"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// varianceAggregates are the variance of a sample and of a population, and
// their square roots. A standard deviation of durations is a duration.
func varianceAggregates() map[string]Aggregate {
	of := func(sample, root bool) Aggregate {
		return Aggregate{1, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
			x, t := b.number(args[0], n.Args[0], n.Name), types.Float
			if root && x.Type == types.Duration {
				t = types.Duration
			}
			return &plan.AggCall{Type: t, Args: []*plan.Expr{x}, Impl: func() Accumulator {
				return &varianceAcc{typ: t, sample: sample, root: root}
			}}
		}}
	}
	return map[string]Aggregate{
		"variance": of(true, false), "var_samp": of(true, false), "var_pop": of(false, false),
		"stddev": of(true, true), "stddev_samp": of(true, true), "stddev_pop": of(false, true),
	}
}

// moments are the count, the mean and the sum of squared distances from it of
// a group. Unlike the difference of two large sums, they lose no digits.
type moments struct {
	n        int64
	mean, m2 float64
}

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.m2 += d * (x - m.mean)
}

// merge adds the values of o.
func (m *moments) merge(o moments) {
	if m.n == 0 {
		*m = o
		return
	}
	if o.n == 0 {
		return
	}
	n, d := m.n+o.n, o.mean-m.mean
	m.mean += d * float64(o.n) / float64(n)
	m.m2 += o.m2 + d*d*float64(m.n)*float64(o.n)/float64(n)
	m.n = n
}

type varianceAcc struct {
	typ          types.Type
	sample, root bool
	groups       []moments
}

func (a *varianceAcc) Grow(n int) { a.groups = eval.Grow(a.groups, n) }

func (a *varianceAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	v := ev.Vec(args[0])
	for i := range ev.Rows {
		if !v.IsNull(i) {
			a.groups[group(gids, i)].add(v.Number(i))
		}
	}
}

func (a *varianceAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	for i, m := range from.(*varianceAcc).groups {
		a.groups[to[i]].merge(m)
	}
	return nil
}

func (a *varianceAcc) Result(ctx context.Context) (*eval.Vec, error) {
	out := eval.NewVec(a.typ, len(a.groups))
	for i, m := range a.groups {
		n := m.n
		if a.sample {
			n--
		}
		if n <= 0 {
			out.SetNull(i)
			continue
		}
		x := m.m2 / float64(n)
		if a.root {
			x = math.Sqrt(x)
		}
		if a.typ == types.Duration {
			out.Set(i, durationOf(x))
		} else {
			out.Floats[i] = x
		}
	}
	return out, nil
}

func (a *varianceAcc) Size() int64 { return int64(cap(a.groups)) * 24 }
