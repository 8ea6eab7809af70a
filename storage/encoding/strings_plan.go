package encoding

import "slices"

// stringCodecs are the codecs to try, in an order that puts the cheaper to
// decode first: a later one must be smaller to be taken.
var stringCodecs = [...]byte{
	stringMasked, stringPlain, stringFront, stringDict, stringTemplate,
}

// smallStrings is the number of values up to which every codec is tried on the
// whole column; longer columns are judged by as many values of theirs.
const smallStrings = 1024

// appendStrings appends v with the codec that takes the fewest bytes. A codec
// that does not fit a single value is ruled out there; the others are tried.
func (e Encoder) appendStrings(dst []byte, v []string, depth int) []byte {
	switch {
	case len(v) == 0:
		return e.appendPlain(dst, v)
	case allEqual(v):
		return append(append(dst, stringConstant), v[0]...)
	}
	ranked := e.ranked
	e.ranked = nil // columns within are others
	// Numbers stored as numbers: nothing else comes near.
	for _, codec := range []byte{stringDecimal, stringHex, stringIPv4} {
		if out, ok := e.tryStrings(dst, v, codec, depth); ok {
			return out
		}
	}
	if ranked == nil && len(v) <= smallStrings {
		return e.appendSmallest(dst, v, stringCodecs[:], depth)
	}
	if ranked == nil {
		ranked = e.rankStrings(v, depth)
	}
	if e.Level >= Best {
		return e.appendSmallest(dst, v, ranked[:min(2, len(ranked))], depth)
	}
	for _, codec := range ranked {
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
	case stringHex:
		dst, ok = e.appendHex(dst, v)
	case stringIPv4:
		dst, ok = e.appendIPv4(dst, v)
	case stringMasked:
		dst, ok = e.appendMasked(dst, v)
	case stringFront:
		if !sharing(v) {
			return dst, false
		}
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

// sharing tells whether values share prefixes with the values before them: some
// bytes each, as an eighth of all or more.
func sharing(v []string) bool {
	shared, total := 0, 0
	for i := 1; i < len(v); i++ {
		shared += sharedLen(v[i-1], v[i])
		total += len(v[i])
	}
	return shared >= 2*(len(v)-1) && shared*8 >= total
}

// appendSmallest tries codecs and keeps the smallest result; plain when none
// fits.
func (e Encoder) appendSmallest(dst []byte, v []string, codecs []byte, depth int) []byte {
	start := len(dst)
	var best []byte
	for _, codec := range codecs {
		out, ok := e.tryStrings(dst[:start], v, codec, depth)
		if ok && (best == nil || len(out)-start < len(best)) {
			best = append(best[:0], out[start:]...)
		}
		dst = out
	}
	if best == nil {
		return e.appendPlain(dst[:start], v)
	}
	return append(dst[:start], best...)
}

// rankStrings returns the codecs that fit a sample of v, by what they take for
// it, without those that take much more than the first. The first does not always
// fit all of v, and the sample favors codecs without tables: the second may be the
// first.
func (e Encoder) rankStrings(v []string, depth int) []byte {
	e.trial, e.Level = true, Fast
	sample := sampleOf(v)
	var buf, ranked []byte
	size := map[byte]int{}
	for _, codec := range stringCodecs {
		out, ok := e.tryStrings(buf[:0], sample, codec, depth)
		if buf = out; ok {
			size[codec] = len(out)
			ranked = append(ranked, codec)
		}
	}
	slices.SortStableFunc(ranked, func(a, b byte) int { return size[a] - size[b] })
	return slices.DeleteFunc(ranked, func(c byte) bool { return size[c] > size[ranked[0]]*9/8 })
}

// sampleOf returns some stretches of v: neighbors stay neighbors, as sorted
// values and repetition need.
func sampleOf(v []string) []string {
	const stretches = 4
	const length = smallStrings / stretches
	out := make([]string, 0, smallStrings)
	for i := range stretches {
		from := i * (len(v) - length) / (stretches - 1)
		out = append(out, v[from:from+length]...)
	}
	return out
}
