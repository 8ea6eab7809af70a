package fn

import (
	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// tupleAcc is count(DISTINCT a, b, …), exact: the combinations of values that
// have no NULL. The values of each argument are numbered, then the pairs of
// what is left of an argument and its own number.
type tupleAcc struct {
	in     []*eval.Interner
	levels []map[uint64]uint32 // numbers from 1; those of the last are tuples
	tuples []uint32            // the arguments' numbers of each tuple
	counts []int64
	seen   map[uint64]struct{} // group << 32 | tuple
}

func (a *tupleAcc) Grow(n int) { a.counts = eval.Grow(a.counts, n) }

func (a *tupleAcc) open(in []*eval.Interner) {
	a.in, a.seen = in, map[uint64]struct{}{}
	for range in {
		a.levels = append(a.levels, map[uint64]uint32{})
	}
}

func (a *tupleAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	if a.in == nil {
		in := make([]*eval.Interner, len(args))
		for j, x := range args {
			in[j] = eval.NewInterner(x.Type)
		}
		a.open(in)
	}
	ids := make([][]uint32, len(args))
	for j, x := range args {
		ids[j] = a.in[j].IDs(ev, x)
	}
	if ev.Err != nil {
		return
	}
	tuple := make([]uint32, len(args))
	for i := range ev.Rows {
		for j := range ids {
			tuple[j] = ids[j][i]
		}
		a.put(group(gids, i), tuple)
	}
}

func (a *tupleAcc) put(g uint32, tuple []uint32) {
	cur := uint32(0)
	for j, id := range tuple {
		if id == 0 {
			return // NULL
		}
		key := uint64(cur)<<32 | uint64(id)
		next, ok := a.levels[j][key]
		if !ok {
			next = uint32(len(a.levels[j]) + 1)
			a.levels[j][key] = next
			if j == len(tuple)-1 {
				a.tuples = append(a.tuples, tuple...)
			}
		}
		cur = next
	}
	key := uint64(g)<<32 | uint64(cur)
	if _, ok := a.seen[key]; !ok {
		a.seen[key] = struct{}{}
		a.counts[g]++
	}
}

func (a *tupleAcc) Merge(from Accumulator, to []uint32) {
	f := from.(*tupleAcc)
	if f.in == nil {
		return
	}
	k := len(f.in)
	if a.in == nil {
		in := make([]*eval.Interner, k)
		for j, x := range f.in {
			in[j] = x.Empty()
		}
		a.open(in)
	}
	ids := make([][]uint32, k)
	for j, x := range f.in {
		ids[j] = make([]uint32, len(x.List))
		for i, v := range x.List {
			ids[j][i] = a.in[j].ID(v)
		}
	}
	tuple := make([]uint32, k)
	for key := range f.seen {
		t := (int(uint32(key)) - 1) * k
		for j := range tuple {
			tuple[j] = ids[j][f.tuples[t+j]]
		}
		a.put(to[key>>32], tuple)
	}
}

func (a *tupleAcc) Result() (*eval.Vec, error) {
	return &eval.Vec{Type: types.Int, Len: len(a.counts), Ints: a.counts}, nil
}

func (a *tupleAcc) Size() int64 {
	n := int64(cap(a.counts))*8 + int64(cap(a.tuples))*4 + int64(len(a.seen))*24
	for j, in := range a.in {
		n += in.Size() + int64(len(a.levels[j]))*24
	}
	return n
}
