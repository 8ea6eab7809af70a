package queryapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/ttlog/ttlog/query"
)

// distribution is what a point of a counter or a histogram says, or what several
// add up to. Of a number it is the sum alone.
type distribution struct {
	count, sum float64
	number     bool
	classic    []classic // one of a point; of a sum one for each set of bounds
	exp        *exponential
}

// classic are the buckets of a histogram with explicit bounds: counts[i] is of
// values above bounds[i-1] and up to bounds[i].
type classic struct {
	bounds []float64
	counts []float64
}

// exponential are the buckets of a histogram whose bounds are powers of
// 2^(2^-scale).
type exponential struct {
	scale              int
	zero               float64 // values too near to 0 for a bucket
	positive, negative side
}

// side are buckets of one sign: counts[i] is of absolute values above
// base^(offset+i) and up to base^(offset+i+1).
type side struct {
	offset int
	counts []float64
}

// maxSide is how many buckets a side may have. Senders have 160; where what
// they send lies too far apart the scale becomes coarser.
const maxSide = 1024

// pointOf reads the columns of pointColumns from first on, and returns false for
// a point without a value.
func pointOf(b *query.Batch, i, first int, typ string) (h distribution, ok bool, err error) {
	if typ == "sum" {
		h.number = true
		h.sum, ok = b.Float(i, first+2)
		return h, ok && !math.IsNaN(h.sum), nil
	}
	count, ok := b.Int(i, first+3)
	h.count = float64(count)
	h.sum, _ = b.Float(i, first+4)
	switch typ {
	case "histogram":
		var c classic
		if err := numbersIn(b, i, first+5, &c.counts); err != nil {
			return h, false, err
		}
		if err := numbersIn(b, i, first+6, &c.bounds); err != nil {
			return h, false, err
		}
		if len(c.counts) == len(c.bounds)+1 {
			h.classic = []classic{c}
		}
	case "exponential_histogram":
		h.exp = &exponential{}
		scale, _ := b.Int(i, first+7)
		h.exp.scale = int(scale)
		zero, _ := b.Int(i, first+8)
		h.exp.zero = float64(zero)
		for at, to := range []*side{&h.exp.positive, &h.exp.negative} {
			if err := sideIn(b, i, first+9+at, to); err != nil {
				return h, false, err
			}
		}
		h.exp.fit()
	}
	return h, ok, nil
}

// numbersIn reads a column that is a JSON array of numbers.
func numbersIn(b *query.Batch, i, col int, to *[]float64) error {
	text, ok := b.Text(i, col)
	if !ok {
		return nil
	}
	if err := json.Unmarshal([]byte(text), to); err != nil {
		return fmt.Errorf("the buckets of a histogram: %w", err)
	}
	return nil
}

func sideIn(b *query.Batch, i, col int, to *side) error {
	text, ok := b.Text(i, col)
	if !ok {
		return nil
	}
	var doc struct {
		Offset int       `json:"offset"`
		Counts []float64 `json:"bucket_counts"`
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return fmt.Errorf("the buckets of a histogram: %w", err)
	}
	to.offset, to.counts = doc.Offset, doc.Counts
	return nil
}

// bytes returns about what the buckets take.
func (h *distribution) bytes() (n int64) {
	for _, c := range h.classic {
		n += 64 + 8*int64(len(c.counts)+len(c.bounds))
	}
	if h.exp != nil {
		n += 128 + 8*int64(len(h.exp.positive.counts)+len(h.exp.negative.counts))
	}
	return n
}

// less tells that a counter has begun anew since another point.
func (h *distribution) less(before *distribution) bool {
	if h.number {
		return h.sum < before.sum
	}
	return h.count < before.count
}

// minus returns what was added since another point of the same stream.
func (h *distribution) minus(before *distribution) distribution {
	d := distribution{count: h.count - before.count, sum: h.sum - before.sum, number: h.number}
	if len(h.classic) == 1 && len(before.classic) == 1 && slices.Equal(h.classic[0].bounds, before.classic[0].bounds) {
		c := classic{h.classic[0].bounds, slices.Clone(h.classic[0].counts)}
		for i, n := range before.classic[0].counts {
			c.counts[i] = max(c.counts[i]-n, 0)
		}
		d.classic = []classic{c}
	}
	if h.exp != nil && before.exp != nil {
		d.exp = h.exp.clone()
		d.exp.add(before.exp, -1)
	}
	return d
}

// merge adds another histogram.
func (h *distribution) merge(o *distribution) error {
	h.count, h.sum, h.number = h.count+o.count, h.sum+o.sum, o.number
	for _, c := range o.classic {
		at := slices.IndexFunc(h.classic, func(own classic) bool { return slices.Equal(own.bounds, c.bounds) })
		if at < 0 {
			if len(h.classic) == 100 {
				return fmt.Errorf("the histograms have more than 100 sets of bounds: %w", query.ErrLimit)
			}
			h.classic = append(h.classic, classic{c.bounds, slices.Clone(c.counts)})
			continue
		}
		for i, n := range c.counts {
			h.classic[at].counts[i] += n
		}
	}
	if o.exp != nil {
		if h.exp == nil {
			h.exp = o.exp.clone()
		} else {
			h.exp.add(o.exp, 1)
		}
	}
	return nil
}

func (e *exponential) clone() *exponential {
	c := *e
	c.positive.counts, c.negative.counts = slices.Clone(e.positive.counts), slices.Clone(e.negative.counts)
	return &c
}

