package storage

import (
	"cmp"
	"math/bits"
	"slices"
)

const (
	// mergeFanout is how many parts of about one size are merged. Each row is
	// then rewritten log4(size of the largest / size of a flush) times.
	mergeFanout = 4
	// mergeWidth bounds the parts of one merge, and with it the open files.
	mergeWidth = 32
	// tierBase is the size up to which parts are of the lowest tier.
	tierBase = 128 << 10
)

// tier puts sizes that differ by less than a factor of four together.
func tier(size int64) int {
	return bits.Len64(uint64(max(size, 1))/tierBase) / 2
}

// planMerge picks the parts of a partition to merge next, none when there is
// nothing to win. Parts of the lowest tier that has enough of them are merged,
// together with all smaller ones. With all set it takes any parts that
// together stay within the limits.
func planMerge(parts []entry, maxRows, maxBytes int64, all bool) []entry {
	var fit []entry
	for _, e := range parts {
		if e.rows < maxRows && e.size < maxBytes {
			fit = append(fit, e)
		}
	}
	slices.SortFunc(fit, func(a, b entry) int {
		return cmp.Or(cmp.Compare(tier(a.size), tier(b.size)), cmp.Compare(a.id, b.id))
	})
	if all {
		return takeWithin(fit, maxRows, maxBytes)
	}
	for i, run := 0, 0; i < len(fit); i++ {
		if i == 0 || tier(fit[i].size) != tier(fit[i-1].size) {
			run = 0
		}
		run++
		last := i == len(fit)-1 || tier(fit[i+1].size) != tier(fit[i].size)
		if last && run >= mergeFanout {
			return takeWithin(fit[:i+1], maxRows, maxBytes)
		}
	}
	return nil
}

// takeWithin returns the first parts that together stay within the limits, or
// none if that is not at least two.
func takeWithin(parts []entry, maxRows, maxBytes int64) []entry {
	var rows, size int64
	n := 0
	for n < len(parts) && n < mergeWidth {
		rows += parts[n].rows
		size += parts[n].size
		if rows > maxRows || size > maxBytes {
			break
		}
		n++
	}
	if n < 2 {
		return nil
	}
	return parts[:n]
}
