package fn

import (
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

const (
	defaultBuckets = 40
	maxBuckets     = 1000
	// maxHistogramScale is how fine buckets are at most: sixteen to a doubling.
	maxHistogramScale = 4
)

func histogramAggregates() map[string]Aggregate {
	return map[string]Aggregate{
		"histogram": {1, 2, func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
			x, buckets := b.number(args[0], n.Args[0], n.Name), int64(defaultBuckets)
			if len(args) == 2 {
				k := args[1]
				if !k.IsConst() || k.Type != types.Int || k.Value.Int < 4 || k.Value.Int > maxBuckets {
					b.Fail(n.Args[1].At(), "histogram needs a constant number of buckets from 4 to %d", maxBuckets)
				}
				buckets = k.Value.Int
			}
			return &plan.AggCall{Type: types.Array, Args: []*plan.Expr{x}, Impl: func() Accumulator {
				return &histogramAcc{most: int(buckets)}
			}}
		}},
	}
}

// histogramAcc is histogram(x): how the values spread, in buckets that are as many
// to a doubling as the most buckets allow. Which those are follows from the values
// and not from their order.
type histogramAcc struct {
	most   int
	groups []spread
	bytes  int64
}

// spread counts values by the number of their bucket, which grows with the
// magnitude: bucket i of scale s begins at 2^(i/2^s).
type spread struct {
	coarser     int // scale below maxHistogramScale
	zero        int64
	plus, minus map[int]int64
}

func (a *histogramAcc) Grow(n int) { a.groups = eval.Grow(a.groups, n) }

func (a *histogramAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	v := ev.Vec(args[0])
	for i := range ev.Rows {
		if !v.IsNull(i) {
			a.put(&a.groups[group(gids, i)], v.Number(i))
		}
	}
}

func (a *histogramAcc) put(s *spread, x float64) {
	switch {
	case x == 0:
		s.zero++
	case math.IsNaN(x):
		return // which is nowhere
	case x > 0:
		a.count(s, &s.plus, bucketOf(x)>>s.coarser, 1)
	default:
		a.count(s, &s.minus, bucketOf(-x)>>s.coarser, 1)
	}
}

// bucketOf returns the number of the finest bucket that holds x, which is above 0.
func bucketOf(x float64) int {
	if math.IsInf(x, 1) {
		x = math.MaxFloat64
	}
	frac, exp := math.Frexp(x) // frac is in [0.5, 1)
	i := int(math.Floor(math.Log2(frac) * (1 << maxHistogramScale)))
	return exp<<maxHistogramScale + i
}

// edge returns where bucket i begins.
func (s *spread) edge(i int) float64 {
	scale := maxHistogramScale - s.coarser
	if scale < 0 {
		return math.Ldexp(1, i<<-scale)
	}
	return math.Ldexp(math.Exp2(float64(i&(1<<scale-1))/float64(int(1)<<scale)), i>>scale)
}

// count adds n to a bucket, and makes buckets coarser where they are too many.
func (a *histogramAcc) count(s *spread, side *map[int]int64, i int, n int64) {
	if *side == nil {
		*side = map[int]int64{}
	}
	if (*side)[i] += n; (*side)[i] > n {
		return
	}
	a.bytes += 24
	for s.span() > a.most {
		a.bytes -= int64(len(s.plus)+len(s.minus)) * 24
		s.coarsen(1)
		a.bytes += int64(len(s.plus)+len(s.minus)) * 24
	}
}

// span returns how many buckets lie from the first to the last, of both signs.
func (s *spread) span() (n int) {
	for _, side := range []map[int]int64{s.plus, s.minus} {
		lo, hi := math.MaxInt, math.MinInt
		for i := range side {
			lo, hi = min(lo, i), max(hi, i)
		}
		if hi >= lo {
			n += hi - lo + 1
		}
	}
	return n
}

// coarsen makes one bucket of 2^by.
func (s *spread) coarsen(by int) {
	for _, side := range []*map[int]int64{&s.plus, &s.minus} {
		if *side == nil {
			continue
		}
		out := make(map[int]int64, len(*side))
		for i, n := range *side {
			out[i>>by] += n
		}
		*side = out
	}
	s.coarser += by
}

func (a *histogramAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	f := from.(*histogramAcc)
	watch := eval.NewWatch(ctx)
	for g := range f.groups {
		src, dst := &f.groups[g], &a.groups[to[g]]
		if err := watch.Spent(1 + 8*(len(src.plus)+len(src.minus))); err != nil {
			return err
		}
		if d := src.coarser - dst.coarser; d > 0 {
			dst.coarsen(d)
		}
		dst.zero += src.zero
		for i, n := range src.plus {
			a.count(dst, &dst.plus, i>>(dst.coarser-src.coarser), n)
		}
		for i, n := range src.minus {
			a.count(dst, &dst.minus, i>>(dst.coarser-src.coarser), n)
		}
	}
	return nil
}

// Result writes the buckets that hold something, smallest first.
func (a *histogramAcc) Result(ctx context.Context) (*eval.Vec, error) {
	out := eval.NewVec(types.Array, len(a.groups))
	watch := eval.NewWatch(ctx)
	for g := range a.groups {
		s := &a.groups[g]
		if err := watch.Spent(1 + 64*(len(s.plus)+len(s.minus))); err != nil {
			return nil, err
		}
		dst := []byte{'['}
		put := func(from, to float64, n int64) {
			if len(dst) > 1 {
				dst = append(dst, ',')
			}
			dst = types.AppendValueJSON(append(dst, `{"from":`...), types.NewFloat(from), nil)
			dst = types.AppendValueJSON(append(dst, `,"to":`...), types.NewFloat(to), nil)
			dst = strconv.AppendInt(append(dst, `,"count":`...), n, 10)
			dst = append(dst, '}')
		}
		minus := sortedKeys(s.minus)
		slices.Reverse(minus)
		for _, i := range minus {
			put(-s.edge(i+1), -s.edge(i), s.minus[i])
		}
		if s.zero > 0 {
			put(0, 0, s.zero)
		}
		for _, i := range sortedKeys(s.plus) {
			put(s.edge(i), s.edge(i+1), s.plus[i])
		}
		if out.Strs[g] = string(append(dst, ']')); len(dst) == 1 {
			out.SetNull(g)
		}
	}
	return out, nil
}

func sortedKeys(m map[int]int64) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (a *histogramAcc) Size() int64 { return a.bytes + int64(cap(a.groups))*40 }
