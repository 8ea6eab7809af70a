package fn

import (
	"context"
	"math"
	"math/big"
	"math/bits"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

func sumAggregates() map[string]Aggregate {
	bind := func(avg bool) func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
		return func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
			x := b.number(args[0], n.Args[0], n.Name)
			if !avg && x.IsCol() && b.Scope.Accumulates(x) {
				b.Warn(n.Pos, "sum adds up points as they are: of cumulative ones that is more with each; increase(%s) is what was added", n.Args[0])
			}
			t := x.Type
			if t == types.Null || avg && t == types.Int {
				t = types.Float
			}
			return &plan.AggCall{Type: t, Args: []*plan.Expr{x}, Impl: func() Accumulator {
				if types.FormOf(x.Type) == types.FormInt {
					return &intSum{typ: t, avg: avg, name: n.Name}
				}
				return &floatSum{avg: avg}
			}}
		}
	}
	return map[string]Aggregate{"sum": {1, 1, bind(false)}, "avg": {1, 1, bind(true)}}
}

// sum128 adds integers in 128 bits: the order of the rows never decides
// whether a sum overflows.
type sum128 struct {
	hi int64
	lo uint64
	n  int64 // values
}

func (s *sum128) add(x int64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, uint64(x), 0)
	s.hi += x>>63 + int64(carry)
	s.n++
}

func (s *sum128) float() float64 {
	f := new(big.Int).Lsh(big.NewInt(s.hi), 64)
	f.Add(f, new(big.Int).SetUint64(s.lo))
	r, _ := new(big.Float).SetInt(f).Float64()
	return r
}

// intSum is sum and avg of integers and durations.
type intSum struct {
	typ  types.Type // of the result
	avg  bool
	name string
	sums []sum128
}

func (a *intSum) Grow(n int) { a.sums = eval.Grow(a.sums, n) }

func (a *intSum) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	v := ev.Vec(args[0])
	if v.Null == nil && !v.Same && gids != nil {
		for i, x := range v.Ints {
			a.sums[gids[i]].add(x)
		}
		return
	}
	for i := range ev.Rows {
		if !v.IsNull(i) {
			a.sums[group(gids, i)].add(v.Ints[v.Ix(i)])
		}
	}
}

// AddRuns implements [RunAccumulator].
func (a *intSum) AddRuns(ev *eval.Evaluator, args []*plan.Expr, runs []eval.Run) {
	v := ev.Vec(args[0])
	row := 0
	for _, r := range runs {
		s := &a.sums[r.ID]
		for ; row < r.End; row++ {
			if !v.IsNull(row) {
				s.add(v.Ints[v.Ix(row)])
			}
		}
	}
}

func (a *intSum) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	for i, s := range from.(*intSum).sums {
		d := &a.sums[to[i]]
		var carry uint64
		d.lo, carry = bits.Add64(d.lo, s.lo, 0)
		d.hi += s.hi + int64(carry)
		d.n += s.n
	}
	return nil
}

func (a *intSum) Result(ctx context.Context) (*eval.Vec, error) {
	out := eval.NewVec(a.typ, len(a.sums))
	for i := range a.sums {
		s := &a.sums[i]
		switch {
		case s.n == 0:
			out.SetNull(i)
		case a.typ == types.Float:
			out.Floats[i] = s.float() / float64(s.n)
		case a.avg:
			out.Ints[i] = int64(math.Round(s.float() / float64(s.n)))
		case s.hi != int64(s.lo)>>63:
			return nil, plan.LimitError("%s of integers does not fit 64 bits; use %s(x::float)", a.name, a.name)
		default:
			out.Ints[i] = int64(s.lo)
		}
	}
	return out, nil
}

func (a *intSum) Size() int64 { return int64(cap(a.sums)) * 24 }

// compensated is a sum of floats that keeps what rounding loses, so that the
// order in which workers add hardly ever shows.
type compensated struct {
	sum, rest float64
	n         int64
}

func (s *compensated) add(x float64) {
	t := s.sum + x
	if math.Abs(s.sum) >= math.Abs(x) {
		s.rest += (s.sum - t) + x
	} else {
		s.rest += (x - t) + s.sum
	}
	s.sum = t
}

// value returns the sum; infinities make the rest meaningless.
func (s *compensated) value() float64 {
	if r := s.sum + s.rest; !math.IsNaN(r) {
		return r
	}
	return s.sum
}

// floatSum is sum and avg of floats.
type floatSum struct {
	avg  bool
	sums []compensated
}

func (a *floatSum) Grow(n int) { a.sums = eval.Grow(a.sums, n) }

func (a *floatSum) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	v := ev.Vec(args[0])
	for i := range ev.Rows {
		if !v.IsNull(i) {
			s := &a.sums[group(gids, i)]
			s.add(v.Floats[v.Ix(i)])
			s.n++
		}
	}
}

func (a *floatSum) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	for i, s := range from.(*floatSum).sums {
		d := &a.sums[to[i]]
		d.add(s.sum)
		d.rest += s.rest
		d.n += s.n
	}
	return nil
}

func (a *floatSum) Result(ctx context.Context) (*eval.Vec, error) {
	out := eval.NewVec(types.Float, len(a.sums))
	for i := range a.sums {
		s := &a.sums[i]
		if out.Floats[i] = s.value(); s.n == 0 {
			out.SetNull(i)
		} else if a.avg {
			out.Floats[i] /= float64(s.n)
		}
	}
	return out, nil
}

func (a *floatSum) Size() int64 { return int64(cap(a.sums)) * 24 }
