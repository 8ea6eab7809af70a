package encoding

import (
	"encoding/binary"
	"math/bits"
)

// The layouts of the bytes codec; part of the format, never renumber.
const (
	layoutRows   = 0 // a value's bytes stand together, so that repeated values match
	layoutPlanes = 1 // all first bytes, then all second bytes: each plane has its own skew
)

// appendIntBytes appends the bytes codec: residuals, little endian, of as many
// bytes as the largest needs, left to zstd.
//
//	+------------------+----------+-----------+------------------------------+
//	| transform's head | width u8 | layout u8 | rows: all, as one blob       |
//	|                  | 1..8     | 0..1      | planes: each a section: blob |
//	+------------------+----------+-----------+------------------------------+
func (e Encoder) appendIntBytes(dst []byte, v []int64, t transform, layout byte) []byte {
	from := min(t.order, len(v))
	res := make([]uint64, len(v)-from)
	t.residuals(res, make([]int64, len(res)), v, from)
	width := bytesWidth(res)
	dst = append(t.appendHead(append(dst, intBytes), v), byte(width), layout)
	raw := residualBytes(nil, res, width, layout)
	if layout == layoutRows {
		return e.appendBlob(dst, raw)
	}
	// A plane is a blob of its own: one Huffman table for a skewed plane and a
	// random one together would spoil the first.
	for p := range width {
		plane := raw[p*len(res):][:len(res)]
		dst = appendSection(dst, func(dst []byte) []byte { return e.appendBlob(dst, plane) })
	}
	return dst
}

// bytesWidth returns the bytes that the largest residual needs, at least 1.
func bytesWidth(res []uint64) int {
	all := uint64(0)
	for _, x := range res {
		all |= x
	}
	return max(1, (bits.Len64(all)+7)/8)
}

func residualBytes(dst []byte, res []uint64, width int, layout byte) []byte {
	if layout == layoutPlanes {
		for shift := 0; shift < 8*width; shift += 8 {
			for _, x := range res {
				dst = append(dst, byte(x>>shift))
			}
		}
		return dst
	}
	var buf [8]byte
	for _, x := range res {
		binary.LittleEndian.PutUint64(buf[:], x)
		dst = append(dst, buf[:width]...)
	}
	return dst
}

func readIntBytes[T integer](r *reader, dst []T) {
	u, dst := readUndo(r, dst)
	width, layout := int(r.byte()), r.byte()
	if width < 1 || width > 8 || layout > layoutPlanes {
		r.fail("width %d, layout %d", width, layout)
		return
	}
	if layout == layoutPlanes {
		readPlanes(r, dst, width, u.zigzag)
	} else {
		readRows(r, dst, width, u.zigzag)
	}
	u.apply(dst)
}

func readRows[T integer](r *reader, dst []T, width int, zz bool) {
	b := r.blob(len(dst) * width)
	if r.err != nil {
		return
	}
	for i := range dst {
		x := uintAt(b[i*width:], width)
		if zz {
			x = uint64(unzigzag(x))
		}
		dst[i] = T(x)
	}
}

// readPlanes joins byte planes, the lowest first, a plane at a time: each pass
// reads and writes memory in order.
func readPlanes[T integer](r *reader, dst []T, width int, zz bool) {
	if zz {
		// No encoder makes this; 32-bit values would lose zigzag's top bit.
		r.fail("zigzag planes")
		return
	}
	clear(dst)
	for p := range width {
		s := r.section()
		plane := s.blob(len(dst))
		if r.take(&s); r.err != nil {
			return
		}
		for i, x := range plane {
			dst[i] |= T(uint64(x) << (8 * p))
		}
	}
}

// uintAt reads a little-endian number of width bytes.
func uintAt(b []byte, width int) uint64 {
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b) & (^uint64(0) >> (64 - 8*width))
	}
	x := uint64(0)
	for i := width - 1; i >= 0; i-- {
		x = x<<8 | uint64(b[i])
	}
	return x
}