// add adds the counts of another times a factor. Of different scales the
// coarser counts: only it can say what is in both.
func (e *exponential) add(o *exponential, factor float64) {
	o = o.clone()
	for e.scale > o.scale {
		e.coarsen()
	}
	for o.scale > e.scale {
		o.coarsen()
	}
	for e.positive.width(&o.positive) > maxSide || e.negative.width(&o.negative) > maxSide {
		e.coarsen()
		o.coarsen()
	}
	e.zero = max(e.zero+factor*o.zero, 0)
	e.positive.add(&o.positive, factor)
	e.negative.add(&o.negative, factor)
}

// fit makes the scale coarse enough for maxSide buckets.
func (e *exponential) fit() {
	for len(e.positive.counts) > maxSide || len(e.negative.counts) > maxSide {
		e.coarsen()
	}
}

// coarsen puts two buckets each into one.
func (e *exponential) coarsen() {
	e.scale--
	for _, s := range []*side{&e.positive, &e.negative} {
		offset := s.offset >> 1
		if len(s.counts) == 0 {
			s.offset = offset
			continue
		}
		last := (s.offset + len(s.counts) - 1) >> 1
		counts := make([]float64, last-offset+1)
		for i, n := range s.counts {
			counts[(s.offset+i)>>1-offset] += n
		}
		s.offset, s.counts = offset, counts
	}
}

// width returns how many buckets two sides have together.
func (s *side) width(o *side) int {
	if len(s.counts) == 0 || len(o.counts) == 0 {
		return max(len(s.counts), len(o.counts))
	}
	return max(s.offset+len(s.counts), o.offset+len(o.counts)) - min(s.offset, o.offset)
}

func (s *side) add(o *side, factor float64) {
	if len(o.counts) == 0 {
		return
	}
	if len(s.counts) == 0 {
		s.offset = o.offset
	}
	width, offset := s.width(o), min(s.offset, o.offset)
	if len(s.counts) < width {
		grown := make([]float64, width)
		copy(grown[s.offset-offset:], s.counts)
		s.offset, s.counts = offset, grown
	}
	for i, n := range o.counts {
		at := &s.counts[o.offset+i-s.offset]
		*at = max(*at+factor*n, 0)
	}
}

// interval is how many values lie above low and up to high.
type interval struct {
	low, high, n float64
	logarithmic  bool
}

// intervals returns the buckets that are not empty, by their upper bounds.
func (h *distribution) intervals() (list []interval) {
	for _, c := range h.classic {
		for i, n := range c.counts {
			low, high := math.Inf(-1), math.Inf(1)
			if i > 0 {
				low = c.bounds[i-1]
			}
			if i < len(c.bounds) {
				high = c.bounds[i]
			}
			list = append(list, interval{low: low, high: high, n: n})
		}
	}
	if e := h.exp; e != nil {
		list = append(list, interval{n: e.zero})
		bound := func(i int) float64 { return math.Exp2(math.Ldexp(float64(i), -e.scale)) }
		for i, n := range e.positive.counts {
			list = append(list, interval{bound(e.positive.offset + i), bound(e.positive.offset + i + 1), n, true})
		}
		for i, n := range e.negative.counts {
			list = append(list, interval{-bound(e.negative.offset + i + 1), -bound(e.negative.offset + i), n, true})
		}
	}
	list = slices.DeleteFunc(list, func(v interval) bool { return !(v.n > 0) })
	slices.SortFunc(list, func(a, b interval) int { return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low)) })
	return list
}

// quantile returns about the value that the share q is not above, as if the
// values of a bucket were spread evenly over it: over its logarithm where its
// bounds are powers. What is above all bounds is taken for the highest of them.
func (h *distribution) quantile(q float64) float64 {
	list := h.intervals()
	total := 0.0
	for _, v := range list {
		total += v.n
	}
	rank := q * total
	for _, v := range list {
		if rank > v.n {
			rank -= v.n
			continue
		}
		share := rank / v.n
		switch {
		case math.IsInf(v.high, 1):
			return v.low
		case math.IsInf(v.low, -1) && v.high > 0:
			return share * v.high
		case math.IsInf(v.low, -1):
			return v.high
		case v.logarithmic: // of negative values the quotient is positive too
			return v.low * math.Pow(v.high/v.low, share)
		}
		return v.low + share*(v.high-v.low)
	}
	return math.NaN()
}

// maxBounds is how many levels the heat map of a histogram has.
const maxBounds = 400

// heatmapOf returns the bounds of the buckets of groups, and how many values
// were added above each up to the next, by bucket of time. What has no lower
// bound counts from the first bound, what has no upper one from the last.
func heatmapOf(groups []*group, n int) (bounds []float64, counts [][]int64) {
	merged := make([]distribution, n)
	var all distribution
	for _, g := range groups {
		for i := range g.added {
			_, _ = merged[i].merge(&g.added[i]), all.merge(&g.added[i]) // those that fit
		}
	}
	for e := all.exp; e != nil && len(e.positive.counts)+len(e.negative.counts) > maxBounds; {
		e.coarsen()
	}
	for _, v := range all.intervals() {
		bounds = append(bounds, v.low, v.high)
	}
	bounds = slices.DeleteFunc(bounds, func(f float64) bool { return math.IsInf(f, 0) })
	slices.Sort(bounds)
	bounds = slices.Compact(bounds)
	counts = make([][]int64, n)
	for i := range merged {
		counts[i] = make([]int64, len(bounds))
		for e := merged[i].exp; e != nil && e.scale > all.exp.scale; {
			e.coarsen()
		}
		for _, v := range merged[i].intervals() {
			at, found := slices.BinarySearch(bounds, v.low)
			if !found {
				at = max(at-1, 0)
			}
			if len(bounds) > 0 {
				counts[i][min(at, len(bounds)-1)] += int64(math.Round(v.n))
			}
		}
	}
	return bounds, counts
}
