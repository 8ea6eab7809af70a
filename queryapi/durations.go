package queryapi

import (
	"math"
	"slices"
)

// durations is a sketch of durations with a relative error of 1 %: numbers of
// those between powers of gamma.
type durations struct {
	counts map[int16]int64
	total  int64
}

// gamma is (1 + error) / (1 - error).
const gamma = 1.01 / 0.99

var logGamma = math.Log(gamma)

func (d *durations) add(nanos int64) {
	if d.counts == nil {
		d.counts = map[int16]int64{}
	}
	d.counts[int16(math.Ceil(math.Log(float64(max(nanos, 1)))/logGamma))]++
	d.total++
}

// quantile returns the duration that the share q is not above, nil without any.
func (d *durations) quantile(q float64) *int64 {
	if d.total == 0 {
		return nil
	}
	keys := make([]int16, 0, len(d.counts))
	for k := range d.counts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	rank, seen := int64(math.Ceil(q*float64(d.total))), int64(0)
	for _, k := range keys {
		if seen += d.counts[k]; seen >= rank {
			// The middle of the bucket is off by as much on either side.
			return new(int64(2 * math.Pow(gamma, float64(k)) / (gamma + 1)))
		}
	}
	return nil
}
