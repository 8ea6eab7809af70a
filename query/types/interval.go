package types

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// IntervalType is the type of an INTERVAL with months, which is no length of
// time until it is added to one.
const IntervalType = Type(230)

// Interval is what INTERVAL '…' says. Days are 24 hours but where they are
// added to a time in a zone.
type Interval struct{ Months, Days, Nanos int64 }

// maxUnits bounds each part of an interval: no two timestamps are as far
// apart, even in days.
const maxUnits = 1_000_000

// Calendar reports whether adding the interval, if it is one, goes by the
// calendar.
func (i *Interval) Calendar() bool { return i != nil && (i.Months != 0 || i.Days != 0) }

// Duration returns the length of an interval without months.
func (i *Interval) Duration() (int64, bool) {
	d, ok := MulInt(i.Days, 24*3600e9)
	if !ok {
		return 0, false
	}
	return AddInt(d, i.Nanos)
}

// intervalWords are the long names of units.
var intervalWords = map[string]string{
	"nanosecond": "ns", "microsecond": "us", "millisecond": "ms", "second": "s", "sec": "s", "minute": "m", "min": "m",
	"hour": "h", "day": "d", "week": "w", "month": "month", "mon": "month", "quarter": "quarter", "year": "year",
}

// calendarUnits are the units that the calendar gives their length.
var calendarUnits = map[string]Interval{
	"month": {Months: 1}, "quarter": {Months: 3}, "year": {Months: 12}, "d": {Days: 1}, "w": {Days: 7},
}

// ReadInterval reads '1 hour 30 minutes', '1h30m' or '1 month'.
func ReadInterval(s string) (Interval, error) {
	var out Interval
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
	ns, err := ParseDuration(rest.String())
	if err != nil {
		return out, err
	}
	out.Nanos = ns
	if _, ok := out.Duration(); !ok {
		return out, fmt.Errorf("%q is not a duration that fits 64 bits of nanoseconds", s)
	}
	return out, nil
}

// add adds number units, or leaves them to rest, which is read as a duration.
func (i *Interval) add(number, unit string, rest *strings.Builder) error {
	per := calendarUnits[unit]
	n, err := strconv.ParseInt(number, 10, 64)
	whole := err == nil && n >= 0 && n <= maxUnits
	switch {
	case per.Months == 0 && (per.Days == 0 || !whole):
		rest.WriteString(number + unit)
		return nil
	case !whole:
		return fmt.Errorf("found %s, expected a whole number of %ss up to %d", Clip(number), unit, maxUnits)
	}
	i.Months += n * per.Months
	i.Days += n * per.Days
	if i.Months > math.MaxInt32 || i.Days > math.MaxInt32 {
		return fmt.Errorf("too many %ss", unit)
	}
	return nil
}

// ParseInterval reads an interval that has a length.
func ParseInterval(s string) (int64, error) {
	i, err := ReadInterval(s)
	if err != nil {
		return 0, err
	}
	if i.Months != 0 {
		return 0, fmt.Errorf("%q has no fixed length", s)
	}
	ns, _ := i.Duration() // which ReadInterval has seen to
	return ns, nil
}
