package fn

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/axiomhq/hyperloglog"
	"github.com/cespare/xxhash/v2"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

func distinctAggregates() map[string]Aggregate {
	return map[string]Aggregate{
		"approx_count_distinct": {1, 1, func(_ *Typer, _ *Call, args []*plan.Expr) *plan.AggCall {
			return &plan.AggCall{Type: types.Int, Args: args, Impl: func() Accumulator { return &approxAcc{} }}
		}},
	}
}

// distinctAcc is count(distinct x), exact: the values are numbered once, and
// each group has a set of numbers.
type distinctAcc struct {
	typ    types.Type
	in     *eval.Interner
	counts []int64
	seen   map[uint64]struct{} // group << 32 | number
	bits   []uint64            // the set of group 0, where there is no other
}

func (a *distinctAcc) Grow(n int) { a.counts = eval.Grow(a.counts, n) }

func (a *distinctAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	if a.in == nil {
		a.in = eval.NewInterner(args[0].Type)
	}
	for i, id := range a.in.IDs(ev, args[0]) {
		if id != 0 {
			a.put(group(gids, i), id, gids == nil)
		}
	}
}

func (a *distinctAcc) put(g, id uint32, single bool) {
	if single {
		a.bits = eval.Grow(a.bits, int(id>>6)+1)
		if w := &a.bits[id>>6]; *w>>(id&63)&1 == 0 {
			*w |= 1 << (id & 63)
			a.counts[0]++
		}
		return
	}
	if a.seen == nil {
		a.seen = map[uint64]struct{}{}
	}
	key := uint64(g)<<32 | uint64(id)
	if _, ok := a.seen[key]; !ok {
		a.seen[key] = struct{}{}
		a.counts[g]++
	}
}

func (a *distinctAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	f := from.(*distinctAcc)
	if f.in == nil {
		return nil
	}
	if a.in == nil {
		a.in = f.in.Empty()
	}
	watch := eval.NewWatch(ctx)
	ids, err := mergedIDs(&watch, a.in, f.in)
	if err != nil {
		return err
	}
	for id := range ids {
		if err := watch.Spent(1); err != nil {
			return err
		}
		if id>>6 < len(f.bits) && f.bits[id>>6]>>(id&63)&1 != 0 {
			a.put(0, ids[id], true)
		}
	}
	for key := range f.seen {
		if err := watch.Spent(2); err != nil {
			return err
		}
		a.put(to[key>>32], ids[uint32(key)], false)
	}
	return nil
}

func (a *distinctAcc) Result(ctx context.Context) (*eval.Vec, error) {
	return &eval.Vec{Type: types.Int, Len: len(a.counts), Ints: a.counts}, nil
}

func (a *distinctAcc) Size() int64 {
	n := int64(cap(a.counts)+cap(a.bits))*8 + int64(len(a.seen))*24
	if a.in != nil {
		n += a.in.Size()
	}
	return n
}

// mergedIDs gives in the values of another interner, and returns their numbers.
func mergedIDs(watch *eval.Watch, in, from *eval.Interner) ([]uint32, error) {
	ids := make([]uint32, len(from.List))
	for i, v := range from.List {
		if err := watch.Spent(2); err != nil {
			return nil, err
		}
		ids[i] = in.ID(v)
	}
	return ids, nil
}

// approxAcc is approx_count_distinct: the hashes of the values while they are
// few, then a HyperLogLog with 16384 registers (about 1 % error).
type approxAcc struct {
	groups []approxState
	bytes  int64
	buf    []byte
}

type approxState struct {
	hashes []uint64
	sketch *hyperloglog.Sketch
}

const sketchBytes = 16 << 10

func (a *approxAcc) Grow(n int) { a.groups = eval.Grow(a.groups, n) }

func (a *approxAcc) Add(ev *eval.Evaluator, args []*plan.Expr, gids []uint32, _ uint64) {
	v := ev.Vec(args[0])
	for i := range ev.Rows {
		if x := v.At(i); !x.IsNull() {
			a.put(&a.groups[group(gids, i)], a.hash(x))
		}
	}
}

// hash gives equal values equal hashes, numbers across int and float too.
func (a *approxAcc) hash(v types.Value) uint64 {
	v = types.InKey(v)
	a.buf = binary.LittleEndian.AppendUint64(append(a.buf[:0], byte(v.Type)), uint64(v.Int))
	a.buf = append(a.buf, v.Str...)
	return xxhash.Sum64(a.buf)
}

func (a *approxAcc) put(s *approxState, h uint64) {
	if s.sketch != nil {
		s.sketch.InsertHash(h)
		return
	}
	if n := len(s.hashes); n > 0 && s.hashes[n-1] == h {
		return
	}
	if len(s.hashes) == exactHashes {
		if s.compact(); len(s.hashes) > exactHashes*3/4 {
			a.toSketch(s)
			s.sketch.InsertHash(h)
			return
		}
	}
	before := cap(s.hashes)
	s.hashes = append(s.hashes, h)
	a.bytes += int64(cap(s.hashes)-before) * 8
}

func (s *approxState) compact() {
	slices.Sort(s.hashes)
	s.hashes = slices.Compact(s.hashes)
}

func (a *approxAcc) toSketch(s *approxState) {
	s.sketch = hyperloglog.New14()
	for _, h := range s.hashes {
		s.sketch.InsertHash(h)
	}
	a.bytes += sketchBytes - int64(cap(s.hashes))*8
	s.hashes = nil
}

func (a *approxAcc) Merge(ctx context.Context, from Accumulator, to []uint32) error {
	f := from.(*approxAcc)
	watch := eval.NewWatch(ctx)
	for i := range f.groups {
		src, dst := &f.groups[i], &a.groups[to[i]]
		if err := watch.Spent(1 + len(src.hashes)); err != nil {
			return err
		}
		if src.sketch == nil {
			for _, h := range src.hashes {
				a.put(dst, h)
			}
			continue
		}
		if dst.sketch == nil {
			a.toSketch(dst)
		}
		_ = dst.sketch.Merge(src.sketch) // fails for unlike precisions only
		if err := watch.Spent(sketchBytes / 8); err != nil {
			return err
		}
	}
	return nil
}

func (a *approxAcc) Result(ctx context.Context) (*eval.Vec, error) {
	out := eval.NewVec(types.Int, len(a.groups))
	watch := eval.NewWatch(ctx)
	for i := range a.groups {
		if err := watch.Spent(exactHashes); err != nil {
			return nil, err
		}
		if s := &a.groups[i]; s.sketch != nil {
			out.Ints[i] = int64(s.sketch.Estimate())
		} else {
			s.compact()
			out.Ints[i] = int64(len(s.hashes))
		}
	}
	return out, nil
}

func (a *approxAcc) Size() int64 { return a.bytes + int64(cap(a.groups))*32 }
