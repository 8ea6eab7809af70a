package encoding

import (
	"math"
	"slices"
	"unsafe"
)

// The codecs of float columns; part of the format, never renumber.
const (
	floatBits    = 0 // the IEEE 754 bits, as an integer column
	floatDecimal = 1 // decimal fractions, as integers and exponents
)

// AppendFloats appends v to dst as one encoded column and returns the extended
// slice. It does not keep v. Values come back bit by bit: NaN payloads and the
// sign of zero included.
func (e Encoder) AppendFloats(dst []byte, v []float64) []byte {
	if len(v) == 0 || !mostlyDecimal(v) {
		return e.appendFloatBits(dst, v)
	}
	start := len(dst)
	dst, exceptions := e.appendFloatDecimal(dst, v)
	if exceptions <= len(v)/32 {
		return dst
	}
	// Many are not: see whether their bits do better.
	if bits := e.appendFloatBits(nil, v); len(bits) < len(dst)-start {
		dst = append(dst[:start], bits...)
	}
	return dst
}

// appendFloatBits appends the bits codec: the values' bits as an integer
// column. Runs, repeated values, common zeros at the end (a common divisor) and
// steady change (differences of bits) are all found there. Xor with the value
// before, as time series stores do it, lost on everything tried (walks, sines,
// single precision, ratios; with its zero counts compressed, 2 to 30% larger
// than this, and twice as large on ratios), so that there is no such codec.
func (e Encoder) appendFloatBits(dst []byte, v []float64) []byte {
	ints := make([]int64, len(v))
	for i, x := range v {
		ints[i] = int64(math.Float64bits(x))
	}
	return e.appendInts(append(dst, floatBits), ints, 1)
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
		readInts(r, bitsOf(dst), 1)
	case floatDecimal:
		r.codec = "float decimal"
		readFloatDecimal(r, dst)
	default:
		r.fail("float codec %d", id)
	}
}

// bitsOf returns the memory of v as the bits of its values, so that integers
// decode in place.
func bitsOf(v []float64) []int64 {
	return unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}
