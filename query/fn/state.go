package fn

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/axiomhq/hyperloglog"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/types"
)

// StateAccumulator is an [Accumulator] whose groups can be written one by one, and
// read into another: groups that exceed the memory go to the disk so. Those over series
// are none: what a point adds depends on points of other groups.
type StateAccumulator interface {
	Accumulator
	// States returns what appends the state of a group. The accumulator is not
	// changed until the last is written.
	States() func(dst []byte, g uint32) []byte
	// AddState merges a state that States wrote into group g.
	AddState(r *eval.Reader, g uint32)
}

// States implements [StateAccumulator].
func (a *countAcc) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte { return binary.AppendVarint(dst, a.counts[g]) }
}

// AddState implements [StateAccumulator].
func (a *countAcc) AddState(r *eval.Reader, g uint32) { a.counts[g] += r.Int() }

// States implements [StateAccumulator].
func (a *intSum) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte {
		s := &a.sums[g]
		dst = binary.AppendVarint(dst, s.hi)
		dst = binary.AppendUvarint(dst, s.lo)
		return binary.AppendVarint(dst, s.n)
	}
}

// AddState implements [StateAccumulator].
func (a *intSum) AddState(r *eval.Reader, g uint32) {
	a.sums[g].merge(sum128{hi: r.Int(), lo: r.Uint(), n: r.Int()})
}

// States implements [StateAccumulator].
func (a *floatSum) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte {
		s := &a.sums[g]
		return binary.AppendVarint(appendFloat(appendFloat(dst, s.sum), s.rest), s.n)
	}
}

// AddState implements [StateAccumulator].
func (a *floatSum) AddState(r *eval.Reader, g uint32) {
	a.sums[g].merge(compensated{sum: r.Float(), rest: r.Float(), n: r.Int()})
}

func appendFloat(dst []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
}

// States implements [StateAccumulator].
func (a *varianceAcc) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte {
		m := &a.groups[g]
		return appendFloat(appendFloat(binary.AppendVarint(dst, m.n), m.mean), m.m2)
	}
}

// AddState implements [StateAccumulator].
func (a *varianceAcc) AddState(r *eval.Reader, g uint32) {
	a.groups[g].merge(moments{n: r.Int(), mean: r.Float(), m2: r.Float()})
}

// States implements [StateAccumulator].
func (a *intExtreme) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte {
		return binary.AppendVarint(append(dst, byte(types.Bit(a.seen[g]))), a.best[g])
	}
}

// AddState implements [StateAccumulator].
func (a *intExtreme) AddState(r *eval.Reader, g uint32) {
	seen, x := r.Byte() != 0, r.Int()
	if seen {
		a.put(g, x)
	}
}

// States implements [StateAccumulator].
func (a *extremeAcc) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte { return eval.AppendValue(dst, a.best[g]) }
}

// AddState implements [StateAccumulator].
func (a *extremeAcc) AddState(r *eval.Reader, g uint32) {
	if x := r.Value(); !x.IsNull() {
		a.put(g, x)
	}
}

// States implements [StateAccumulator].
func (a *anyAcc) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte {
		return binary.AppendUvarint(eval.AppendValue(dst, a.first[g]), a.seq[g])
	}
}

// AddState implements [StateAccumulator].
func (a *anyAcc) AddState(r *eval.Reader, g uint32) {
	x, seq := r.Value(), r.Uint()
	if !x.IsNull() {
		a.put(g, x, seq)
	}
}

// byGroup returns the members of sets whose keys are group << 32 | member, in order
// of the groups, and what finds those of one.
func byGroup(seen map[uint64]struct{}) func(g uint32) []uint64 {
	all := make([]uint64, 0, len(seen))
	for key := range seen {
		all = append(all, key)
	}
	slices.Sort(all)
	return func(g uint32) []uint64 {
		lo, _ := slices.BinarySearch(all, uint64(g)<<32)
		hi := lo
		for hi < len(all) && all[hi]>>32 == uint64(g) {
			hi++
		}
		return all[lo:hi]
	}
}

// States implements [StateAccumulator].
func (a *distinctAcc) States() func(dst []byte, g uint32) []byte {
	of := byGroup(a.seen)
	return func(dst []byte, g uint32) []byte {
		members := of(g)
		dst = binary.AppendUvarint(dst, uint64(len(members)))
		for _, key := range members {
			dst = eval.AppendValue(dst, a.in.List[uint32(key)])
		}
		return dst
	}
}

// AddState implements [StateAccumulator].
func (a *distinctAcc) AddState(r *eval.Reader, g uint32) {
	for range r.Count() {
		v := r.Value()
		if a.in == nil {
			a.in = eval.NewInterner(a.typ)
		}
		a.put(g, a.in.ID(v), false)
	}
}

// States implements [StateAccumulator].
func (a *tupleAcc) States() func(dst []byte, g uint32) []byte {
	of, k := byGroup(a.seen), len(a.tuples.in)
	return func(dst []byte, g uint32) []byte {
		members := of(g)
		dst = binary.AppendUvarint(dst, uint64(len(members)))
		for _, key := range members {
			for j, id := range a.tuples.list[int(uint32(key))*k:][:k] {
				dst = eval.AppendValue(dst, a.tuples.in[j].List[id])
			}
		}
		return dst
	}
}

