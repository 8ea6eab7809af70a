package types

import "math/bits"

// AddInt adds; false means that the sum does not fit.
func AddInt(a, b int64) (int64, bool) { c := a + b; return c, (c > a) == (b > 0) }

// SubInt subtracts; false means that the difference does not fit.
func SubInt(a, b int64) (int64, bool) { c := a - b; return c, (c < a) == (b > 0) }

// MulInt multiplies; false means that the product does not fit.
func MulInt(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(Magnitude(a), Magnitude(b))
	if (a < 0) != (b < 0) {
		return -int64(lo), hi == 0 && lo <= 1<<63
	}
	return int64(lo), hi == 0 && lo < 1<<63
}

// Magnitude returns the absolute value, which always fits.
func Magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

// ModInt returns the rest of a division; false means that b is 0.
func ModInt(a, b int64) (int64, bool) {
	switch b {
	case 0:
		return 0, false
	case -1:
		return 0, true
	}
	return a % b, true
}

// FloorDiv divides rounding down, d > 0.
func FloorDiv(n, d int64) int64 {
	q := n / d
	if n%d < 0 {
		q--
	}
	return q
}
