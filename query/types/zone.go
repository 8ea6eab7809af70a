package types

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// LoadZone returns the time zone of a name in the IANA database
// (Europe/Berlin), or of an offset from UTC (+05:30).
func LoadZone(name string) (*time.Location, error) {
	if t, err := time.Parse("-07:00", name); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(name, offset), nil
	}
	// LoadLocation takes these two for UTC and for whatever zone this machine
	// is in.
	if name == "" || strings.EqualFold(name, "local") {
		return nil, fmt.Errorf("%q is no time zone such as Europe/Berlin or +05:30", name)
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		return zone, nil
	}
	_, err = time.LoadLocation("Europe/London")
	return nil, zoneError(name, err == nil)
}

// zoneError tells a wrong name from a machine that knows no names: minimal
// container images have no zone data.
func zoneError(name string, haveData bool) error {
	if haveData {
		return fmt.Errorf("%q is no time zone such as Europe/Berlin or +05:30", name)
	}
	return fmt.Errorf(`no time zone data for %q: this machine has none, and the program was built without; import _ "time/tzdata", or write an offset such as +02:00`, name)
}

// A wall time is what a clock in some zone shows, as nanoseconds from its
// 1970-01-01T00:00.

// wallTime returns what a clock in the zone shows.
func wallTime(ns int64, zone *time.Location) (int64, bool) {
	_, offset := time.Unix(0, ns).In(zone).Zone()
	return AddInt(ns, int64(offset)*1e9)
}

// wallInstant returns when a clock in the zone shows wall: the first time
// where it does so twice, the end of the gap where it never does.
func wallInstant(wall int64, zone *time.Location) (int64, bool) {
	const day = 24 * 3600
	around := time.Unix(0, wall)
	_, before := around.Add(-day * time.Second).In(zone).Zone()
	_, after := around.Add(day * time.Second).In(zone).Zone()
	first, ok := SubInt(wall, int64(before)*1e9)
	if !ok {
		return 0, false
	}
	t := time.Unix(0, first).In(zone)
	if _, offset := t.Zone(); offset == before {
		return first, true
	}
	last, ok := SubInt(wall, int64(after)*1e9)
	if _, offset := time.Unix(0, last).In(zone).Zone(); offset == after {
		return last, ok
	}
	start, _ := t.ZoneBounds()
	return start.UnixNano(), true
}

// zoneFloor cuts a time down to a multiple of width, which is an hour at most,
// on the clocks of a zone. An hour that they show twice is two.
func zoneFloor(ns, width int64, zone *time.Location) (lo, hi int64, ok bool) {
	t := time.Unix(0, ns).In(zone)
	_, offset := t.Zone()
	wall, ok := AddInt(ns, int64(offset)*1e9)
	if !ok {
		return 0, 0, false
	}
	if lo, ok = MulInt(FloorDiv(wall, width), width); !ok {
		return 0, 0, false
	}
	if lo, ok = SubInt(lo, int64(offset)*1e9); !ok {
		return 0, 0, false
	}
	if hi, ok = AddInt(lo, width-1); !ok {
		hi = ns
	}
	start, end := t.ZoneBounds()
	if !start.IsZero() && start.After(time.Unix(0, lo)) {
		lo = start.UnixNano()
	}
	if !end.IsZero() && !end.After(time.Unix(0, hi)) {
		hi = end.UnixNano() - 1
	}
	return lo, hi, true
}

// BucketOf returns the first and the last nanosecond of the bucket that holds
// a time.
type BucketOf func(ns int64) (lo, hi int64, ok bool)

