package fn

import (
	"context"
	"math"
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

func quantileAggregates() map[string]Aggregate {
	fixed := func(q float64) Aggregate {
		return Aggregate{1, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
			return b.quantile(q, n, args[0], n.Args[0])
		}}
	}
	return map[string]Aggregate{
		"p50": fixed(0.5), "p75": fixed(0.75), "p90": fixed(0.9), "p95": fixed(0.95), "p99": fixed(0.99), "p999": fixed(0.999),
		"median": fixed(0.5),
		"quantile": {2, 2, func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
			q, _ := b.quantileArg(n, args[0])
			return b.quantile(q, n, args[1], n.Args[1])
		}},
	}
}

// quantileArg reads the first argument of n, a share.
func (b *Typer) quantileArg(n *Call, x *plan.Expr) (q float64, ok bool) {
	q = math.NaN()
	if x.IsConst() && (x.Type == types.Int || x.Type == types.Float) {
		q = types.Convert(x.Value, types.Float).Float()
	}
	if !(q >= 0 && q <= 1) {
		b.Fail(n.Args[0].At(), "%s needs a constant between 0 and 1", n.Name)
		return 0, false
	}
	return q, true
}

func (b *Typer) quantile(q float64, n *Call, x *plan.Expr, at Syntax) *plan.AggCall {
	x = b.number(x, at, n.Name)
	t := x.Type
	if t != types.Duration {
		t = types.Float
	}
	return &plan.AggCall{Type: t, Args: []*plan.Expr{x}, Impl: func() Accumulator { return &quantileAcc{typ: t, q: q} }}
}

// quantileAcc keeps the values of a group while they are few, and then a
// DDSketch, whose result does not depend on the order of the rows either.
type quantileAcc struct {
	typ    types.Type
	q      float64
	groups []quantileState
	bytes  int64
}

type quantileState struct {
	vals   []float64
	sketch *sketch
	odd    *oddFloats
}

// oddFloats counts the values that are not finite, which a sketch cannot hold.
type oddFloats struct{ low, high, nan int64 }

func (a *quantileAcc) Grow(n int) { a.groups = eval.Grow(a.groups, n) }

func (a *quantileAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	v := ev.Vec(args[0])
	for i := range ev.Rows {
		if v.IsNull(i) {
			continue
		}
		a.put(&a.groups[group(gids, i)], v.Number(i))
	}
}

// AddRuns implements [RunAccumulator].
func (a *quantileAcc) AddRuns(ev *eval.Evaluator, args []*plan.Expr, runs []eval.Run) {
	v := ev.Vec(args[0])
	row := 0
	for _, r := range runs {
		s := &a.groups[r.ID]
		if v.Null == nil && len(v.Ints) >= r.End { // as nearly always
			putAll(a, s, v.Ints[row:r.End])
			row = r.End
			continue
		}
		for ; row < r.End; row++ {
			if !v.IsNull(row) {
				a.put(s, v.Number(row))
			}
		}
	}
}

// putAll puts finite values; at once into a sketch where they would not be kept one
// by one anyway.
func putAll[T int64 | float64](a *quantileAcc, s *quantileState, list []T) {
	if s.sketch == nil && len(s.vals)+len(list) > ExactQuantile {
		a.toSketch(s)
	}
	if s.sketch != nil {
		for _, x := range list {
			s.sketch.add(float64(x))
		}
		return
	}
	before := cap(s.vals)
	s.vals = slices.Grow(s.vals, len(list))
	a.bytes += int64(cap(s.vals)-before) * 8
	for _, x := range list {
		s.vals = append(s.vals, float64(x))
	}
}

func (a *quantileAcc) put(s *quantileState, x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		a.putOdd(s, oddFloats{types.Bit(x < 0), types.Bit(x > 0), types.Bit(x != x)})
		return
	}
	if s.sketch != nil {
		s.sketch.add(x)
		return
	}
	if len(s.vals) == ExactQuantile {
		a.toSketch(s)
		s.sketch.add(x)
		return
	}
	before := cap(s.vals)
	s.vals = append(s.vals, x)
	a.bytes += int64(cap(s.vals)-before) * 8
}

func (a *quantileAcc) putOdd(s *quantileState, o oddFloats) {
	if s.odd == nil {
		s.odd = &oddFloats{}
		a.bytes += 24
	}
	s.odd.low += o.low
	s.odd.high += o.high
	s.odd.nan += o.nan
}

func (a *quantileAcc) toSketch(s *quantileState) {
	s.sketch = newSketch()
	for _, x := range s.vals {
		s.sketch.add(x)
	}
	a.bytes += 2*8*sketchBins - int64(cap(s.vals))*8
	s.vals = nil
}

func (a *quantileAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	f := from.(*quantileAcc)
	watch := eval.NewWatch(ctx)
	for i := range f.groups {
		src, dst := &f.groups[i], &a.groups[to[i]]
		if err := watch.Spent(src.steps()); err != nil {
			return err
		}
		if src.odd != nil {
			a.putOdd(dst, *src.odd)
		}
		if src.sketch == nil {
			putAll(a, dst, src.vals)
			continue
		}
		if dst.sketch == nil {
			a.toSketch(dst)
		}
		dst.sketch.merge(src.sketch)
	}
	return nil
}

func (a *quantileAcc) Result(ctx context.Context) (*eval.Vec, error) {
	out := eval.NewVec(a.typ, len(a.groups))
	watch := eval.NewWatch(ctx)
	for i := range a.groups {
		if err := watch.Spent(a.groups[i].steps()); err != nil {
			return nil, err
		}
		x, ok := a.groups[i].quantile(a.q)
		if !ok {
			out.SetNull(i)
			continue
		}
		if a.typ == types.Duration {
			out.Set(i, durationOf(x))
		} else {
			out.Floats[i] = x
		}
	}
	return out, nil
}

// steps is about how much work it is to go over the state.
func (s *quantileState) steps() int {
	if s.sketch != nil {
		return sketchBins
	}
	return 1 + len(s.vals)
}

// quantile returns the smallest value that at least q of all are not above.
// The order is that of ORDER BY: NaN is behind everything.
func (s *quantileState) quantile(q float64) (x float64, ok bool) {
	finite := int64(len(s.vals))
	if s.sketch != nil {
		finite = s.sketch.count()
	}
	var odd oddFloats
	if s.odd != nil {
		odd = *s.odd
	}
	all := odd.low + finite + odd.high + odd.nan
	k := max(int64(math.Ceil(q*float64(all)))-1, 0)
	switch {
	case all == 0:
		return 0, false
	case k < odd.low:
		return math.Inf(-1), true
	case k >= odd.low+finite+odd.high:
		return math.NaN(), true
	case k >= odd.low+finite:
		return math.Inf(1), true
	case s.sketch != nil:
		return s.sketch.at(k - odd.low), true
	}
	return nth(s.vals, int(k-odd.low)), true
}

func durationOf(ns float64) types.Value {
	v := types.RoundToInt(ns)
	if !v.IsNull() {
		v.Type = types.Duration
	}
	return v
}

func (a *quantileAcc) Size() int64 { return a.bytes + int64(cap(a.groups))*40 }
