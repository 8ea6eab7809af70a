package encoding

import "math"

// The decimal codec stores a value as the integer i and the exponent e with
// value = i / 10^e. Both i and 10^e are floats without rounding, so that the
// division is rounded once, as parsing the decimal text is: every value that
// came from up to 15 digits comes back bit by bit. (Multiplying by a stored
// inverse, as others do, decodes faster but loses some of them.) Whatever does
// not come back is an exception: NaN, infinities, -0, long fractions.

// decimalBlock is the number of values that share an exponent; part of the
// format, never change.
const decimalBlock = 256

// maxExponent is the largest exponent; all powers up to it are exact floats.
const maxExponent = 17

// maxExact bounds integers that floats hold without rounding.
const maxExact = 1 << 53

var powers = func() (p [maxExponent + 1]float64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// toDecimal returns the integer that stands for x with exponent e.
func toDecimal(x float64, e int) (int64, bool) {
	f := math.RoundToEven(x * powers[e])
	limit := float64(maxExact)
	if e == 0 {
		limit = 1 << 62
	}
	if !(f >= -limit && f <= limit) { // also false for NaN
		return 0, false
	}
	i := int64(f)
	return i, math.Float64bits(float64(i)/powers[e]) == math.Float64bits(x)
}

// exponentOf returns the smallest exponent for x, and maxExponent+1 when none
// fits.
func exponentOf(x float64) int {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return maxExponent + 1
	}
	for e := range maxExponent + 1 {
		if _, ok := toDecimal(x, e); ok {
			return e
		}
	}
	return maxExponent + 1
}

// mostlyDecimal judges by up to 128 values.
func mostlyDecimal(v []float64) bool {
	seen, fit := 0, 0
	for i := 0; i < len(v); i += 1 + len(v)/128 {
		seen++
		if exponentOf(v[i]) <= maxExponent {
			fit++
		}
	}
	return fit*2 >= seen
}

// blockExponent returns the exponent that stores a block in about the fewest
// bits: a step up costs 3.3 bits a value, an exception about 80.
func blockExponent(v []float64) int {
	var hist [maxExponent + 2]int
	for _, x := range v {
		hist[exponentOf(x)]++
	}
	best, cost := 0, math.Inf(1)
	left := len(v)
	for e := range maxExponent + 1 {
		left -= hist[e]
		if c := float64(left)*80 + float64(e*len(v))*3.33; c < cost {
			best, cost = e, c
		}
	}
	return best
}

// appendFloatDecimal appends the decimal codec and returns how many exceptions
// it has.
//
//	+--------------------+--------------------+--------------------+-------------------+
//	| exceptions uvarint | section: exponents | if exceptions > 0: | integers, as an   |
//	| 0..rows            | of blocks of 256   | section: rows,     | integer column    |
//	|                    | rows, as an        | section: bits, as  |                   |
//	|                    | integer column     | integer columns    |                   |
//	+--------------------+--------------------+--------------------+-------------------+
//
// The integer of an exception is that of the row before.
func (e Encoder) appendFloatDecimal(dst []byte, v []float64) ([]byte, int) {
	ints := make([]int64, len(v))
	var exponents, rows, bits []int64
	last := int64(0)
	for from := 0; from < len(v); from += decimalBlock {
		block := v[from:min(from+decimalBlock, len(v))]
		exponent := blockExponent(block)
		exponents = append(exponents, int64(exponent))
		for i, x := range block {
			n, ok := toDecimal(x, exponent)
			if !ok {
				rows = append(rows, int64(from+i))
				bits = append(bits, int64(math.Float64bits(x)))
				n = last
			}
			ints[from+i], last = n, n
		}
	}
	dst = appendUvarint(append(dst, floatDecimal), uint64(len(rows)))
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendInts(dst, exponents, 1) })
	if len(rows) > 0 {
		dst = appendSection(dst, func(dst []byte) []byte { return e.appendInts(dst, rows, 1) })
		dst = appendSection(dst, func(dst []byte) []byte { return e.appendInts(dst, bits, 1) })
	}
	return e.appendInts(dst, ints, 1), len(rows)
}

func readFloatDecimal(r *reader, dst []float64) {
	exceptions := r.count("number of exceptions", len(dst))
	exponents := readColumn[uint32](r, (len(dst)+decimalBlock-1)/decimalBlock)
	var rows []uint32
	var bits []int64
	if exceptions > 0 {
		rows, bits = readColumn[uint32](r, exceptions), readColumn[int64](r, exceptions)
	}
	if r.err != nil {
		return
	}
	ints := bitsOf(dst)
	if readInts(r, ints, 1); r.err != nil {
		return
	}
	for b, exponent := range exponents {
		if exponent > maxExponent {
			r.fail("exponent %d", exponent)
			return
		}
		from := b * decimalBlock
		to := min(from+decimalBlock, len(dst))
		power := powers[exponent]
		for i, x := range ints[from:to] {
			dst[from+i] = float64(x) / power
		}
	}
	for i, row := range rows {
		if int(row) >= len(dst) {
			r.fail("exception at row %d of %d", row, len(dst))
			return
		}
		dst[row] = math.Float64frombits(uint64(bits[i]))
	}
}