// FixedBuckets are buckets of one width, counted from 1970 on the clocks of
// the zone. Those of more than an hour are as long as the clocks say: a day
// may have 23 or 25 hours.
func FixedBuckets(width int64, zone *time.Location) BucketOf {
	if zone == time.UTC {
		return func(ns int64) (lo, hi int64, ok bool) {
			if lo, ok = MulInt(FloorDiv(ns, width), width); !ok {
				return 0, 0, false
			}
			if hi, ok = AddInt(lo, width-1); !ok {
				hi = ns
			}
			return lo, hi, true
		}
	}
	if width <= int64(time.Hour) {
		return func(ns int64) (lo, hi int64, ok bool) { return zoneFloor(ns, width, zone) }
	}
	return func(ns int64) (lo, hi int64, ok bool) {
		wall, ok := wallTime(ns, zone)
		if !ok {
			return 0, 0, false
		}
		start, ok := MulInt(FloorDiv(wall, width), width)
		if !ok {
			return 0, 0, false
		}
		next, ok := AddInt(start, width)
		return wallRange(ns, start, next, ok, zone)
	}
}

// MonthBuckets are buckets of whole months, counted from January 1970.
func MonthBuckets(months int64, zone *time.Location) BucketOf {
	return func(ns int64) (lo, hi int64, ok bool) {
		y, m, _ := time.Unix(0, ns).In(zone).Date()
		k := FloorDiv(int64(y-1970)*12+int64(m-1), months) * months
		start, ok := wallOf(time.Date(1970, time.Month(1+k), 1, 0, 0, 0, 0, time.UTC))
		if !ok {
			return 0, 0, false
		}
		next, ok := wallOf(time.Date(1970, time.Month(1+k+months), 1, 0, 0, 0, 0, time.UTC))
		return wallRange(ns, start, next, ok, zone)
	}
}

// wallRange turns the wall times of two bucket bounds around ns into a bucket.
func wallRange(ns, start, next int64, hasNext bool, zone *time.Location) (lo, hi int64, ok bool) {
	if lo, ok = wallInstant(start, zone); !ok || lo > ns {
		return 0, 0, false
	}
	hi = ns
	if hasNext {
		if end, ok := wallInstant(next, zone); ok && end > ns {
			hi = end - 1
		}
	}
	return lo, hi, true
}

// wallOf returns a date and clock as a wall time, false where that does not
// fit.
func wallOf(t time.Time) (int64, bool) {
	s := t.Unix()
	return t.UnixNano(), s > math.MinInt64/1_000_000_000 && s < math.MaxInt64/1_000_000_000
}

// AddCalendar adds months, days and a time to an instant. Months and days keep
// the clock of the zone; the 31st of a month that has none is its last day.
func AddCalendar(ns, months, days, rest int64, zone *time.Location) (int64, bool) {
	t := time.Unix(0, ns).In(zone)
	y, m, d := t.Date()
	first := time.Date(y, m+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	date := time.Date(first.Year(), first.Month(), min(d, last)+int(days), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	wall, ok := wallOf(date)
	if !ok {
		return 0, false
	}
	if ns, ok = wallInstant(wall, zone); !ok {
		return 0, false
	}
	return AddInt(ns, rest)
}

// DateBuckets are the calendar's units. Weeks begin on Monday.
func DateBuckets(unit string, zone *time.Location) BucketOf {
	switch unit {
	case "second":
		return shortBuckets(time.Second, zone)
	case "minute":
		return shortBuckets(time.Minute, zone)
	case "hour":
		return shortBuckets(time.Hour, zone)
	case "month":
		return MonthBuckets(1, zone)
	case "quarter":
		return MonthBuckets(3, zone)
	case "year":
		return MonthBuckets(12, zone)
	}
	return func(ns int64) (lo, hi int64, ok bool) {
		t := time.Unix(0, ns).In(zone)
		y, m, d := t.Date()
		days := 1
		if unit == "week" {
			d -= (int(t.Weekday()) + 6) % 7
			days = 7
		}
		start, ok := wallOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
		if !ok {
			return 0, 0, false
		}
		next, ok := wallOf(time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC))
		return wallRange(ns, start, next, ok, zone)
	}
}

func shortBuckets(width time.Duration, zone *time.Location) BucketOf {
	return FixedBuckets(int64(width), zone)
}
