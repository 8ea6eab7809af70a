package encoding

import (
	"encoding/binary"
	"math/bits"
)

// The buckets codec splits a residual into its magnitude class and the bits
// within the class. Classes are skewed, and compress by their entropy; the bits
// below are as good as random, and stand as they are. It beats bit-packing
// where values span many magnitudes, as durations do: packing pays for the
// largest of a block, buckets pay for each value its own length.
//
// A class has the value's leading bit and the fine bits behind it: a residual
// below 2^fine is its own class; a larger one of length L is class
// (L-fine)<<fine | fine bits, and has L-1-fine bits below.
const (
	maxFine    = 4
	maxClasses = 256
)

// classOf returns the class of x and the number of bits below it.
func classOf(x uint64, fine int) (class, below int) {
	length := bits.Len64(x)
	if length <= fine {
		return int(x), 0
	}
	below = length - 1 - fine
	return (below+1)<<fine | int(x>>below)&(1<<fine-1), below
}

// classTable holds for each class its lowest residual and the bits below.
type classTable struct {
	low   [maxClasses]uint64
	below [maxClasses]uint8
	// count is the number of classes that exist within 64 bits.
	count int
}

var classTables = func() (tables [maxFine + 1]classTable) {
	for fine := range tables {
		t := &tables[fine]
		t.count = min(maxClasses, (65-fine)<<fine)
		for c := range t.count {
			if c < 1<<fine {
				t.low[c] = uint64(c)
				continue
			}
			below := c>>fine - 1
			t.low[c] = (1<<fine | uint64(c)&(1<<fine-1)) << below
			t.below[c] = uint8(below)
		}
	}
	return tables
}()

// finestClasses is how many classes there are of the finest kind, more than the
// codec has room for.
const finestClasses = (65 - maxFine) << maxFine

// coarser has for each class of the finest kind the one of another fineness
// that holds it; those beyond maxClasses are there too, so that they are seen.
var coarser = func() (classes [maxFine + 1][finestClasses]uint16) {
	for c := range finestClasses {
		low := uint64(c)
		if below := c>>maxFine - 1; below > 0 || c >= 1<<maxFine {
			low = (1<<maxFine | uint64(c)&(1<<maxFine-1)) << below
		}
		for fine := range classes {
			class, _ := classOf(low, fine)
			classes[fine][c] = uint16(class)
		}
	}
	return classes
}()

// appendBuckets appends the buckets codec. It returns false when fine makes too
// many classes for the values.
//
//	+------------------+---------+--------------------+----------------------+
//	| transform's head | fine u8 | section: classes,  | bits below, packed   |
//	|                  | 0..4    | u8 each, as a blob | LSB first, row order |
//	+------------------+---------+--------------------+----------------------+
func (e Encoder) appendBuckets(dst []byte, v []int64, t transform, fine int) ([]byte, bool) {
	start := len(dst)
	dst = append(t.appendHead(append(dst, intBuckets), v), byte(fine))
	from := min(t.order, len(v))
	classes := make([]byte, 0, len(v)-from)
	w := bitWriter{out: make([]byte, 0, len(v))}
	var buf [blockLen]uint64
	var diff [blockLen]int64
	for i := from; i < len(v); i += blockLen {
		block := buf[:min(blockLen, len(v)-i)]
		t.residuals(block, diff[:], v, i)
		for _, x := range block {
			class, below := classOf(x, fine)
			if class >= maxClasses {
				return dst[:start], false
			}
			classes = append(classes, byte(class))
			w.write(x, below)
		}
	}
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendBlob(dst, classes) })
	return append(dst, w.finish()...), true
}

func readBuckets[T integer](r *reader, dst []T) {
	u, dst := readUndo(r, dst)
	fine := int(r.byte())
	if fine > maxFine {
		r.fail("fine %d", fine)
	}
	s := r.section()
	classes := s.blob(len(dst))
	if r.take(&s); r.err != nil {
		return
	}
	table := &classTables[fine]
	total, top := 0, 0
	for _, c := range classes {
		total += int(table.below[c])
		top = max(top, int(c))
	}
	if top >= table.count {
		r.fail("class %d of %d", top, table.count)
	}
	packed := r.bytes((total + 7) / 8)
	if r.err != nil {
		return
	}
	readBelow(dst, classes, packed, table, u.zigzag)
	u.apply(dst)
}

// readBelow puts classes and the bits below them together.
func readBelow[T integer](dst []T, classes, packed []byte, table *classTable, zz bool) {
	bit := 0
	for i, c := range classes {
		width := int(table.below[c])
		x := table.low[c]
		if at := bit >> 3; width <= 56 && at+8 <= len(packed) {
			x |= binary.LittleEndian.Uint64(packed[at:]) >> (bit & 7) & (1<<width - 1)
		} else {
			x |= bitsAt(packed, bit, width)
		}
		bit += width
		if zz {
			x = uint64(unzigzag(x))
		}
		dst[i] = T(x)
	}
}

// bitsAt returns the width bits, at most 64, at position bit.
func bitsAt(src []byte, bit, width int) uint64 {
	at, shift := bit>>3, bit&7
	mask := uint64(1)<<width - 1
	var buf [16]byte
	copy(buf[:9], src[at:])
	lo := binary.LittleEndian.Uint64(buf[:8]) >> shift
	hi := uint64(buf[8]) << (64 - shift)
	return (lo | hi) & mask
}

// bitWriter packs values of changing width, least significant bit first.
type bitWriter struct {
	out  []byte
	acc  uint64
	fill int
}

// write appends the low width bits of x, at most 64.
func (w *bitWriter) write(x uint64, width int) {
	x &= uint64(1)<<width - 1
	w.acc |= x << w.fill
	w.fill += width
	if w.fill >= 64 {
		w.out = binary.LittleEndian.AppendUint64(w.out, w.acc)
		w.fill -= 64
		w.acc = x >> (width - w.fill)
	}
}

// finish fills up the last byte and returns all.
func (w *bitWriter) finish() []byte {
	for ; w.fill > 0; w.fill -= 8 {
		w.out = append(w.out, byte(w.acc))
		w.acc >>= 8
	}
	w.fill = 0
	return w.out
}
