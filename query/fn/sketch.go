package fn

import (
	"math"
	"slices"
)

// sketchAccuracy is the relative error of a quantile of a group too large to
// be exact; sketchBins bounds each half of a sketch, 8 bytes a bin: with this
// accuracy they span 17 powers of ten.
const (
	sketchAccuracy = 0.005
	sketchBins     = 4096
)

// sketch is a DDSketch (Masson, Rim, Lee: VLDB 2019): it counts values by their
// logarithm, so that the value of any rank is known to within sketchAccuracy,
// and the result does not depend on the order of the values. It is ours because
// the field's library for it brings protobuf, for which, before v1.36.12, the
// linker keeps all methods of an application: six megabytes.
type sketch struct {
	below, above bins // by the magnitude of the values below and above zero
	zeros        int64
}

// logGamma is the width of a bin, logShare where its middle is, before its end.
var (
	logGamma = math.Log((1 + sketchAccuracy) / (1 - sketchAccuracy))
	logShare = math.Log(1 - sketchAccuracy)
)

func newSketch() *sketch { return &sketch{below: bins{keepLow: true}} }

// add counts a finite value.
func (s *sketch) add(x float64) {
	switch {
	case x > 0:
		s.above.add(binOf(x), 1)
	case x < 0:
		s.below.add(binOf(-x), 1)
	default:
		s.zeros++
	}
}

// binOf returns the bin of a magnitude. Those that are no normal numbers, of
// which not every processor tells the logarithm, count as the smallest that is.
//
// A logarithm a value was a quarter of what a quantile took. One that is interpolated in a
// table is off by 1.2e-5 bins at most, and tells the same bin unless the value is that
// close to the end of one.
func binOf(magnitude float64) int {
	const smallest = 0x1p-1022
	magnitude = max(magnitude, smallest)
	bits := math.Float64bits(magnitude)
	i, rest := bits>>(52-logBits)&(1<<logBits-1), float64(bits&(1<<(52-logBits)-1))/(1<<(52-logBits))
	at := float64(int(bits>>52)-1023)*binsPerOctave + logs[i] + rest*(logs[i+1]-logs[i])
	bin := math.Ceil(at)
	if over := bin - at; over < 1e-4 || over > 1-1e-4 {
		return int(math.Ceil(math.Log(magnitude) / logGamma))
	}
	return int(bin)
}

// logs are the logarithms of 1 to 2, in bins, in steps that logBits of a
// number's mantissa tell.
const logBits = 10

var (
	binsPerOctave = math.Ln2 / logGamma
	logs          = func() (t [1<<logBits + 1]float64) {
		for i := range t {
			t[i] = math.Log1p(float64(i)/(1<<logBits)) / logGamma
		}
		return t
	}()
)

// magnitudeOf returns the value in a bin that is as far from its ends in
// proportion.
func magnitudeOf(bin int) float64 {
	half := math.Exp((float64(bin)*logGamma + logShare) / 2) // the whole may be too large for Exp before it is for a float
	return min(half*half, math.MaxFloat64)
}

func (s *sketch) count() int64 { return s.below.total + s.zeros + s.above.total }

// at returns the value of a rank, 0 being that of the lowest value.
func (s *sketch) at(rank int64) float64 {
	switch {
	case rank < s.below.total:
		return -magnitudeOf(s.below.at(s.below.total - 1 - rank))
	case rank < s.below.total+s.zeros:
		return 0
	}
	return magnitudeOf(s.above.at(rank - s.below.total - s.zeros))
}

func (s *sketch) merge(from *sketch) {
	s.below.merge(&from.below)
	s.above.merge(&from.above)
	s.zeros += from.zeros
}

// bins are counts by number, of at most sketchBins numbers next to each other.
// Where there would be more, those at one end become one.
type bins struct {
	keepLow bool // the end that stays exact is the low one
	low     int  // of counts[0]
	counts  []int64
	total   int64
}

func (b *bins) add(bin int, n int64) {
	if i := bin - b.low; i < 0 || i >= len(b.counts) {
		bin = b.makeRoom(bin)
	}
	b.counts[bin-b.low] += n
	b.total += n
}

// makeRoom widens the counts for a bin, or moves them, and returns where the bin
// is counted.
func (b *bins) makeRoom(bin int) int {
	low, high := bin, bin
	if len(b.counts) > 0 {
		low, high = min(bin, b.low), max(bin, b.low+len(b.counts)-1)
	}
	// Some more, on the side where the values grow to.
	if spare := min(64, sketchBins-(high-low+1)); spare > 0 {
		if bin == low {
			low -= spare
		} else {
			high += spare
		}
	}
	switch {
	case high-low < sketchBins:
	case b.keepLow:
		high = low + sketchBins - 1
	default:
		low = high - sketchBins + 1
	}
	within := func(bin int) int { return min(max(bin, low), high) }
	counts := make([]int64, high-low+1)
	for i, n := range b.counts {
		counts[within(b.low+i)-low] += n
	}
	b.low, b.counts = low, counts
	return within(bin)
}

func (b *bins) merge(from *bins) {
	if len(b.counts) == 0 {
		b.low, b.counts, b.total = from.low, slices.Clone(from.counts), from.total
		return
	}
	if from.total == 0 {
		return
	}
	// Room for both ends, first that which is cut off where there are too many.
	low, high := from.low, from.low+len(from.counts)-1
	for from.counts[low-from.low] == 0 {
		low++
	}
	for from.counts[high-from.low] == 0 {
		high--
	}
	for _, bin := range []int{low, high} {
		if i := bin - b.low; i < 0 || i >= len(b.counts) {
			b.makeRoom(bin)
		}
	}
	last := len(b.counts) - 1
	for bin := low; bin <= high; bin++ {
		b.counts[min(max(bin-b.low, 0), last)] += from.counts[bin-from.low]
	}
	b.total += from.total
}

// at returns the bin of a rank.
func (b *bins) at(rank int64) int {
	for i, n := range b.counts {
		if rank -= n; rank < 0 {
			return b.low + i
		}
	}
	return b.low + len(b.counts) - 1
}
