package types

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The years that timestamps reach in full.
const minYear, maxYear = 1678, 2261

// timeLayouts are the forms of a time in a string, RFC 3339 first.
var timeLayouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04Z07:00",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
	"2006-01-02",
}

// ParseTime reads a time as nanoseconds since the epoch. One without an offset
// from UTC is what a clock in the zone shows.
func ParseTime(s string, zone *time.Location) (int64, error) {
	for _, layout := range timeLayouts {
		t, err := time.Parse(layout, strings.TrimSpace(s))
		if err != nil {
			continue
		}
		y := t.UTC().Year()
		ns, ok := t.UnixNano(), y >= minYear && y <= maxYear
		if ok && zone != time.UTC && !strings.HasSuffix(layout, "Z07:00") {
			ns, ok = wallInstant(ns, zone)
		}
		if !ok {
			return 0, fmt.Errorf("%q is outside the years %d to %d", s, minYear, maxYear)
		}
		return ns, nil
	}
	return 0, notATimeError(s)
}

type notATimeError string

func (e notATimeError) Error() string {
	s := string(e)
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return strconv.Quote(s) + " is not a time: write it as '2006-01-02T15:04:05Z' or '2006-01-02'"
}
