package encoding

import (
	"math"
	"slices"
)

// The codecs of float columns; part of the format, never renumber.
const (
	floatBits    = 0 // the IEEE 754 bits, as an integer column
	floatDecimal = 1 // decimal fractions, as integers and exponents
	floatXor     = 2 // what differs from the bits of the value before
)

// AppendFloats appends v to dst as one encoded column and returns the extended
// slice. It does not keep v. Values come back bit by bit: NaN payloads and the
// sign of zero included.
func (e Encoder) AppendFloats(dst []byte, v []float64) []byte {
	if mostlyDecimal(v) {
		start := len(dst)
		out, exceptions := e.appendFloatDecimal(dst, v)
		if exceptions <= len(v)/32 {
			return out
		}
		// Some are not: see whether their bits do better.
		other := e.appendFloatBits(nil, v)
		if len(out)-start <= len(other) {
			return out
		}
		return append(out[:start], other...)
	}
	return e.appendNonDecimal(dst, v)
}

// appendNonDecimal appends v as bits or as xor, whichever is smaller for a
// sample, or at level Best, for all.
func (e Encoder) appendNonDecimal(dst []byte, v []float64) []byte {
	part := v
	if e.Level < Best && len(v) > 4096 {
		part = v[len(v)/2:][:2048]
	}
	plain, xor := e.appendFloatBits(nil, part), e.appendXor(nil, part)
	switch {
	case len(part) == len(v) && len(xor) < len(plain):
		return append(dst, xor...)
	case len(part) == len(v):
		return append(dst, plain...)
	case len(xor) < len(plain):
		return e.appendXor(dst, v)
	}
	return e.appendFloatBits(dst, v)
}

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
		ints := make([]int64, len(dst))
		readInts(r, ints, 1)
		for i, x := range ints {
			dst[i] = math.Float64frombits(uint64(x))
		}
	case floatDecimal:
		r.codec = "float decimal"
		readFloatDecimal(r, dst)
	case floatXor:
		r.codec = "xor"
		readXor(r, dst)
	default:
		r.fail("float codec %d", id)
	}
}
