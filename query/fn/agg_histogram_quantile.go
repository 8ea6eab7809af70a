package fn

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// histogramNames are the columns that a histogram point's buckets are made of.
// The count is NULL in other points.
var histogramNames = []string{"bucket_counts", "explicit_bounds", "scale", "zero_count", "positive", "negative", "count"}

// histogramQuantileAggregates is histogram_quantile(q): the quantile of what the
// histograms of metrics counted.
func histogramQuantileAggregates() map[string]Aggregate {
	return map[string]Aggregate{"histogram_quantile": {1, 1, func(b *Typer, n *Call, args []*plan.Expr) *plan.AggCall {
		q, ok := b.quantileArg(n, args[0])
		if !ok {
			return nil
		}
		var fields []*plan.Expr
		for _, name := range histogramNames {
			if c := b.Scope.Point(name); c != nil {
				fields = append(fields, c)
			}
		}
		since := b.Scope.Since()
		return &plan.AggCall{Type: types.Float, Args: b.seriesArgs(n, fields...), Impl: func() Accumulator {
			return &histogramQuantileAcc{q: q, since: since}
		}}
	}}}
}

// histogramQuantileAcc adds up what each point's buckets add to those of the one
// before it in its series, whatever bounds and scales series have.
type histogramQuantileAcc struct {
	q      float64
	since  int64
	groups int
	series series[*buckets]
	bytes  int64
	bounds map[string][]float64
}

// buckets are those of a point: explicit where there are bounds, or exponential.
type buckets struct {
	bounds      []float64
	explicit    bool
	counts      []uint64 // explicit: one more than bounds
	scale       int
	zero        uint64
	plus, minus side
}

// side is the buckets of one sign, from the number offset on.
type side struct {
	offset int
	counts []uint64
}

func (a *histogramQuantileAcc) Grow(n int) { a.groups = n }

func (a *histogramQuantileAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	var v [7]*eval.Vec
	for i := range v {
		v[i] = ev.Vec(args[len(args)-len(v)+i])
	}
	text := func(k, row int) string {
		if v[k].IsNull(row) {
			return ""
		}
		return v[k].Strs[v[k].Ix(row)]
	}
	number := func(k, row int) int64 {
		if v[k].IsNull(row) {
			return 0
		}
		return v[k].Ints[v[k].Ix(row)]
	}
	a.series.add(ev, args, gids, func(i int) (*buckets, bool) {
		if v[6].IsNull(i) {
			return nil, false
		}
		b := &buckets{explicit: v[2].IsNull(i)}
		if b.explicit {
			b.bounds, b.counts = a.boundsOf(text(1, i)), parseCounts(text(0, i))
			if len(b.counts) != len(b.bounds)+1 {
				return nil, false // a summary, or a histogram that only counts
			}
		} else {
			b.scale, b.zero = int(number(2, i)), uint64(max(number(3, i), 0))
			b.plus, b.minus = parseSide(text(4, i)), parseSide(text(5, i))
		}
		a.bytes += int64(len(b.counts)+len(b.plus.counts)+len(b.minus.counts))*8 + 160
		return b, true
	})
}

// boundsOf reads a list of bounds; the points of a metric share few.
func (a *histogramQuantileAcc) boundsOf(s string) []float64 {
	if list, ok := a.bounds[s]; ok {
		return list
	}
	var list []float64
	for _, f := range splitList(s) {
		list = append(list, types.Cast(types.NewString(types.String, strings.Trim(f, `"`)), types.Float, nil).Float())
	}
	if a.bounds == nil {
		a.bounds = map[string][]float64{}
	}
	s = strings.Clone(s)
	a.bounds[s] = list
	a.bytes += int64(len(s)+len(list)*8) + 64
	return list
}

