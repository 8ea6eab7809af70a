package query

import (
	"encoding/binary"
	"slices"

	"github.com/axiomhq/hyperloglog"
	"github.com/cespare/xxhash/v2"
)

func distinctAggregates() map[string]aggregate {
	return map[string]aggregate{
		"approx_count_distinct": {1, 1, func(_ *typer, _ *call, args []*expr) *aggCall {
			return &aggCall{typ: typeInt, args: args, impl: func() accumulator { return &approxAcc{} }}
		}},
	}
}

// distinctAcc is count(distinct x), exact: the values are numbered once, and
// each group has a set of numbers.
type distinctAcc struct {
	in     *interner
	counts []int64
	seen   map[uint64]struct{} // group << 32 | number
	bits   []uint64            // the set of group 0, where there is no other
}

func (a *distinctAcc) grow(n int) { a.counts = growSlice(a.counts, n) }

func (a *distinctAcc) add(ev *eval, args []*expr, gids []uint32, _ uint64) {
	if a.in == nil {
		a.in = newInterner(args[0].typ)
	}
	for i, id := range a.in.ids(ev, args[0]) {
		if id != 0 {
			a.put(group(gids, i), id, gids == nil)
		}
	}
}

func (a *distinctAcc) put(g, id uint32, single bool) {
	if single {
		a.bits = growSlice(a.bits, int(id>>6)+1)
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

func (a *distinctAcc) merge(from accumulator, to []uint32) {
	f := from.(*distinctAcc)
	if f.in == nil {
		return
	}
	if a.in == nil {
		a.in = f.in.empty()
	}
	ids := make([]uint32, len(f.in.list))
	for i, v := range f.in.list {
		ids[i] = a.in.id(v)
	}
	for id := range ids {
		if id>>6 < len(f.bits) && f.bits[id>>6]>>(id&63)&1 != 0 {
			a.put(0, ids[id], true)
		}
	}
	for key := range f.seen {
		a.put(to[key>>32], ids[uint32(key)], false)
	}
}

func (a *distinctAcc) result() (*vec, error) {
	return &vec{typ: typeInt, n: len(a.counts), ints: a.counts}, nil
}

func (a *distinctAcc) size() int64 {
	n := int64(cap(a.counts)+cap(a.bits))*8 + int64(len(a.seen))*24
	if a.in != nil {
		n += a.in.size()
	}
	return n
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

func (a *approxAcc) grow(n int) { a.groups = growSlice(a.groups, n) }

func (a *approxAcc) add(ev *eval, args []*expr, gids []uint32, _ uint64) {
	v := ev.vec(args[0])
	for i := range ev.n {
		if x := v.at(i); !x.isNull() {
			a.put(&a.groups[group(gids, i)], a.hash(x))
		}
	}
}

// hash gives equal values equal hashes, numbers across int and float too.
func (a *approxAcc) hash(v value) uint64 {
	v = inKey(v)
	a.buf = binary.LittleEndian.AppendUint64(append(a.buf[:0], byte(v.t)), uint64(v.n))
	a.buf = append(a.buf, v.s...)
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

func (a *approxAcc) merge(from accumulator, to []uint32) {
	f := from.(*approxAcc)
	for i := range f.groups {
		src, dst := &f.groups[i], &a.groups[to[i]]
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
	}
}

func (a *approxAcc) result() (*vec, error) {
	out := newVec(typeInt, len(a.groups))
	for i := range a.groups {
		if s := &a.groups[i]; s.sketch != nil {
			out.ints[i] = int64(s.sketch.Estimate())
		} else {
			s.compact()
			out.ints[i] = int64(len(s.hashes))
		}
	}
	return out, nil
}

func (a *approxAcc) size() int64 { return a.bytes + int64(cap(a.groups))*32 }
