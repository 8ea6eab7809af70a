package encoding

import (
	"encoding/binary"
	"math/bits"
)

// blockLen is the number of values that share a bit width; part of the format,
// never change. At 128 the width byte costs a sixteenth of a bit a value, and
// one outlier spoils at most 127 neighbors.
const blockLen = 128

// integer is what the integer decoders produce: 64-bit values, or 32-bit codes
// without a detour over 64.
type integer interface{ int64 | uint32 }

// packedSize returns the bytes that n values of width bits take.
func packedSize(n, width int) int { return (n*width + 7) / 8 }

// appendBits appends the low width bits of each value, least significant bit
// first, filled up to a whole byte.
func appendBits(dst []byte, v []uint64, width int) []byte {
	if width == 0 {
		return dst
	}
	mask := ^uint64(0) >> (64 - width)
	var acc uint64
	fill := 0
	for _, x := range v {
		x &= mask
		acc |= x << fill
		fill += width
		if fill >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			fill -= 64
			// A shift by 64 is zero in Go, which is right when fill is 0.
			acc = x >> (width - fill)
		}
	}
	for ; fill > 0; fill -= 8 {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// unpackBits fills dst with values of width bits from src, which must hold
// packedSize bytes; it may hold more, which makes the last values faster.
func unpackBits[T integer](dst []T, src []byte, width int) {
	switch {
	case width == 0:
		clear(dst)
		return
	case width > 56:
		unpackWide(dst, src, width)
		return
	}
	mask := ^uint64(0) >> (64 - width)
	// A value of up to 56 bits lies within the 8 bytes at its first byte.
	fast := 0
	if len(src) >= 8 {
		fast = min(len(dst), ((len(src)-8)*8+7)/width+1)
	}
	bit := 0
	for i := range dst[:fast] {
		word := binary.LittleEndian.Uint64(src[bit>>3:])
		dst[i] = T(word >> (bit & 7) & mask)
		bit += width
	}
	for i := fast; i < len(dst); i++ {
		var buf [8]byte
		copy(buf[:], src[bit>>3:])
		dst[i] = T(binary.LittleEndian.Uint64(buf[:]) >> (bit & 7) & mask)
		bit += width
	}
}

func unpackWide[T integer](dst []T, src []byte, width int) {
	mask := ^uint64(0) >> (64 - width)
	bit := 0
	for i := range dst {
		var buf [16]byte
		copy(buf[:9], src[bit>>3:])
		shift := bit & 7
		lo := binary.LittleEndian.Uint64(buf[:8]) >> shift
		hi := uint64(buf[8]) << (64 - shift)
		dst[i] = T((lo | hi) & mask)
		bit += width
	}
}

// blockWidth returns the width that packs residuals of the given bit length
// histogram in the fewest bits, the exceptions it leaves, and those bits.
func blockWidth(hist *[65]int, n int) (width, exceptions, cost int) {
	top := 64
	for top > 0 && hist[top] == 0 {
		top--
	}
	width, cost = top, 8+n*top
	above := 0
	for w := top - 1; w >= 0; w-- {
		above += hist[w+1]
		if above > 255 {
			break
		}
		// Count and width of the exceptions, then position and high bits of each.
		c := 8 + n*w + 16 + above*(8+top-w)
		if c < cost {
			width, exceptions, cost = w, above, c
		}
	}
	return width, exceptions, cost
}

// patched marks a block width with exceptions.
const patched = 0x80

// appendBlock appends one block of residuals:
//
//	+----------------+------------------+
//	| width u8       | packed residuals |
//	| +0x80: patched | ceil(n*width/8)  |
//	+----------------+------------------+
//	| and when patched:                                                 |
//	| count u8 | high width u8 | count positions u8 | packed high parts |
//
// An exception's low bits stand among the packed residuals; its high part is
// what lies above them.
func appendBlock(dst []byte, v []uint64) []byte {
	var hist [65]int
	for _, x := range v {
		hist[bits.Len64(x)]++
	}
	width, exceptions, _ := blockWidth(&hist, len(v))
	if exceptions == 0 {
		return appendBits(append(dst, byte(width)), v, width)
	}
	dst = appendBits(append(dst, byte(width)|patched), v, width)
	var high [blockLen]uint64
	var at [blockLen]byte
	k, all := 0, uint64(0)
	for i, x := range v {
		if h := x >> width; h != 0 {
			at[k], high[k] = byte(i), h
			k++
			all |= h
		}
	}
	highWidth := bits.Len64(all)
	dst = append(dst, byte(k), byte(highWidth))
	dst = append(dst, at[:k]...)
	return appendBits(dst, high[:k], highWidth)
}

// readBlock fills dst, at most blockLen values, from a block.
func readBlock[T integer](r *reader, dst []T) {
	head := r.byte()
	width := int(head &^ patched)
	if width > 64 {
		r.fail("bit width %d", width)
		return
	}
	size := packedSize(len(dst), width)
	at := r.off
	if r.bytes(size); r.err != nil {
		return
	}
	unpackBits(dst, r.src[at:], width)
	if head&patched != 0 {
		patchBlock(r, dst, width)
	}
}

func patchBlock[T integer](r *reader, dst []T, width int) {
	k, highWidth := int(r.byte()), int(r.byte())
	if k > len(dst) || width+highWidth > 64 || highWidth == 0 {
		r.fail("%d exceptions of %d+%d bits", k, width, highWidth)
		return
	}
	at := r.bytes(k)
	packed := r.bytes(packedSize(k, highWidth))
	if r.err != nil {
		return
	}
	var high [blockLen]int64
	unpackBits(high[:k], packed, highWidth)
	for i, p := range at {
		if int(p) >= len(dst) {
			r.fail("exception at row %d of %d", p, len(dst))
			return
		}
		dst[p] |= T(uint64(high[i]) << width)
	}
}
