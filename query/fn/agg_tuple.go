package fn

import (
	"context"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// tupleAcc is count(DISTINCT a, b, …), exact: the combinations of values that
// have no NULL.
type tupleAcc struct {
	args   []*plan.Expr
	tuples tuples
	counts []int64
	seen   map[uint64]struct{} // group << 32 | tuple
}

func (a *tupleAcc) Grow(n int) { a.counts = eval.Grow(a.counts, n) }

func (a *tupleAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	a.tuples.openFor(args)
	ids := a.tuples.values(ev, args)
	if ev.Err != nil {
		return
	}
	tuple := make([]uint32, len(args))
rows:
	for i := range ev.Rows {
		for j := range ids {
			if tuple[j] = ids[j][i]; tuple[j] == 0 {
				continue rows // NULL
			}
		}
		a.put(group(gids, i), a.tuples.id(tuple))
	}
}

func (a *tupleAcc) put(g, tuple uint32) {
	if a.seen == nil {
		a.seen = map[uint64]struct{}{}
	}
	key := uint64(g)<<32 | uint64(tuple)
	if _, ok := a.seen[key]; !ok {
		a.seen[key] = struct{}{}
		a.counts[g]++
	}
}

func (a *tupleAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	f := from.(*tupleAcc)
	watch := eval.NewWatch(ctx)
	ids, err := a.tuples.merge(&watch, &f.tuples)
	if err != nil {
		return err
	}
	for key := range f.seen {
		if err := watch.Spent(2); err != nil {
			return err
		}
		a.put(to[key>>32], ids[uint32(key)])
	}
	return nil
}

func (a *tupleAcc) Result(ctx context.Context) (*eval.Vec, error) {
	return &eval.Vec{Type: types.Int, Len: len(a.counts), Ints: a.counts}, nil
}

func (a *tupleAcc) Size() int64 {
	return int64(cap(a.counts))*8 + int64(len(a.seen))*24 + a.tuples.size()
}