// AddState implements [StateAccumulator].
func (a *tupleAcc) AddState(r *eval.Reader, g uint32) {
	n := r.Count()
	if n == 0 {
		return
	}
	a.tuples.openFor(a.args)
	tuple := make([]uint32, len(a.args))
	for range n {
		for j := range tuple {
			tuple[j] = a.tuples.in[j].ID(r.Value())
		}
		a.put(g, a.tuples.id(tuple))
	}
}

// States implements [StateAccumulator].
func (a *approxAcc) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte {
		s := &a.groups[g]
		if s.sketch != nil {
			if b, err := s.sketch.MarshalBinary(); err == nil { // it never fails
				return append(binary.AppendUvarint(append(dst, 1), uint64(len(b))), b...)
			}
		}
		dst = binary.AppendUvarint(append(dst, 0), uint64(len(s.hashes)))
		for _, h := range s.hashes {
			dst = binary.LittleEndian.AppendUint64(dst, h)
		}
		return dst
	}
}

// AddState implements [StateAccumulator].
func (a *approxAcc) AddState(r *eval.Reader, g uint32) {
	s := &a.groups[g]
	if r.Byte() == 0 {
		for range r.Count() {
			a.put(s, math.Float64bits(r.Float()))
		}
		return
	}
	from := hyperloglog.New14()
	if err := from.UnmarshalBinary(r.Bytes(r.Count())); err != nil {
		r.Err = err
		return
	}
	if s.sketch == nil {
		a.toSketch(s)
	}
	_ = s.sketch.Merge(from) // fails for unlike precisions only
}

// States implements [StateAccumulator].
func (a *quantileAcc) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte {
		s := &a.groups[g]
		var odd oddFloats
		if s.odd != nil {
			odd = *s.odd
		}
		for _, n := range []int64{odd.low, odd.high, odd.nan} {
			dst = binary.AppendVarint(dst, n)
		}
		if s.sketch == nil {
			dst = binary.AppendUvarint(append(dst, 0), uint64(len(s.vals)))
			for _, x := range s.vals {
				dst = appendFloat(dst, x)
			}
			return dst
		}
		dst = binary.AppendVarint(append(dst, 1), s.sketch.zeros)
		return s.sketch.above.appendState(s.sketch.below.appendState(dst))
	}
}

// appendState appends the bins that count something.
func (b *bins) appendState(dst []byte) []byte {
	used := 0
	for _, n := range b.counts {
		used += int(types.Bit(n > 0))
	}
	dst = binary.AppendUvarint(dst, uint64(used))
	for i, n := range b.counts {
		if n > 0 {
			dst = binary.AppendVarint(binary.AppendVarint(dst, int64(b.low+i)), n)
		}
	}
	return dst
}

func (b *bins) addState(r *eval.Reader) {
	for range r.Count() {
		bin := r.Int()
		b.add(int(bin), r.Int())
	}
}

// AddState implements [StateAccumulator].
func (a *quantileAcc) AddState(r *eval.Reader, g uint32) {
	s := &a.groups[g]
	if odd := (oddFloats{r.Int(), r.Int(), r.Int()}); odd != (oddFloats{}) {
		a.putOdd(s, odd)
	}
	if r.Byte() == 0 {
		for range r.Count() {
			a.put(s, r.Float())
		}
		return
	}
	if s.sketch == nil {
		a.toSketch(s)
	}
	s.sketch.zeros += r.Int()
	s.sketch.below.addState(r)
	s.sketch.above.addState(r)
}

// States implements [StateAccumulator].
func (a *topkAcc) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte {
		dst = binary.AppendUvarint(dst, uint64(len(a.groups[g])))
		for x, n := range a.groups[g] {
			dst = binary.AppendVarint(eval.AppendValue(dst, x), n)
		}
		return dst
	}
}

// AddState implements [StateAccumulator].
func (a *topkAcc) AddState(r *eval.Reader, g uint32) {
	for range r.Count() {
		x := r.Value()
		a.put(g, x, r.Int())
	}
}

// States implements [StateAccumulator].
func (a *histogramAcc) States() func(dst []byte, g uint32) []byte {
	return func(dst []byte, g uint32) []byte {
		s := &a.groups[g]
		dst = binary.AppendVarint(binary.AppendVarint(dst, int64(s.coarser)), s.zero)
		for _, side := range []map[int]int64{s.plus, s.minus} {
			dst = binary.AppendUvarint(dst, uint64(len(side)))
			for i, n := range side {
				dst = binary.AppendVarint(binary.AppendVarint(dst, int64(i)), n)
			}
		}
		return dst
	}
}

// AddState implements [StateAccumulator].
func (a *histogramAcc) AddState(r *eval.Reader, g uint32) {
	s := &a.groups[g]
	coarser := int(r.Int())
	if d := coarser - s.coarser; d > 0 {
		s.coarsen(d)
	}
	s.zero += r.Int()
	for _, side := range []*map[int]int64{&s.plus, &s.minus} {
		for range r.Count() {
			i := int(r.Int())
			a.count(s, side, i>>(s.coarser-coarser), r.Int())
		}
	}
}
