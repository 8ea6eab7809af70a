package encoding

import "slices"

// commonDivisor returns the greatest common divisor of all differences to base,
// which is the smallest value; 0 when all are equal.
func commonDivisor(v []int64, base int64) uint64 {
	g := uint64(0)
	for _, x := range v {
		d := uint64(x) - uint64(base)
		if g != 0 && d%g == 0 {
			continue
		}
		for d != 0 {
			g, d = d, g%d
		}
		if g == 1 {
			break
		}
	}
	return g
}

// appendMultiples appends the multiples codec:
//
//	+-------------+-----------------+------------------------+
//	| base varint | divisor uvarint | (value - base)/divisor |
//	|             | 2..             | as an integer column   |
//	+-------------+-----------------+------------------------+
func (e Encoder) appendMultiples(dst []byte, v []int64, base int64, divisor uint64, depth int) []byte {
	dst = appendUvarint(appendVarint(append(dst, intMultiples), base), divisor)
	return e.appendInts(dst, quotients(v, base, divisor), depth+1)
}

func quotients(v []int64, base int64, divisor uint64) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64((uint64(x) - uint64(base)) / divisor)
	}
	return out
}

func readMultiples[T integer](r *reader, dst []T, depth int) {
	base, divisor := T(r.varint()), T(r.uvarint())
	s := r.tail()
	if r.err = s.err; r.err != nil {
		return
	}
	readInts(&s, dst, depth+1)
	r.take(&s)
	for i, x := range dst {
		dst[i] = base + x*divisor
	}
}

// maxDict is the largest dictionary of the dictionary codec.
const maxDict = 1 << 16

// distinct returns the distinct values of v, sorted, and nil when there are
// more than limit.
func distinct(v []int64, limit int) []int64 {
	seen := make(map[int64]struct{}, min(limit, 256))
	for i, x := range v {
		if i > 0 && x == v[i-1] {
			continue
		}
		if seen[x] = struct{}{}; len(seen) > limit {
			return nil
		}
	}
	out := make([]int64, 0, len(seen))
	for x := range seen {
		out = append(out, x)
	}
	slices.Sort(out)
	return out
}

// appendDict appends the dictionary codec:
//
//	+-----------------+-----------------------+-------------------+
//	| entries uvarint | section: values, as   | numbers of values |
//	| 1..65536        | an integer column,    | as an integer     |
//	|                 | rising                | column            |
//	+-----------------+-----------------------+-------------------+
func (e Encoder) appendDict(dst []byte, v, values []int64, depth int) []byte {
	number := make(map[int64]int64, len(values))
	for i, x := range values {
		number[x] = int64(i)
	}
	codes := make([]int64, len(v))
	for i, x := range v {
		if i > 0 && x == v[i-1] {
			codes[i] = codes[i-1]
			continue
		}
		codes[i] = number[x]
	}
	dst = appendUvarint(append(dst, intDict), uint64(len(values)))
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendInts(dst, values, depth+1) })
	return e.appendInts(dst, codes, depth+1)
}

func readDict[T integer](r *reader, dst []T, depth int) {
	k := r.count("dictionary size", min(len(dst), maxDict))
	first, second := r.section(), r.tail()
	if r.err = second.err; r.err != nil {
		return
	}
	values, codes := make([]T, k), make([]uint32, len(dst))
	readInts(&first, values, depth+1)
	readInts(&second, codes, depth+1)
	r.take(&first)
	if r.take(&second); r.err != nil {
		return
	}
	for i, c := range codes {
		if int(c) >= len(values) {
			r.fail("row %d has number %d of %d", i, c, len(values))
			return
		}
		dst[i] = values[c]
	}
}
