package encoding

import "slices"

// The codecs of fixed-width columns; part of the format, never renumber.
const (
	fixedBlob = 0 // all values in row order, as a blob
)

// MaxWidth is the largest width of a fixed-width value.
const MaxWidth = 256

// AppendBytes appends a column of fixed-width values to dst and returns the
// extended slice: v holds len(v)/w values of w bytes, 1 to MaxWidth. It does not
// keep v. It is for ids.
func (e Encoder) AppendBytes(dst, v []byte, w int) []byte {
	return e.appendBlob(append(dst, fixedBlob), v)
}

// FixedBytes decodes a column of n values of w bytes that AppendBytes made,
// appends them to dst and returns the extended slice. Its errors wrap
// ErrCorrupt.
func FixedBytes(dst, src []byte, n, w int) ([]byte, error) {
	r := reader{src: src}
	r.checkRows(n)
	if w < 1 || w > MaxWidth {
		r.fail("width %d is outside 1..%d", w, MaxWidth)
	}
	if r.err != nil {
		return dst, r.err
	}
	old := len(dst)
	switch id := r.byte(); id {
	case fixedBlob:
		r.codec = "fixed blob"
		b := r.blob(n * w)
		dst = append(slices.Grow(dst, len(b)), b...)
	default:
		r.fail("fixed-width codec %d", id)
	}
	if r.end(); r.err != nil {
		return dst[:old], r.err
	}
	return dst, nil
}
