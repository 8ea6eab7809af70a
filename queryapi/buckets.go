package queryapi

import (
	"strconv"
	"time"
)

// buckets divide a range of time: the first begins at From, each is Step long.
// They are part of the answers that have a number for each bucket.
type buckets struct {
	From time.Time     `json:"from"`
	Step time.Duration `json:"step"`
	n    int
}

// How many buckets there are.
const (
	defaultBuckets = 60
	maxBuckets     = 1000
)

// steps are the widths that buckets of more than a second may have, those of
// less are 1, 2 or 5 times a power of ten. Beyond the last they are its multiples.
var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	day, 2 * day, 7 * day, 14 * day, 28 * day,
}

const day = 24 * time.Hour

// stepOf returns the least width of which n buckets cover a range.
func stepOf(length time.Duration, n int) time.Duration {
	least := max(length/time.Duration(n), 1)
	if least*time.Duration(n) < length {
		least++
	}
	for unit := time.Duration(1); unit < time.Second; unit *= 10 {
		for _, step := range []time.Duration{unit, 2 * unit, 5 * unit} {
			if step >= least {
				return step
			}
		}
	}
	for _, step := range steps {
		if step >= least {
			return step
		}
	}
	last := int64(steps[len(steps)-1])
	return time.Duration((int64(least) + last - 1) / last * last)
}

// buckets divides the range of a selection into about as many buckets as the
// parameter says. The selection gets a bound where it had none: that of the
// records in it.
func (l *look) buckets(s *selection) (b buckets, err error) {
	n, err := l.number("buckets", 1, maxBuckets, defaultBuckets)
	if err != nil {
		return b, err
	}
	if err := l.close(s); err != nil {
		return b, err
	}
	return divide(s.from, s.to, n), nil
}

func divide(from, to time.Time, n int) buckets {
	length := to.Sub(from) // the longest there is where it does not fit
	step := stepOf(length, n)
	first := from.UnixNano() - (from.UnixNano()%int64(step)+int64(step))%int64(step)
	last := to.UnixNano() - 1
	return buckets{From: time.Unix(0, first).UTC(), Step: step, n: int((last-first)/int64(step)) + 1}
}

// close bounds the range of a selection where it is open, by the records in it:
// without any it is the present second.
func (l *look) close(s *selection) error {
	if s.from.IsZero() || s.to.IsZero() {
		rows, err := l.selectRows(s, "min(timestamp), max(timestamp)", "")
		if err != nil {
			return err
		}
		first, some := rows[0][0].(time.Time)
		last, _ := rows[0][1].(time.Time)
		if !some {
			first, last = l.now, l.now
		}
		if s.from.IsZero() {
			s.from = first
		}
		if s.to.IsZero() {
			s.to = last.Add(1)
		}
		if !s.from.Before(s.to) { // nothing is there
			s.from, s.to = earlier(s.from, s.to), earlier(s.from, s.to).Add(time.Second)
		}
	}
	s.bound()
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// expr returns the expression of a row's bucket.
func (b buckets) expr() string {
	return "time_bucket(" + strconv.FormatInt(int64(b.Step), 10) + "ns, timestamp)"
}

// index returns the bucket of what expr returned, and false for a time outside.
func (b buckets) index(v any) (int, bool) {
	t, ok := v.(time.Time)
	if !ok {
		return 0, false
	}
	return b.at(t.UnixNano())
}

// at returns the bucket of a time.
func (b buckets) at(nanos int64) (int, bool) {
	i := nanos - b.From.UnixNano()
	if i < 0 {
		return 0, false
	}
	i /= int64(b.Step)
	return int(i), i < int64(b.n)
}
