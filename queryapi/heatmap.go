package queryapi

import (
	"fmt"
	"math"
	"time"
)

// heatmapAnswer is what /api/v1/heatmap answers with.
type heatmapAnswer struct {
	buckets
	Total int64 `json:"total"`
	// Unfinished are spans without a duration. They have no place in the map.
	Unfinished int64     `json:"unfinished"`
	Bounds     []int64   `json:"bounds"`
	Counts     [][]int64 `json:"counts"`
	Errors     [][]int64 `json:"errors"`
}

// How many levels a heat map has.
const (
	defaultLevels = 40
	maxLevels     = 200
)

// fineness are how many levels a heat map may have for each doubling of the
// duration.
var fineness = []float64{8, 4, 2, 1, 0.5, 0.25, 0.125}

// heatmap answers with how many spans there are by start and duration. The
// levels are logarithmic: durations of one operation differ by factors.
func heatmap(l *look) (any, error) {
	s, err := l.selection("spans")
	if err != nil {
		return nil, err
	}
	levels, err := l.number("levels", 1, maxLevels, defaultLevels)
	if err != nil {
		return nil, err
	}
	b, err := l.buckets(s)
	if err != nil {
		return nil, err
	}
	rows, err := l.selectRows(s, "count(*), count(duration), min(duration), max(duration)", "")
	if err != nil {
		return nil, err
	}
	out := heatmapAnswer{buckets: b, Bounds: []int64{}, Counts: make([][]int64, b.n), Errors: make([][]int64, b.n)}
	all, _ := rows[0][0].(int64)
	out.Total, _ = rows[0][1].(int64)
	out.Unfinished = all - out.Total
	low, some := rows[0][2].(time.Duration)
	high, _ := rows[0][3].(time.Duration)
	scale := levelsOf(low, high, levels)
	if some {
		out.Bounds = scale.bounds
	}
	for i := range out.Counts {
		out.Counts[i], out.Errors[i] = make([]int64, max(len(out.Bounds)-1, 0)), make([]int64, max(len(out.Bounds)-1, 0))
	}
	level := fmt.Sprintf("floor(log2(greatest(duration::int, 1)) * %g)", scale.perDoubling)
	rows, err = l.selectRows(s, b.expr()+", "+level+"::int, count(*), count_if(error)", "GROUP BY 1, 2")
	for _, row := range rows {
		i, ok := b.index(row[0])
		n, finished := row[1].(int64)
		if at := int(n) - scale.first; ok && finished && at >= 0 && at < len(out.Bounds)-1 {
			out.Counts[i][at], _ = row[2].(int64)
			out.Errors[i][at], _ = row[3].(int64)
		}
	}
	return out, err
}

// scale divides durations into levels: level i begins at 2^(i/perDoubling).
type scale struct {
	perDoubling float64
	first       int
	bounds      []int64
}

// levelsOf returns the finest scale that has at most n levels from low to high.
func levelsOf(low, high time.Duration, n int) scale {
	var s scale
	var last int
	for _, s.perDoubling = range fineness {
		s.first, last = s.level(low), s.level(high)
		if last-s.first < n {
			break
		}
	}
	for i := s.first; i <= last+1; i++ {
		s.bounds = append(s.bounds, s.begin(i))
	}
	if s.bounds[0] == 1 {
		s.bounds[0] = 0 // which has no logarithm, and is put with 1
	}
	return s
}

func (s scale) level(d time.Duration) int {
	return int(math.Floor(math.Log2(float64(max(d, 1))) * s.perDoubling))
}

// begin returns the least duration of a level.
func (s scale) begin(level int) int64 {
	v := math.Ceil(math.Exp2(float64(level) / s.perDoubling))
	if v >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(v)
}
