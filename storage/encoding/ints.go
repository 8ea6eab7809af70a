package encoding

import (
	"math"
	"slices"
)

// The codecs of integer columns; part of the format, never renumber.
const (
	intEmpty    = 0 // no rows
	intConstant = 1 // one value for all rows
	intRuns     = 2 // values and lengths of runs
	intPacked   = 3 // residuals, bit-packed in blocks
)

// maxDepth bounds how deeply codecs may nest in a column. Encoders reach three
// (runs of multiples from a dictionary); a decoder that followed any depth could
// be made to expand every level to the full row count.
const maxDepth = 5

// AppendInts appends v to dst as one encoded column and returns the extended
// slice. It does not keep v.
func (e Encoder) AppendInts(dst []byte, v []int64) []byte {
	return e.appendInts(dst, v, 0)
}

// AppendUints appends v to dst as one encoded column and returns the extended
// slice. It does not keep v. It is for codes, counts and references.
func (e Encoder) AppendUints(dst []byte, v []uint32) []byte {
	return e.appendUints(dst, v, 0)
}

func (e Encoder) appendUints(dst []byte, v []uint32, depth int) []byte {
	wide := make([]int64, len(v))
	for i, x := range v {
		wide[i] = int64(x)
	}
	return e.appendInts(dst, wide, depth)
}

// Ints decodes a column of n values that AppendInts made, appends them to dst
// and returns the extended slice. Its errors wrap ErrCorrupt.
func Ints(dst []int64, src []byte, n int) ([]int64, error) { return decode(dst, src, n) }

// Uints decodes a column of n values that AppendUints made, appends them to dst
// and returns the extended slice. Its errors wrap ErrCorrupt. Damaged bytes may
// decode to wrong values, so that a caller must check a code before it indexes.
func Uints(dst []uint32, src []byte, n int) ([]uint32, error) { return decode(dst, src, n) }

func decode[T integer](dst []T, src []byte, n int) ([]T, error) {
	r := reader{src: src}
	if r.checkRows(n); r.err != nil {
		return dst, r.err
	}
	old := len(dst)
	dst = slices.Grow(dst, n)[:old+n]
	readInts(&r, dst[old:], 0)
	if r.end(); r.err != nil {
		return dst[:old], r.err
	}
	return dst, nil
}

// IntRuns decodes a column that AppendInts made without expanding its runs: it
// returns the value of each run and the row behind it, strictly rising to n.
// ok is false, and nothing is decoded, when the column is not stored as runs.
func IntRuns(src []byte, n int) (values []int64, runEnds []uint32, ok bool, err error) {
	return decodeRuns[int64](src, n)
}

// UintRuns is IntRuns for a column that AppendUints made.
func UintRuns(src []byte, n int) (values []uint32, runEnds []uint32, ok bool, err error) {
	return decodeRuns[uint32](src, n)
}

func decodeRuns[T integer](src []byte, n int) (values []T, ends []uint32, ok bool, err error) {
	r := reader{src: src}
	r.checkRows(n)
	switch r.byte() {
	case intConstant:
		r.codec = "constant"
		if v := T(r.varint()); n > 0 {
			values, ends = []T{v}, []uint32{uint32(n)}
		}
	case intRuns:
		r.codec = "runs"
		values, ends = readRuns[T](&r, n, 0)
	default:
		return nil, nil, false, r.err
	}
	if r.end(); r.err != nil {
		return nil, nil, false, r.err
	}
	return values, ends, true, nil
}

// readInts reads a whole column into dst.
func readInts[T integer](r *reader, dst []T, depth int) {
	id := r.byte()
	if depth > maxDepth {
		r.fail("codecs nest more than %d deep", maxDepth)
	}
	if r.err != nil {
		return
	}
	switch id {
	case intEmpty:
		r.codec = "empty"
		if len(dst) != 0 {
			r.fail("%d rows expected", len(dst))
		}
	case intConstant:
		r.codec = "constant"
		fill(dst, T(r.varint()))
	case intRuns:
		r.codec = "runs"
		expandRuns(r, dst, depth)
	case intPacked:
		r.codec = "packed"
		readPacked(r, dst)
	default:
		r.fail("integer codec %d", id)
	}
}

func fill[T any](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}

// readRuns reads the body of the runs codec:
//
//	+---------------+----------------------+-------------------+
//	| runs uvarint  | section: values, as  | lengths - 1, as   |
//	| 1..rows       | an integer column    | an integer column |
//	+---------------+----------------------+-------------------+
func readRuns[T integer](r *reader, n, depth int) (values []T, ends []uint32) {
	k := r.count("number of runs", n)
	first, second := r.section(), r.tail()
	if r.err = second.err; r.err != nil {
		return nil, nil
	}
	values, ends = make([]T, k), make([]uint32, k)
	readInts(&first, values, depth+1)
	readInts(&second, ends, depth+1)
	r.take(&first)
	r.take(&second)
	row := uint64(0)
	for i, length := range ends {
		row += uint64(length) + 1
		if row > uint64(n) {
			break
		}
		ends[i] = uint32(row)
	}
	if r.err == nil && row != uint64(n) {
		r.fail("runs cover %d of %d rows", row, n)
	}
	return values, ends
}

func expandRuns[T integer](r *reader, dst []T, depth int) {
	values, ends := readRuns[T](r, len(dst), depth)
	if r.err != nil {
		return
	}
	start := uint32(0)
	for i, end := range ends {
		fill(dst[start:end], values[i])
		start = end
	}
}

func (e Encoder) appendRuns(dst []byte, v []int64, runs, depth int) []byte {
	values, lengths := make([]int64, 0, runs), make([]int64, 0, runs)
	start := 0
	for i := 1; i <= len(v); i++ {
		if i == len(v) || v[i] != v[start] {
			values = append(values, v[start])
			lengths = append(lengths, int64(i-start-1))
			start = i
		}
	}
	dst = appendUvarint(append(dst, intRuns), uint64(len(values)))
	dst = appendSection(dst, func(dst []byte) []byte { return e.appendInts(dst, values, depth+1) })
	return e.appendInts(dst, lengths, depth+1)
}

// shape is what one pass over a column finds out.
type shape struct {
	min, max           int64
	minDelta, maxDelta int64 // wrapped differences of neighbours
	runs               int
}

func shapeOf(v []int64) shape {
	s := shape{min: v[0], max: v[0], minDelta: math.MaxInt64, maxDelta: math.MinInt64, runs: 1}
	for i := 1; i < len(v); i++ {
		x, d := v[i], v[i]-v[i-1]
		s.min, s.max = min(s.min, x), max(s.max, x)
		s.minDelta, s.maxDelta = min(s.minDelta, d), max(s.maxDelta, d)
		if d != 0 {
			s.runs++
		}
	}
	return s
}

func (e Encoder) appendInts(dst []byte, v []int64, depth int) []byte {
	if len(v) == 0 {
		return append(dst, intEmpty)
	}
	s := shapeOf(v)
	if s.runs == 1 {
		return appendVarint(append(dst, intConstant), v[0])
	}
	if s.runs*4 < len(v) && depth < 2 {
		return e.appendRuns(dst, v, s.runs, depth)
	}
	order, base := 0, s.min
	if uint64(s.maxDelta)-uint64(s.minDelta) < uint64(s.max)-uint64(s.min) {
		order, base = 1, s.minDelta
	}
	return appendPacked(dst, v, transform{order: order, base: base})
}
