package fn

import (
	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
)

// tuples numbers combinations of the values of several expressions, from 0. The
// values of each are numbered, then the pairs of what is left of an expression
// and its own number.
type tuples struct {
	in     []*eval.Interner
	levels []map[uint64]uint32
	list   []uint32 // the numbers of the values of each tuple, len(in) a tuple
}

// open makes room for tuples of len(in) values, unless there is.
func (x *tuples) open(in func() []*eval.Interner) {
	if x.in != nil {
		return
	}
	x.in = in()
	for range x.in {
		x.levels = append(x.levels, map[uint64]uint32{})
	}
}

// openFor makes room for tuples of the values of args.
func (x *tuples) openFor(args []*plan.Expr) {
	x.open(func() []*eval.Interner {
		in := make([]*eval.Interner, len(args))
		for j, e := range args {
			in[j] = eval.NewInterner(e.Type)
		}
		return in
	})
}

// values numbers the values of args in the rows of ev's chunk; 0 is NULL.
func (x *tuples) values(ev *eval.Evaluator, args []*plan.Expr) [][]uint32 {
	ids := make([][]uint32, len(args))
	for j, e := range args {
		ids[j] = x.in[j].IDs(ev, e)
	}
	return ids
}

// id returns the number of a tuple.
func (x *tuples) id(tuple []uint32) uint32 {
	cur := uint32(0)
	for j, v := range tuple {
		key := uint64(cur)<<32 | uint64(v)
		next, ok := x.levels[j][key]
		if !ok {
			next = uint32(len(x.levels[j]))
			x.levels[j][key] = next
			if j == len(tuple)-1 {
				x.list = append(x.list, tuple...)
			}
		}
		cur = next
	}
	return cur
}

// merge takes over the tuples of another worker, and returns their numbers here.
func (x *tuples) merge(watch *eval.Watch, from *tuples) ([]uint32, error) {
	if from.in == nil {
		return nil, nil
	}
	x.open(func() []*eval.Interner {
		in := make([]*eval.Interner, len(from.in))
		for j, f := range from.in {
			in[j] = f.Empty()
		}
		return in
	})
	k := len(x.in)
	ids := make([][]uint32, k)
	for j, f := range from.in {
		var err error
		if ids[j], err = mergedIDs(watch, x.in[j], f); err != nil {
			return nil, err
		}
	}
	out, tuple := make([]uint32, len(from.list)/k), make([]uint32, k)
	for i := range out {
		if err := watch.Spent(2 * k); err != nil {
			return nil, err
		}
		for j := range tuple {
			tuple[j] = ids[j][from.list[i*k+j]]
		}
		out[i] = x.id(tuple)
	}
	return out, nil
}

// size returns the bytes held.
func (x *tuples) size() int64 {
	n := int64(cap(x.list)) * 4
	for j, in := range x.in {
		n += in.Size() + int64(len(x.levels[j]))*24
	}
	return n
}
