package encoding

import (
	"bytes"
	"math/bits"
)

// The masked codec is for values of one length that draw each character from a
// small alphabet: UUIDs, hex ids of either case, zero-padded numbers, dates,
// trace contexts. A position where all values agree has an alphabet of one and
// costs nothing. The others make a number in mixed radix, 64 bits at a time, so
// that a hex digit costs 4 bits, a decimal one 3.33, and a UUID's variant 2. In
// a sorted column the first number rises and its deltas are stored.
const maxMasked = 64

// alphabet is the characters that occur at a position, rising.
type alphabet struct {
	chars []byte
	rank  [256]uint8
}

// word is the positions, from up to to, that one number covers.
type word struct{ from, to int }

// words splits positions with alphabets of the given sizes so that each number
// fits in 64 bits.
func words(sizes []int) (out []word) {
	from, product := 0, uint64(1)
	for i, n := range sizes {
		// The number needs product*n values, of which 2^64 still fit.
		hi, lo := bits.Mul64(product, uint64(n))
		if hi > 1 || hi == 1 && lo > 0 {
			out = append(out, word{from, i})
			from, product = i, uint64(n)
			continue
		}
		if hi == 1 {
			out = append(out, word{from, i + 1})
			from, product = i+1, 1
			continue
		}
		product = lo
	}
	if product > 1 || len(out) == 0 {
		out = append(out, word{from, len(sizes)})
	}
	return out
}

// alphabetsOf returns the alphabet of each position, and false when the values
// are not of one length up to maxMasked.
func alphabetsOf(v []string) ([]alphabet, bool) {
	length := len(v[0])
	if length == 0 || length > maxMasked {
		return nil, false
	}
	seen := make([][4]uint64, length)
	for _, s := range v {
		if len(s) != length {
			return nil, false
		}
		for i := range seen {
			c := s[i]
			seen[i][c>>6] |= 1 << (c & 63)
		}
	}
	out := make([]alphabet, length)
	for i := range out {
		a := &out[i]
		for c := range 256 {
			if seen[i][c>>6]&(1<<(c&63)) != 0 {
				a.rank[c] = uint8(len(a.chars))
				a.chars = append(a.chars, byte(c))
			}
		}
	}
	return out, true
}

func sizesOf(alphabets []alphabet) []int {
	sizes := make([]int, len(alphabets))
	for i := range alphabets {
		sizes[i] = len(alphabets[i].chars)
	}
	return sizes
}

// appendMasked appends the masked codec; it returns false when it does not fit.
//
//	+------------+-----------+----------------------+---------------+------------+
//	| length u8  | count u8  | count alphabets:     | length        | for each   |
//	| 1..64      | 1..64     | size-1 u8, size      | alphabet      | number a   |
//	|            |           | bytes, rising        | numbers, u8   | section:   |
//	|            |           |                      |               | ints       |
//	+------------+-----------+----------------------+---------------+------------+
//
// A number covers the positions from the one behind the last number's on, as
// many as keep the product of the alphabets' sizes within 2^64; the first
// position is the most significant digit. Positions of one character at the end
// may be left without a number.
func (e Encoder) appendMasked(dst []byte, v []string) ([]byte, bool) {
	alphabets, ok := alphabetsOf(v)
	if !ok {
		return dst, false
	}
	dst = append(dst, stringMasked, byte(len(alphabets)))
	dst = appendAlphabets(dst, alphabets)
	numbers := make([]int64, len(v))
	for _, w := range words(sizesOf(alphabets)) {
		for i, s := range v {
			x := uint64(0)
			for p := w.from; p < w.to; p++ {
				a := &alphabets[p]
				x = x*uint64(len(a.chars)) + uint64(a.rank[s[p]])
			}
			numbers[i] = int64(x)
		}
		dst = appendSection(dst, func(dst []byte) []byte { return e.appendInts(dst, numbers, 2) })
	}
	return dst, true
}

// appendAlphabets appends the different alphabets and which each position has.
func appendAlphabets(dst []byte, alphabets []alphabet) []byte {
	var table [][]byte
	which := make([]byte, len(alphabets))
	for i := range alphabets {
		k := 0
		for k < len(table) && !bytes.Equal(table[k], alphabets[i].chars) {
			k++
		}
		if k == len(table) {
			table = append(table, alphabets[i].chars)
		}
		which[i] = byte(k)
	}
	dst = append(dst, byte(len(table)))
	for _, chars := range table {
		dst = append(append(dst, byte(len(chars)-1)), chars...)
	}
	return append(dst, which...)
}

func readAlphabets(r *reader) [][]byte {
	length, count := int(r.byte()), int(r.byte())
	if length < 1 || length > maxMasked || count < 1 || count > length {
		r.fail("length %d with %d alphabets", length, count)
		return nil
	}
	table := make([][]byte, count)
	for i := range table {
		table[i] = r.bytes(int(r.byte()) + 1)
	}
	out := make([][]byte, length)
	for i, k := range r.bytes(length) {
		if int(k) >= count {
			r.fail("alphabet %d of %d", k, count)
			return nil
		}
		out[i] = table[k]
	}
	return out
}

func readMasked(r *reader, dst []string, b *budget) {
	alphabets := readAlphabets(r)
	if r.err != nil {
		return
	}
	length := len(alphabets)
	if b.spend(r, length*len(dst)); r.err != nil {
		return
	}
	sizes := make([]int, length)
	for i, chars := range alphabets {
		sizes[i] = len(chars)
	}
	buf := make([]byte, length*len(dst))
	end := 0
	for _, w := range words(sizes) {
		numbers := readColumn[int64](r, len(dst))
		if r.err != nil {
			return
		}
		unmask(buf, numbers, alphabets, w)
		end = w.to
	}
	for at := end; at < len(buf); at += length {
		for p := end; p < length; p++ {
			buf[at+p-end] = alphabets[p][0]
		}
	}
	s := view(buf)
	for i := range dst {
		dst[i] = s[i*length : (i+1)*length]
	}
}

// unmask writes the characters of one number of each row. Whatever the number,
// its digits are within the alphabets.
func unmask(buf []byte, numbers []int64, alphabets [][]byte, w word) {
	length := len(alphabets)
	for p := w.to - 1; p >= w.from; p-- {
		chars, at := alphabets[p], p
		n := uint64(len(chars))
		switch {
		case n == 1:
			for range numbers {
				buf[at] = chars[0]
				at += length
			}
		case n&(n-1) == 0:
			shift := bits.TrailingZeros64(n)
			for i, x := range numbers {
				buf[at] = chars[uint64(x)&(n-1)]
				numbers[i] = int64(uint64(x) >> shift)
				at += length
			}
		default:
			for i, x := range numbers {
				q := uint64(x) / n
				buf[at] = chars[uint64(x)-q*n]
				numbers[i] = int64(q)
				at += length
			}
		}
	}
}
