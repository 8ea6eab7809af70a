package table

import (
	"slices"

	"github.com/ttlog/ttlog/storage/column"
)

// spanTimes is the start of a span and what is stored beside it: the end minus
// the start modulo 2^64, so that every end comes out as it came in. What
// queries see is mended: a difference of clocks, or to a time that is not
// there, is no duration.
type spanTimes struct{ start, difference int64 }

func (t spanTimes) end() int64 { return t.start + t.difference }

// ended reports whether the span has an end: 0 is none, of a span that still
// runs or whose SDK never said.
func (t spanTimes) ended() bool { return t.end() != 0 }

// skewed reports whether the span ended before it began.
func (t spanTimes) skewed() bool { return t.ended() && t.difference < 0 }

// duration returns how long the span took, 0 where it ended before it began;
// ok is false where either time is missing.
func (t spanTimes) duration() (d int64, ok bool) {
	return max(t.difference, 0), t.ended() && t.start != 0
}

// spanTimes returns a column that is made of both times of a span.
func (b *Block) spanTimes(typ column.Type, pick func(t spanTimes) (v int64, ok bool)) (*column.Vector, error) {
	start, err := b.leaf(SpanStart)
	if err != nil {
		return nil, err
	}
	difference, err := b.leaf(SpanDuration)
	if err != nil {
		return nil, err
	}
	out := newRuns(typ, b.c.Rows.N)
	for i := range b.c.Rows.N {
		if v, ok := pick(spanTimes{start.Int(i), difference.Int(i)}); ok {
			out.pushInt(v)
		} else {
			out.pushNull()
		}
	}
	return out.vector(), nil
}

// durationField returns the durations: as they are stored where, as nearly
// always, every span has both times in order. Where all starts are behind 1970
// the differences alone tell: an end of 0 is before them.
func (b *Block) durationField() (*column.Vector, error) {
	difference, err := b.leaf(SpanDuration)
	if err != nil {
		return nil, err
	}
	if b.c.Earliest <= 0 || slices.ContainsFunc(difference.Ints, func(d int64) bool { return d < 0 }) {
		return b.spanTimes(column.TypeDuration, spanTimes.duration)
	}
	return intVector(column.TypeDuration, difference.Ints, b.c.Rows.N), nil
}
