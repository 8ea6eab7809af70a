package encoding

import (
	"encoding/binary"
	"slices"
)

// The codecs of fixed-width columns; part of the format, never renumber.
const (
	fixedBlob  = 0 // all values in row order, as a blob
	fixedWords = 1 // 8 bytes at a time, as integer columns
)

// minWord is the width below which values are text to zstd rather than numbers.
const minWord = 4

// MaxWidth is the largest width of a fixed-width value.
const MaxWidth = 256

// AppendBytes appends a column of fixed-width values to dst and returns the
// extended slice: v holds len(v)/w values of w bytes, 1 to MaxWidth. It does not
// keep v. It is for ids: random ones cost their width and nothing more; what is
// not random in others (a constant half, a time in front, repetition) is found
// in their words.
func (e Encoder) AppendBytes(dst, v []byte, w int) []byte {
	n := len(v) / w
	start := len(dst)
	if w < minWord {
		return e.appendBlob(append(dst, fixedBlob), v)
	}
	random := true
	if n >= 8 {
		expected := 0.0
		for at := 0; at < w; at += 8 {
			word := wordsAt(v, w, at)
			s := shapeOf(word)
			if s.runs == 1 {
				random = false
				continue
			}
			best, repeats := e.plan(word, s)
			expected += best.bits
			random = random && !repeats
		}
		random = random && expected > 0.97*8*float64(len(v))
	}
	if random {
		// No zstd either: it would search 8-byte noise for nothing.
		return append(append(dst, fixedBlob, blobRaw), v...)
	}
	dst = e.appendWords(dst, v, w)
	if blob := e.appendBlob(nil, v); len(blob) < len(dst)-start-1 {
		dst = append(append(dst[:start], fixedBlob), blob...)
	}
	return dst
}

func (e Encoder) appendWords(dst, v []byte, w int) []byte {
	dst = append(dst, fixedWords)
	for at := 0; at < w; at += 8 {
		dst = appendSection(dst, func(dst []byte) []byte { return e.appendInts(dst, wordsAt(v, w, at), 0) })
	}
	return dst
}

// wordsAt returns the up to 8 bytes at offset at of each value as big-endian
// numbers, so that values that rise give numbers that rise.
func wordsAt(v []byte, w, at int) []int64 {
	size := min(8, w-at)
	out := make([]int64, len(v)/w)
	for i := range out {
		b := v[i*w+at:][:size]
		if size == 8 {
			out[i] = int64(binary.BigEndian.Uint64(b))
			continue
		}
		x := uint64(0)
		for _, c := range b {
			x = x<<8 | uint64(c)
		}
		out[i] = int64(x)
	}
	return out
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
	id := r.byte()
	if r.err != nil {
		return dst, r.err
	}
	old := len(dst)
	switch id {
	case fixedBlob:
		r.codec = "fixed blob"
		b := r.blob(n * w)
		dst = append(slices.Grow(dst, len(b)), b...)
	case fixedWords:
		r.codec = "words"
		dst = slices.Grow(dst, n*w)[:old+n*w]
		readWords(&r, dst[old:], n, w)
	default:
		r.fail("fixed-width codec %d", id)
	}
	if r.end(); r.err != nil {
		return dst[:old], r.err
	}
	return dst, nil
}

// readWords reads the body of the words codec, for each 8 bytes of the width,
// the last perhaps fewer:
//
//	+------------------------------------------------+
//	| section: big-endian numbers, an integer column |
//	+------------------------------------------------+
func readWords(r *reader, dst []byte, n, w int) {
	for at := 0; at < w; at += 8 {
		s := r.section()
		if r.err = s.err; r.err != nil {
			return
		}
		words := make([]int64, n)
		readInts(&s, words, 0)
		if r.take(&s); r.err != nil {
			return
		}
		size := min(8, w-at)
		for i, x := range words {
			for k := range size {
				dst[i*w+at+k] = byte(uint64(x) >> (8 * (size - 1 - k)))
			}
		}
	}
}
