package query

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// typeInterval is the type of an INTERVAL with months, which is no length of
// time until it is added to one.
const typeInterval = Type(230)

// interval is what INTERVAL '…' says. Days are 24 hours but where they are
// added to a time in a zone.
type interval struct{ months, days, ns int64 }

// maxUnits bounds each part of an interval: no two timestamps are as far
// apart, even in days.
const maxUnits = 1_000_000

// calendar reports whether adding the interval, if it is one, goes by the
// calendar.
func (i *interval) calendar() bool { return i != nil && (i.months != 0 || i.days != 0) }

// duration returns the length of an interval without months.
func (i *interval) duration() (int64, bool) {
	d, ok := mulInt(i.days, 24*3600e9)
	if !ok {
		return 0, false
	}
	return addInt(d, i.ns)
}

// intervalWords are the long names of units.
var intervalWords = map[string]string{
	"nanosecond": "ns", "microsecond": "us", "millisecond": "ms", "second": "s", "sec": "s", "minute": "m", "min": "m",
	"hour": "h", "day": "d", "week": "w", "month": "month", "mon": "month", "quarter": "quarter", "year": "year",
}

// calendarUnits are the units that the calendar gives their length.
var calendarUnits = map[string]interval{
	"month": {months: 1}, "quarter": {months: 3}, "year": {months: 12}, "d": {days: 1}, "w": {days: 7},
}

// readInterval reads '1 hour 30 minutes', '1h30m' or '1 month'.
func readInterval(s string) (interval, error) {
	var out interval
	f := strings.Fields(strings.ToLower(s))
	if len(f) == 0 {
		return out, fmt.Errorf("%q is no interval such as '1 hour 30 minutes'", s)
	}
	var rest strings.Builder
	for i := 0; i < len(f); i++ {
		number, word := f[i], ""
		if n := strings.IndexFunc(number, func(r rune) bool { return r >= 'a' }); n > 0 {
			number, word = number[:n], number[n:]
		} else if i+1 < len(f) {
			word = f[i+1]
			i++
		}
		unit, ok := intervalWords[strings.TrimSuffix(word, "s")]
		if !ok {
			unit = word
		}
		if err := out.add(number, unit, &rest); err != nil {
			return out, fmt.Errorf("%q: %w", s, err)
		}
	}
	ns, err := parseDuration(rest.String())
	if err != nil {
		return out, err
	}
	out.ns = ns
	if _, ok := out.duration(); !ok {
		return out, fmt.Errorf("%q is not a duration that fits 64 bits of nanoseconds", s)
	}
	return out, nil
}

// add adds number units, or leaves them to rest, which is read as a duration.
func (i *interval) add(number, unit string, rest *strings.Builder) error {
	per := calendarUnits[unit]
	n, err := strconv.ParseInt(number, 10, 64)
	whole := err == nil && n >= 0 && n <= maxUnits
	switch {
	case per.months == 0 && (per.days == 0 || !whole):
		rest.WriteString(number + unit)
		return nil
	case !whole:
		return fmt.Errorf("found %s, expected a whole number of %ss up to %d", clip(number), unit, maxUnits)
	}
	i.months += n * per.months
	i.days += n * per.days
	if i.months > math.MaxInt32 || i.days > math.MaxInt32 {
		return fmt.Errorf("too many %ss", unit)
	}
	return nil
}

// parseInterval reads an interval that has a length.
func parseInterval(s string) (int64, error) {
	i, err := readInterval(s)
	if err != nil {
		return 0, err
	}
	if i.months != 0 {
		return 0, fmt.Errorf("%q has no fixed length", s)
	}
	ns, _ := i.duration() // which readInterval has seen to
	return ns, nil
}
