package waterfall

import (
	"cmp"
	"slices"
)

// started is a span's place among others by its start.
type started struct {
	at    uint64 // since the first start of all
	place int32
}

// inOrder returns spans by their start, so that each list of children is in
// order. What is moved while they are sorted is a third of a span, digit by
// digit: comparing took most of the time that a trace of a million spans takes
// to be put in order.
func inOrder(spans []Span) []Span {
	if len(spans) == 0 {
		return spans
	}
	first := spans[0].Start
	for i := range spans {
		first = min(first, spans[i].Start)
	}
	keys, last := make([]started, len(spans)), uint64(0)
	for i := range spans {
		keys[i] = started{uint64(spans[i].Start) - uint64(first), int32(i)}
		last = max(last, keys[i].at)
	}
	keys = byStart(keys, last)
	out := make([]Span, len(spans))
	for i, k := range keys {
		out[i] = spans[k.place]
	}
	for i := 0; i < len(keys); {
		end := i + 1
		for end < len(keys) && keys[end].at == keys[i].at {
			end++
		}
		if end > i+1 {
			slices.SortFunc(out[i:end], func(a, b Span) int {
				return cmp.Or(cmp.Compare(b.Duration, a.Duration), cmp.Compare(a.ID, b.ID))
			})
		}
		i = end
	}
	return out
}

// digitBits are sorted by in one pass: the counters of a digit fit in the
// nearest cache.
const digitBits = 11

// byStart sorts keys, the greatest of which is last.
func byStart(keys []started, last uint64) []started {
	if len(keys) < 1<<digitBits {
		slices.SortFunc(keys, func(a, b started) int { return cmp.Compare(a.at, b.at) })
		return keys
	}
	to := make([]started, len(keys))
	for shift := 0; last>>shift > 0; shift += digitBits {
		var next [1 << digitBits]int // where the next key with the digit goes
		for _, k := range keys {
			next[k.at>>shift&(1<<digitBits-1)]++
		}
		sum := 0
		for digit, n := range next {
			next[digit], sum = sum, sum+n
		}
		for _, k := range keys {
			digit := k.at >> shift & (1<<digitBits - 1)
			to[next[digit]] = k
			next[digit]++
		}
		keys, to = to, keys
	}
	return keys
}
