package encoding

import (
	"math"
	"math/bits"
)

// The xor codec is for measurements without a pattern in decimals: neighbours
// share sign, exponent and the first bits of the fraction, so that the
// exclusive-or of their bits begins, and often ends, with zeros. The counts of
// zeros are columns of their own, which compress by their skew; what is between
// stands as it is. (Storing the counts among the bits, as is common for
// streams, needs fixed codes for them and decodes no faster.)

// appendXor appends the xor codec:
//
//	+-----------------------+------------------------+--------------------------+
//	| section: leading zero | section: trailing zero | the bits between, packed |
//	| bits, u8 a row 0..64, | bits, u8 a row whose   | LSB first, in row order, |
//	| as a blob             | xor is not 0, as a     | without the first and    |
//	|                       | blob                   | last, which are 1        |
//	+-----------------------+------------------------+--------------------------+
//
// The first row's neighbour is 0. An xor of one bit has nothing between.
func (e Encoder) appendXor(dst []byte, v []float64) []byte {
	leading, trailing := make([]byte, 0, len(v)), make([]byte, 0, len(v))
	w := bitWriter{out: make([]byte, 0, 4*len(v))}
	last := uint64(0)
	for _, f := range v {
		b := math.Float64bits(f)
		x := b ^ last
		last = b
		lead := bits.LeadingZeros64(x)
		leading = append(leading, byte(lead))
		if x == 0 {
			continue
		}
		trail := bits.TrailingZeros64(x)
		trailing = append(trailing, byte(trail))
		if width := 62 - lead - trail; width > 0 {
			w.write(x>>(trail+1), width)
		}
	}
	dst = appendSection(append(dst, floatXor), func(dst []byte) []byte { return e.appendBlob(dst, leading) })
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendBlob(dst, trailing) })
	return append(dst, w.finish()...)
}

// readXor reads the body of the xor codec.
func readXor(r *reader, dst []float64) {
	s := r.section()
	leading := s.blob(len(dst))
	if r.take(&s); r.err != nil {
		return
	}
	changed := 0
	for _, lead := range leading {
		if lead < 64 {
			changed++
		}
	}
	s = r.section()
	trailing := s.blob(changed)
	if r.take(&s); r.err != nil {
		return
	}
	total := xorBits(r, leading, trailing)
	packed := r.bytes((total + 7) / 8)
	if r.err != nil {
		return
	}
	last, bit, k := uint64(0), 0, 0
	for i, lead := range leading {
		if lead < 64 {
			last ^= xorAt(packed, &bit, int(lead), int(trailing[k]))
			k++
		}
		dst[i] = math.Float64frombits(last)
	}
}

// xorBits returns the bits between of all rows, and fails r where the counts of
// zeros leave no room for a one.
func xorBits(r *reader, leading, trailing []byte) (total int) {
	k := 0
	for i, lead := range leading {
		if lead >= 64 {
			if lead > 64 {
				r.fail("row %d has %d leading zeros", i, lead)
				return 0
			}
			continue
		}
		width := 62 - int(lead) - int(trailing[k])
		k++
		if width < -1 {
			r.fail("row %d has %d leading and %d trailing zeros", i, lead, trailing[k-1])
			return 0
		}
		total += max(0, width)
	}
	return total
}

// xorAt returns the xor of a row and moves bit behind it.
func xorAt(packed []byte, bit *int, lead, trail int) uint64 {
	x := uint64(1) << (63 - lead)
	width := 62 - lead - trail
	if width < 0 {
		return x // one bit is set
	}
	x |= uint64(1) << trail
	if width > 0 {
		x |= bitsAt(packed, *bit, width) << (trail + 1)
		*bit += width
	}
	return x
}
