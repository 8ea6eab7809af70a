package encoding

import "math"

// stringCodecs are the codecs to try, in an order that puts the cheaper to
// decode first: a later one must be smaller to be taken.
var stringCodecs = [...]byte{
	stringDecimal, stringIPv4, stringMasked, stringPlain, stringFront, stringDict, stringTemplate,
}

// smallStrings is the number of values up to which every codec is tried on the
// whole column; longer columns are judged by sampleStrings values.
const (
	smallStrings  = 1024
	sampleStrings = 2048
)

// appendStrings appends v with the codec that takes the fewest bytes. A codec
// that does not fit a single value is ruled out there; the others are tried.
func (e Encoder) appendStrings(dst []byte, v []string, depth int) []byte {
	switch {
	case len(v) == 0:
		return e.appendPlain(dst, v)
	case allEqual(v):
		return append(append(dst, stringConstant), v[0]...)
	case len(v) <= smallStrings:
		dst, _ = e.appendSmallest(dst, v, stringCodecs[:], depth)
		return dst
	}
	for _, codec := range e.rankStrings(v, depth) {
		if out, ok := e.tryStrings(dst, v, codec, depth); ok {
			return out
		}
	}
	return e.appendPlain(dst, v)
}

// tryStrings appends v by one codec; false when the codec does not fit.
func (e Encoder) tryStrings(dst []byte, v []string, codec byte, depth int) ([]byte, bool) {
	start := len(dst)
	ok := true
	switch codec {
	case stringDecimal:
		dst, ok = e.appendDecimal(dst, v)
	case stringIPv4:
		dst, ok = e.appendIPv4(dst, v)
	case stringMasked:
		dst, ok = e.appendMasked(dst, v)
	case stringFront:
		dst = e.appendFront(dst, v)
	case stringDict:
		if depth >= maxStringDepth {
			return dst, false
		}
		dict, numbers := numbersOf(v, len(v)/2)
		if dict == nil {
			return dst, false
		}
		dst = e.appendStringDict(dst, dict, numbers, max(depth, 1))
	case stringTemplate:
		if depth > 0 {
			return dst, false
		}
		dst, ok = e.appendTemplate(dst, v, depth)
	default:
		dst = e.appendPlain(dst, v)
	}
	if !ok {
		return dst[:start], false
	}
	return dst, true
}

// appendSmallest tries codecs and keeps the smallest result.
func (e Encoder) appendSmallest(dst []byte, v []string, codecs []byte, depth int) ([]byte, byte) {
	start := len(dst)
	var best []byte
	chosen := byte(stringPlain)
	for _, codec := range codecs {
		out, ok := e.tryStrings(dst[:start], v, codec, depth)
		if ok && (best == nil || len(out)-start < len(best)) {
			best, chosen = append(best[:0], out[start:]...), codec
		}
		dst = out
	}
	return append(dst[:start], best...), chosen
}

// rankStrings returns the codecs to use for v, by what they take for a sample:
// the best, and others behind it for when it does not fit all of v.
func (e Encoder) rankStrings(v []string, depth int) []byte {
	sample := sampleOf(v)
	var buf []byte
	var ranked []byte
	for codecs := stringCodecs[:]; len(ranked) < 3; {
		best, size := -1, math.MaxInt
		for i, codec := range codecs {
			out, ok := e.tryStrings(buf[:0], sample, codec, depth)
			if buf = out; ok && len(out) < size {
				best, size = i, len(out)
			}
		}
		if best < 0 {
			break
		}
		ranked = append(ranked, codecs[best])
		if codecs[best] == stringPlain || codecs[best] == stringFront {
			break // these fit anything
		}
		codecs = append(append([]byte(nil), codecs[:best]...), codecs[best+1:]...)
	}
	return ranked
}

// sampleOf returns some stretches of v: neighbours stay neighbours, as sorted
// values and repetition need.
func sampleOf(v []string) []string {
	const stretches = 4
	const length = sampleStrings / stretches
	if len(v) <= sampleStrings {
		return v
	}
	out := make([]string, 0, sampleStrings)
	for i := range stretches {
		from := i * (len(v) - length) / (stretches - 1)
		out = append(out, v[from:from+length]...)
	}
	return out
}
