package encoding

import (
	"slices"
	"sync"
)

// The codecs of integer columns; part of the format, never renumber.
const (
	intEmpty     = 0 // no rows
	intConstant  = 1 // one value for all rows
	intRuns      = 2 // values and lengths of runs
	intPacked    = 3 // residuals, bit-packed in blocks
	intLocal     = 4 // residuals, bit-packed in blocks that have their own base
	intBuckets   = 5 // residuals as magnitude class, compressed, and remaining bits
	intBytes     = 6 // residuals as bytes, compressed
	intMultiples = 7 // multiples of a common divisor
	intDict      = 8 // few distinct values and their numbers
)

// maxDepth bounds how deeply codecs may nest in a column. Encoders stay below
// it; a decoder that followed any depth could be made to expand every level to
// the full row count.
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
	p := wides.Get().(*[]int64)
	defer wides.Put(p)
	wide := slices.Grow((*p)[:0], len(v))[:len(v)]
	for i, x := range v {
		wide[i] = int64(x)
	}
	*p = wide
	return e.appendInts(dst, wide, depth)
}

// wides holds room for widened columns.
var wides = sync.Pool{New: func() any { return new([]int64) }}

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
		if r.codec = "empty"; len(dst) != 0 {
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
	case intLocal:
		r.codec = "local"
		readLocal(r, dst)
	case intBuckets:
		r.codec = "buckets"
		readBuckets(r, dst)
	case intBytes:
		r.codec = "bytes"
		readIntBytes(r, dst)
	case intMultiples:
		r.codec = "multiples"
		readMultiples(r, dst, depth)
	case intDict:
		r.codec = "dictionary"
		readDict(r, dst, depth)
	default:
		r.fail("integer codec %d", id)
	}
}

func fill[T any](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}
