package encoding

import (
	"encoding/binary"
	"math"
	"slices"
)

// The codecs of float columns; part of the format, never renumber.
const (
	floatBits = 0 // the IEEE 754 bits, as an integer column
	floatRaw  = 1 // the IEEE 754 bits, little endian, as a blob
)

// AppendFloats appends v to dst as one encoded column and returns the extended
// slice. It does not keep v. Values come back bit by bit: NaN payloads and the
// sign of zero included.
func (e Encoder) AppendFloats(dst []byte, v []float64) []byte {
	ints := make([]int64, len(v))
	for i, x := range v {
		ints[i] = int64(math.Float64bits(x))
	}
	start := len(dst)
	dst = e.appendInts(append(dst, floatBits), ints, 1)
	if len(dst)-start <= 1+8*len(v)*3/4 {
		return dst
	}
	raw := make([]byte, 0, 8*len(v))
	for _, x := range ints {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(x))
	}
	return e.appendBlob(append(dst[:start], floatRaw), raw)
}

// Floats decodes a column of n values that AppendFloats made, appends them to
// dst and returns the extended slice. Its errors wrap ErrCorrupt.
func Floats(dst []float64, src []byte, n int) ([]float64, error) {
	r := reader{src: src}
	if r.checkRows(n); r.err != nil {
		return dst, r.err
	}
	old := len(dst)
	dst = slices.Grow(dst, n)[:old+n]
	readFloats(&r, dst[old:])
	if r.end(); r.err != nil {
		return dst[:old], r.err
	}
	return dst, nil
}

func readFloats(r *reader, dst []float64) {
	switch id := r.byte(); id {
	case floatBits:
		r.codec = "float bits"
		ints := make([]int64, len(dst))
		readInts(r, ints, 1)
		for i, x := range ints {
			dst[i] = math.Float64frombits(uint64(x))
		}
	case floatRaw:
		r.codec = "raw float"
		b := r.blob(8 * len(dst))
		for i := range dst[:len(b)/8] {
			dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
	default:
		r.fail("float codec %d", id)
	}
}
