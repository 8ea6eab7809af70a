package part

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// A value filter tells for nearly all values that are not among those it was
// made of that they are not. It is a binary fuse filter: a value has three
// slots in neighboring segments, and the exclusive or of what stands in them is
// the value's fingerprint. That takes an eighth more than the fingerprints; a
// Bloom filter that errs as rarely takes half as much again as that.
//
//	+---------+-------------+----------------+-------------------------+
//	| bits u8 | attempt u8  | segment u8     | segments uvarint        |
//	| 1..16   | of the seed | log2 of length | of where values begin   |
//	+---------+-------------+----------------+-------------------------+
//	| fingerprints, packed, (segments + 2) << segment                   |
//	+-------------------------------------------------------------------+
//
// Values are known by their xxhash64.
type fuse struct {
	bits     int
	attempt  byte
	segment  uint // log2 of the slots of a segment
	segments uint64
	packed   []byte
}

const (
	// maxFuseAttempts is how many seeds are tried: one fails once in a hundred
	// times, so that only values that come twice can exhaust them.
	maxFuseAttempts = 16
	maxFuseSegment  = 18
)

// mix spreads a hash with a seed.
func (f *fuse) mix(h uint64) uint64 {
	h += uint64(f.attempt) * 0x9e3779b97f4a7c15
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// slots returns where the parts of a mixed hash's fingerprint stand.
func (f *fuse) slots(h uint64) [3]uint32 {
	hi, _ := bits.Mul64(h, f.segments<<f.segment)
	length, mask := uint64(1)<<f.segment, uint64(1)<<f.segment-1
	return [3]uint32{uint32(hi), uint32((hi + length) ^ h>>18&mask), uint32((hi + 2*length) ^ h&mask)}
}

func (f *fuse) fingerprint(h uint64) uint16 { return uint16(h^h>>32) & (1<<f.bits - 1) }

func (f *fuse) slotCount() int { return int(f.segments+2) << f.segment }

// newFuse returns a filter of the values with the given hashes, of
// which some may come twice; nil when there is none.
func newFuse(hashes []uint64, width int) *fuse {
	n := float64(max(len(hashes), 2))
	f := &fuse{bits: width}
	f.segment = min(uint(math.Log(n)/math.Log(3.33)+2.25), maxFuseSegment)
	factor := max(1.125, 0.875+0.25*math.Log(1e6)/math.Log(n))
	segments := int(math.Ceil(n*factor/float64(int(1)<<f.segment))) - 2
	f.segments = uint64(max(segments, 1))
	for ; f.attempt < maxFuseAttempts; f.attempt++ {
		if order, at := f.peel(hashes); order != nil {
			f.assign(order, at)
			return f
		}
		if f.attempt == 0 {
			hashes = slices.Clone(hashes)
			slices.Sort(hashes)
			hashes = slices.Compact(hashes)
		}
	}
	return nil
}

// peel orders the values so that each has a slot that no later one has: at
// tells which of the three. It returns nil where there is no such order.
func (f *fuse) peel(hashes []uint64) (order []uint64, at []uint8) {
	n := f.slotCount()
	counts, sums := make([]uint8, n), make([]uint64, n)
	for _, h := range hashes {
		h = f.mix(h)
		for _, s := range f.slots(h) {
			if counts[s]++; counts[s] == math.MaxUint8 {
				return nil, nil
			}
			sums[s] ^= h
		}
	}
	order, at = make([]uint64, 0, len(hashes)), make([]uint8, 0, len(hashes))
	alone := make([]uint32, 0, n)
	for s, c := range counts {
		if c == 1 {
			alone = append(alone, uint32(s))
		}
	}
	for len(alone) > 0 {
		s := alone[len(alone)-1]
		alone = alone[:len(alone)-1]
		if counts[s] != 1 {
			continue
		}
		h := sums[s]
		order = append(order, h)
		for k, slot := range f.slots(h) {
			if slot == s {
				at = append(at, uint8(k))
			}
			sums[slot] ^= h
			if counts[slot]--; counts[slot] == 1 {
				alone = append(alone, slot)
			}
		}
	}
	if len(order) < len(hashes) {
		return nil, nil
	}
	return order, at
}

// assign fills the slots from the last value to the first.
func (f *fuse) assign(order []uint64, at []uint8) {
	values := make([]uint16, f.slotCount())
	for i, h := range slices.Backward(order) {
		s := f.slots(h)
		values[s[at[i]]] = f.fingerprint(h) ^ values[s[(at[i]+1)%3]] ^ values[s[(at[i]+2)%3]]
	}
	f.packed = make([]byte, (len(values)*f.bits+7)/8, len(values)*f.bits/8+4)
	room := f.packed[:cap(f.packed)]
	for i, v := range values {
		bit := i * f.bits
		word := uint32(v) << (bit % 8)
		room[bit/8] |= byte(word)
		room[bit/8+1] |= byte(word >> 8)
		room[bit/8+2] |= byte(word >> 16)
	}
}

// slot returns what stands in a slot.
func (f *fuse) slot(i uint32) uint16 {
	bit := int(i) * f.bits
	var b [4]byte
	copy(b[:3], f.packed[bit/8:])
	return uint16(binary.LittleEndian.Uint32(b[:])>>(bit%8)) & (1<<f.bits - 1)
}

// mayHold reports whether a value with the given hash may be among those of
// the filter.
func (f *fuse) mayHold(h uint64) bool {
	h = f.mix(h)
	s := f.slots(h)
	return f.slot(s[0])^f.slot(s[1])^f.slot(s[2]) == f.fingerprint(h)
}

func (f *fuse) append(dst []byte) []byte {
	dst = append(dst, byte(f.bits), f.attempt, byte(f.segment))
	dst = binary.AppendUvarint(dst, f.segments)
	return append(dst, f.packed...)
}

// parseFuse parses a filter, which goes on pointing into b.
func parseFuse(b []byte) (*fuse, error) {
	r := reader{src: b}
	head := r.bytes(3)
	if r.err != nil {
		return nil, r.err
	}
	f := &fuse{bits: int(head[0]), attempt: head[1], segment: uint(head[2])}
	if f.bits < 1 || f.bits > 16 || f.segment > maxFuseSegment {
		r.fail("filter of %d bits, segments of 2^%d", f.bits, f.segment)
	}
	f.segments = uint64(r.count("segments", 8*len(b)))
	if r.err == nil {
		f.packed = r.bytes((f.slotCount()*f.bits + 7) / 8)
	}
	return f, r.end()
}
