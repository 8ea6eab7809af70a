package storage

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"github.com/ttlog/ttlog/storage/internal/part"
)

const (
	// mergeFanout is how many parts of about one size are merged. Each row is
	// then rewritten log4(size of the largest / size of a flush) times.
	mergeFanout = 4
	// smallFanout is the same for parts of the smallTiers lowest tiers, which
	// are those that an application flushes. A query opens some more of them,
	// each of which it reads in a millisecond; and the processor's time that
	// merges take is the application's.
	smallFanout = 8
	smallTiers  = 2
	// mergeWidth bounds the parts of one merge, and with it the open files.
	mergeWidth = 32
	// mergeRows bounds the rows of one merge that may be in memory together:
	// a row group of each part, where all overlap in time. It leaves room for
	// mergeFanout parts of a tier and all below it, fewer than mergeFanout of
	// each tier.
	mergeRows = 16 * part.DefaultGroupRows
	// tierBase is half the size below which parts are of the lowest tier.
	// Merges in it cost less for their bytes than for their syncs.
	tierBase = 128 << 10
	// restFactor says when a day that is over is worth merging further: when
	// the small parts together have at least this fraction of the largest
	// one's bytes. Rows that come late, again and again, then cost the large
	// part of their day a rewrite only when it grows by so much, not each time.
	restFactor = 4
	// receiptFactor is which fraction of their age the times of receipt of
	// merged rows may lie apart.
	receiptFactor = 4
)

// effort says how much planMerge takes on.
type effort int

const (
	// mergeGrowing merges by size, for a partition that still gets rows.
	mergeGrowing effort = iota
	// mergeSettled goes on with what mergeGrowing leaves, as far as it pays.
	mergeSettled
	// mergeAll merges whatever fits together, for those who asked for it.
	mergeAll
)

// tier puts sizes that differ by less than a factor of four together.
func tier(size int64) int {
	return bits.Len64(uint64(max(size, 1))/tierBase) / 2
}

// fanout is how many parts of a tier are merged.
func fanout(tier int) int {
	if tier < smallTiers {
		return smallFanout
	}
	return mergeFanout
}

// planMerge picks the parts of a partition to merge next, none when there is
// nothing to win. Parts of the lowest tier that has enough of them are merged,
// together with all smaller ones.
//
// Parts above half of a limit are as large as they get, except with mergeAll:
// any two others fit into one part. A tier of parts of which no two fit
// together would otherwise have each new small part merged with one of them.
func planMerge(parts []entry, maxRows, maxBytes int64, how effort) []entry {
	most := func(limit int64) int64 {
		if how == mergeAll {
			return limit - 1
		}
		return limit / 2
	}
	var fit []entry
	for _, e := range parts {
		if e.rows <= most(maxRows) && e.size <= most(maxBytes) {
			fit = append(fit, e)
		}
	}
	slices.SortFunc(fit, func(a, b entry) int {
		return cmp.Or(cmp.Compare(tier(a.size), tier(b.size)), cmp.Compare(a.id, b.id))
	})
	if how == mergeAll {
		return takeWithin(fit, maxRows, maxBytes)
	}
	for i, run := 0, 0; i < len(fit); i++ {
		if i == 0 || tier(fit[i].size) != tier(fit[i-1].size) {
			run = 0
		}
		run++
		last := i == len(fit)-1 || tier(fit[i+1].size) != tier(fit[i].size)
		if last && run >= fanout(tier(fit[i].size)) {
			return takeWithin(fit[:i+1], maxRows, maxBytes)
		}
	}
	if how == mergeSettled {
		return takeWorthwhile(takeWithin(fit, maxRows, maxBytes))
	}
	return nil
}

// byReceipt divides parts into those that may be merged with each other: what
// goes first is what was received first, and a part goes as a whole. A part of
// yesterday's rows and one that came just now would be neither old nor new. So
// rows are merged that came within a day, or, where that is longer, within a
// quarter of the time since: a partition that gets a few rows each day then
// has as many parts as its age has digits, about, and not one a day.
func byReceipt(parts []entry, now time.Time) (groups [][]entry) {
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b entry) int { return cmp.Compare(b.received.last, a.received.last) }) // the newest first
	for len(parts) > 0 {
		last := parts[0].received.last
		reach := max(int64(24*time.Hour), (now.UnixNano()-last)/receiptFactor)
		n := 1
		for n < len(parts) && last-parts[n].received.first <= reach {
			n++
		}
		groups, parts = append(groups, parts[:n]), parts[n:]
	}
	return groups
}

// takeWithin returns the first parts that together stay within the limits, or
// none if that is not at least two.
func takeWithin(parts []entry, maxRows, maxBytes int64) []entry {
	var rows, size, loaded int64
	n := 0
	for n < len(parts) && n < mergeWidth {
		rows += parts[n].rows
		size += parts[n].size
		loaded += min(parts[n].rows, part.DefaultGroupRows)
		if rows > maxRows || size > maxBytes || loaded > mergeRows {
			break
		}
		n++
	}
	if n < 2 {
		return nil
	}
	return parts[:n]
}

// takeWorthwhile returns as many of the first parts as can be merged without
// rewriting one for the sake of little beside it, or none.
func takeWorthwhile(parts []entry) []entry {
	var sum, largest int64
	n := 0
	for i, e := range parts {
		sum += e.size
		largest = max(largest, e.size)
		if i > 0 && (sum-largest >= largest/restFactor || tier(sum) == 0) {
			n = i + 1
		}
	}
	if n == 0 {
		return nil
	}
	return parts[:n]
}
