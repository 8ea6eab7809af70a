package fn

import (
	"cmp"
	"context"
	"slices"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// seriesNames are the columns that tell the series of metrics apart, those that
// say how their points add up first.
var seriesNames = []string{"type", "temporality", "monotonic", "name", "unit", "scope_name", "scope_version", "attributes", "resource"}

// seriesArgs returns the arguments of an aggregate over series: the columns of
// seriesNames, the two timestamps, and what follows; the last, which FILTER takes
// away, has to be NULL where a point does not count.
func (b *Typer) seriesArgs(n *Call, rest ...*plan.Expr) []*plan.Expr {
	var args []*plan.Expr
	for _, name := range append(slices.Clone(seriesNames), "timestamp", "start_timestamp") {
		c := b.Scope.Point(name)
		if c == nil {
			b.Fail(n.Pos, "%s is for rows of metrics: it tells series apart by their attributes and resource", n.Name)
			return nil
		}
		args = append(args, c)
	}
	return append(args, rest...)
}

// point is a point of a series, with what an aggregate reads of it.
type point[T any] struct {
	time, start int64 // start is 0 for unknown
	group       uint32
	value       T
}

// series collects the points of all series, in whatever order rows come: what a
// cumulative point adds is known only beside the one before it in its series,
// which may be in another group, part and worker.
type series[T any] struct {
	index  tuples
	points [][]point[T] // by series
	held   int          // points that there is room for
}

// add takes the rows of ev's chunk that value has something of.
func (s *series[T]) add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, value func(row int) (T, bool)) {
	by, times := args[:len(seriesNames)], args[len(seriesNames):]
	s.index.openFor(by)
	ids := s.index.values(ev, by)
	at, start := ev.Vec(times[0]), ev.Vec(times[1])
	if ev.Err != nil {
		return
	}
	tuple, id, known := make([]uint32, len(ids)), uint32(0), false
	for i := range ev.Rows {
		v, ok := value(i)
		if !ok || at.IsNull(i) {
			continue
		}
		same := known
		for j := range ids {
			if tuple[j] != ids[j][i] {
				tuple[j], same = ids[j][i], false
			}
		}
		if !same {
			id, known = s.index.id(tuple), true
		}
		p := point[T]{time: at.Ints[at.Ix(i)], group: group(gids, i), value: v}
		if !start.IsNull(i) {
			p.start = start.Ints[start.Ix(i)]
		}
		s.put(id, p)
	}
}

func (s *series[T]) put(id uint32, p ...point[T]) {
	s.points = eval.Grow(s.points, int(id)+1)
	before := cap(s.points[id])
	s.points[id] = append(s.points[id], p...)
	s.held += cap(s.points[id]) - before
}

func (s *series[T]) merge(ctx context.Context, from *series[T], to []uint32) error {
	watch := eval.NewWatch(ctx)
	ids, err := s.index.merge(&watch, &from.index)
	if err != nil {
		return err
	}
	for i, list := range from.points {
		if err := watch.Spent(1 + len(list)); err != nil {
			return err
		}
		for j := range list {
			list[j].group = to[list[j].group]
		}
		s.put(ids[i], list...)
		from.points[i] = nil
	}
	return nil
}

// size returns the bytes held, of a value about width.
func (s *series[T]) size(width int64) int64 {
	return s.index.size() + int64(cap(s.points))*24 + int64(s.held)*(24+width)
}

// accumulation is how the points of a series add up.
type accumulation struct {
	delta     bool // each stands for the time since the one before
	monotonic bool // else a cumulative one may fall
}

// each calls f for the points of all series in their order. before is nil for
// the first of a series.
func (s *series[T]) each(ctx context.Context, compare func(a, b T) int, f func(how accumulation, before, p *point[T])) error {
	k := len(s.index.in)
	watch := eval.NewWatch(ctx)
	value := func(id, column int) types.Value { return s.index.in[column].List[s.index.list[id*k+column]] }
	for id, list := range s.points {
		if err := watch.Spent(4 * len(list)); err != nil {
			return err
		}
		if len(list) == 0 || value(id, 0).Str == "gauge" {
			continue // which has nothing that increases
		}
		// The values are the last key, so that what was sent twice has one order.
		slices.SortFunc(list, func(a, b point[T]) int {
			return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.start, b.start), compare(a.value, b.value))
		})
		mono := value(id, 2)
		how := accumulation{delta: value(id, 1).Str == "delta", monotonic: mono.IsNull() || mono.Int != 0}
		for i := range list {
			var before *point[T]
			if i > 0 {
				before = &list[i-1]
			}
			if err := watch.Spent(16); err != nil {
				return err
			}
			f(how, before, &list[i])
		}
	}
	return nil
}

// restarted reports whether the series began anew between two points.
func restarted[T any](before, p *point[T]) bool {
	return p.start != 0 && before.start != 0 && p.start > before.start && p.start >= before.time
}

// whole reports whether a series' first cumulative point, which there is nothing
// before to compare with, counts whole: it began in the time asked for.
func (p *point[T]) whole(since int64) bool { return p.start != 0 && p.start >= since }