// splitList returns the elements of a JSON array of numbers, as storage writes it.
func splitList(s string) []string {
	if s = strings.Trim(s, "[]"); s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func parseCounts(s string) []uint64 {
	s = strings.Trim(s, "[]")
	if s == "" {
		return nil
	}
	list := make([]uint64, 1, strings.Count(s, ",")+1)
	for i := range len(s) {
		if c := s[i]; c == ',' {
			list = append(list, 0)
		} else {
			list[len(list)-1] = list[len(list)-1]*10 + uint64(c-'0')
		}
	}
	return list
}

// parseSide reads {"offset":…,"bucket_counts":[…]}, as storage writes it.
func parseSide(s string) (out side) {
	_, s, _ = strings.Cut(s, `"offset":`)
	offset, s, _ := strings.Cut(s, ",")
	_, s, ok := strings.Cut(s, `"bucket_counts":`)
	if !ok {
		return side{}
	}
	v := types.Cast(types.NewString(types.String, offset), types.Int, nil)
	return side{offset: int(v.Int), counts: parseCounts(strings.TrimSuffix(s, "}"))}
}

func (a *histogramQuantileAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	f := from.(*histogramQuantileAcc)
	a.bytes += f.bytes
	return a.series.merge(ctx, &f.series, to)
}

func (a *histogramQuantileAcc) Size() int64 { return a.series.size(8) + a.bytes }

func (a *histogramQuantileAcc) Result(ctx context.Context) (*eval.Vec, error) {
	groups := make([]distribution, a.groups)
	none := func(*buckets, *buckets) int { return 0 } // points of one time stay as they came
	err := a.series.each(ctx, none, func(how accumulation, before, p *point[*buckets]) {
		var less *buckets
		switch {
		case how.delta:
		case before == nil && !p.whole(a.since):
			return
		case before != nil && !restarted(before, p):
			less = before.value
		}
		if groups[p.group] == nil {
			groups[p.group] = distribution{}
		}
		groups[p.group].add(p.value, less)
	})
	if err != nil {
		return nil, err
	}
	out := eval.NewVec(types.Float, a.groups)
	watch := eval.NewWatch(ctx)
	for i := range groups {
		if err := watch.Spent(1 + 16*len(groups[i])); err != nil {
			return nil, err
		}
		var ok bool
		if out.Floats[i], ok = groups[i].quantile(a.q); !ok {
			out.SetNull(i)
		}
	}
	return out, nil
}

// coarser returns the side with one bucket of each 2^by.
func (s side) coarser(by int) side {
	if by <= 0 || len(s.counts) == 0 {
		return s
	}
	by = min(by, 62)
	out := side{offset: s.offset >> by}
	out.counts = make([]uint64, (s.offset+len(s.counts)-1)>>by-out.offset+1)
	for i, n := range s.counts {
		out.counts[(s.offset+i)>>by-out.offset] += n
	}
	return out
}

// at returns the count of bucket i.
func (s side) at(i int) uint64 {
	if i -= s.offset; i >= 0 && i < len(s.counts) {
		return s.counts[i]
	}
	return 0
}

// within reports whether no bucket of s holds more than that of t.
func (s side) within(t side) bool {
	for i, n := range s.counts {
		if n > t.at(s.offset+i) {
			return false
		}
	}
	return true
}

// rescaled returns exponential buckets of a scale that is not finer.
func (b *buckets) rescaled(scale int) *buckets {
	out := *b
	out.scale, out.plus, out.minus = scale, b.plus.coarser(b.scale-scale), b.minus.coarser(b.scale-scale)
	return &out
}

// distribution is what the histograms of a group counted, by the two ends of
// buckets. Those of one end are counts of a single value.
type distribution map[[2]float64]float64

// add adds the buckets of b without those of before, which is nil for none. Where
// b has less in one, it counts from anew.
func (d distribution) add(b, before *buckets) {
	if before == nil {
		before = &buckets{explicit: b.explicit, scale: b.scale}
	}
	if b.explicit {
		known := before.explicit && slices.Equal(b.bounds, before.bounds) && side{counts: before.counts}.within(side{counts: b.counts})
		for i, n := range b.counts {
			if known {
				n -= side{counts: before.counts}.at(i)
			}
			d.put(b.explicitEnds(i), n)
		}
		return
	}
	if before.explicit {
		before = &buckets{scale: b.scale}
	}
	scale := min(b.scale, before.scale)
	b, before = b.rescaled(scale), before.rescaled(scale)
	if before.zero > b.zero || !before.plus.within(b.plus) || !before.minus.within(b.minus) {
		before = &buckets{}
	}
	d.put([2]float64{}, b.zero-before.zero)
	for i, n := range b.plus.counts {
		i += b.plus.offset
		d.put([2]float64{power(i, scale), power(i+1, scale)}, n-before.plus.at(i))
	}
	for i, n := range b.minus.counts {
		i += b.minus.offset
		d.put([2]float64{-power(i+1, scale), -power(i, scale)}, n-before.minus.at(i))
	}
}

// power returns where bucket i of a scale begins: 2^(i/2^scale).
func power(i, scale int) float64 {
	x := math.Exp2(math.Ldexp(float64(i), -scale))
	return min(x, math.MaxFloat64)
}

func (d distribution) put(ends [2]float64, n uint64) {
	switch {
	case n == 0 || !(ends[0] <= ends[1]): // bounds of a sender's that are none
		return
	case math.IsInf(ends[1], 1):
		ends[1] = ends[0]
	case math.IsInf(ends[0], -1):
		ends[0] = ends[1]
	}
	d[ends] += float64(n)
}

// explicitEnds returns the ends of bucket i. The first begins at 0 where its
// bound is above that; what lies beyond the other bounds is counted at them.
func (b *buckets) explicitEnds(i int) [2]float64 {
	switch {
	case len(b.bounds) == 0:
		return [2]float64{math.NaN(), math.NaN()} // nobody knows where
	case i == 0 && b.bounds[0] > 0:
		return [2]float64{0, b.bounds[0]}
	case i == 0:
		return [2]float64{b.bounds[0], b.bounds[0]}
	case i == len(b.bounds):
		return [2]float64{b.bounds[i-1], b.bounds[i-1]}
	}
	return [2]float64{b.bounds[i-1], b.bounds[i]}
}

// quantile returns the value that the share q is not above, as if the values of
// each bucket were spread evenly in it.
func (d distribution) quantile(q float64) (float64, bool) {
	type step struct{ at, mass, density float64 }
	var steps []step
	total := 0.0
	for ends, n := range d {
		total += n
		if ends[0] == ends[1] {
			steps = append(steps, step{at: ends[0], mass: n})
			continue
		}
		width := n / (ends[1] - ends[0])
		steps = append(steps, step{at: ends[0], density: width}, step{at: ends[1], density: -width})
	}
	if total == 0 {
		return 0, false
	}
	slices.SortFunc(steps, func(a, b step) int {
		switch {
		case a.at != b.at && a.at < b.at, a.at == b.at && a.density < b.density:
			return -1
		case a.at != b.at || a.density > b.density:
			return 1
		}
		return 0
	})
	rank, below, density := q*total, 0.0, 0.0
	for i, s := range steps {
		if i > 0 && density > 0 {
			last := steps[i-1].at
			mass := density * (s.at - last)
			if mass > 0 && below+mass >= rank*(1-1e-12) {
				share := (rank - below) / mass
				if share > 1-1e-9 { // rounding must not show
					return s.at, true
				}
				return last + max(share, 0)*(s.at-last), true
			}
			below += mass
		}
		if below += s.mass; s.mass > 0 && below >= rank*(1-1e-12) {
			return s.at, true
		}
		density += s.density
	}
	return steps[len(steps)-1].at, true
}
