package queryapi

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// expOf returns an exponential histogram of positive and negative values, as an
// SDK makes it.
func expOf(scale int, values []float64) *exponential {
	e := &exponential{scale: scale}
	for _, v := range values {
		if v == 0 {
			e.zero++
			continue
		}
		i := int(math.Ceil(math.Ldexp(math.Log2(math.Abs(v)), scale))) - 1
		to := &e.positive
		if v < 0 {
			to = &e.negative
		}
		to.add(&side{i, []float64{1}}, 1)
	}
	return e
}

// TestDistribution_Quantiles compares quantiles of histograms of both kinds,
// merged from streams of different scales, with those of the values.
func TestDistribution_Quantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var exp, classics distribution
	var values []float64
	bounds := []float64{-10, 0, 1, 2, 5, 10, 20, 50, 100}
	for stream := range 5 {
		var of []float64
		for range 1000 {
			of = append(of, math.Exp(r.NormFloat64()*1.5)-2)
		}
		c := classic{bounds, make([]float64, len(bounds)+1)}
		for _, v := range of {
			at, found := slices.BinarySearch(bounds, v)
			_ = found // a value that is a bound belongs below it
			c.counts[at]++
		}
		for _, err := range []error{
			exp.merge(&distribution{count: 1000, exp: expOf(4+stream, of)}),
			classics.merge(&distribution{count: 1000, classic: []classic{c}}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		values = append(values, of...)
	}
	slices.Sort(values)
	if exp.exp.scale != 4 || exp.count != 5000 || len(classics.classic) != 1 {
		t.Errorf("scale %d, count %g, %d sets of bounds", exp.exp.scale, exp.count, len(classics.classic))
	}
	for _, q := range []float64{0.01, 0.25, 0.5, 0.9, 0.99} {
		want := values[int(math.Ceil(q*float64(len(values))))-1]
		if got := exp.quantile(q); math.Abs(got-want) > 0.05*math.Abs(want)+0.01 {
			t.Errorf("exponential: p%g is %g, want about %g", 100*q, got, want)
		}
		at, _ := slices.BinarySearch(bounds, want)
		low, high := bounds[max(at-1, 0)], bounds[min(at, len(bounds)-1)]
		if got := classics.quantile(q); got < low || got > high {
			t.Errorf("classic: p%g is %g, want one from %g to %g", 100*q, got, low, high)
		}
	}
}

// TestDistribution_Minus takes what was added from two states of a counter, also
// where the sender changed the scale between them.
func TestDistribution_Minus(t *testing.T) {
	before, added := []float64{1, 3, 0, -2, 900}, []float64{2, 2, 7, 0, -5}
	for _, scales := range [][2]int{{3, 3}, {5, 2}, {2, 5}} {
		first := distribution{count: 5, sum: 902, exp: expOf(scales[0], before)}
		second := distribution{count: 10, sum: 908, exp: expOf(scales[1], append(slices.Clone(before), added...))}
		got := second.minus(&first)
		want := distribution{count: 5, sum: 6, exp: expOf(min(scales[0], scales[1]), added)}
		if !slices.Equal(got.intervals(), want.intervals()) || got.count != want.count || got.sum != want.sum {
			t.Errorf("scales %v: got %v, want %v", scales, got.intervals(), want.intervals())
		}
	}
}

// TestDistribution_IsBounded merges histograms whose buckets lie as far apart as
// a sender can put them.
func TestDistribution_IsBounded(t *testing.T) {
	var h distribution
	for _, offset := range []int{math.MinInt32, -1, 0, 5, math.MaxInt32} {
		e := &exponential{scale: 20, positive: side{offset, make([]float64, 5000)}, negative: side{-offset / 2, []float64{1}}}
		e.positive.counts[0] = 1
		e.fit()
		if err := h.merge(&distribution{count: 2, exp: e}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(h.exp.positive.counts); n > maxSide {
		t.Errorf("%d buckets", n)
	}
	sum := 0.0
	for _, v := range h.intervals() {
		sum += v.n
	}
	if sum != 10 {
		t.Errorf("%g values, want 10", sum)
	}
	if v := new(distribution).quantile(0.5); !math.IsNaN(v) {
		t.Errorf("the median of nothing is %g", v)
	}
}

// TestBuckets divides ranges of all lengths.
func TestBuckets(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 10_000 {
		from := time.Unix(0, r.Int64N(1<<62)-1<<61)
		length := time.Duration(1 + r.Int64N(1<<(1+r.IntN(61))))
		n := 1 + r.IntN(maxBuckets)
		b := divide(from, from.Add(length), n)
		first, inside := b.at(from.UnixNano())
		last, inside2 := b.at(from.Add(length).UnixNano() - 1)
		if !inside || !inside2 || first != 0 || last != b.n-1 || b.n > n+1 {
			t.Fatalf("%s from %s in %d: %d buckets of %s from %s; the range is from %d %v to %d %v", length, from, n, b.n, b.Step, b.From, first, inside, last, inside2)
		}
		if b.From.UnixNano()%int64(b.Step) != 0 {
			t.Fatalf("buckets of %s begin at %s", b.Step, b.From)
		}
	}
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 1, 2, 15, 4, 5, 6, time.UTC)
	for text, want := range map[string]time.Time{
		"now":                                 now,
		"now-1h30m":                           now.Add(-90 * time.Minute),
		"now-7d":                              now.AddDate(0, 0, -7),
		"now+1w":                              now.AddDate(0, 0, 7),
		"2026-01-02":                          time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		"2026-01-02T16:04:05.000000006+01:00": now,
		"1767366245.000000006":                now,
		"1767366245":                          now.Truncate(time.Second),
		"-1.5":                                time.Unix(-2, 5e8),
		"0":                                   time.Unix(0, 0),
	} {
		if got, err := parseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "x", "now-", "now1h", "now-1y", "NaN", "Inf", "1e30", "2300-01-01", "now-99999999d"} {
		if got, err := parseTime(text, now); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
}

func TestSplitList(t *testing.T) {
	got := splitList(`service, upper(a, b), attributes['x,y'], "k,1", 'it''s, so'`)
	want := []string{"service", "upper(a, b)", "attributes['x,y']", `"k,1"`, "'it''s, so'"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
