package encoding

import (
	"errors"
	"math"
	"slices"
	"testing"
)

var levels = []Level{Fast, Best}

var intColumns = map[string][]int64{
	"none":        {},
	"one":         {42},
	"extremes":    {math.MinInt64, math.MaxInt64, 0, -1, math.MaxInt64, math.MinInt64},
	"constant":    slices.Repeat([]int64{-7}, 1000),
	"runs":        slices.Concat(slices.Repeat([]int64{1}, 500), slices.Repeat([]int64{-9}, 300)),
	"alternating": slices.Repeat([]int64{5, -5}, 700),
	"rising":      series(1000, func(i int) int64 { return 1_700_000_000_000_000_000 + int64(i)*1000 }),
}

func series(n int, f func(i int) int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

func TestInts_RoundTrip(t *testing.T) {
	for name, v := range intColumns {
		for _, level := range levels {
			col := Encoder{Level: level}.AppendInts([]byte("head"), v)[4:]
			got, err := Ints([]int64{9}, col, len(v))
			if err != nil || !slices.Equal(got[1:], v) {
				t.Errorf("%s: got %v, %v; want %v", name, got, err, v)
			}
			if values, ends, ok, err := IntRuns(col, len(v)); err != nil {
				t.Errorf("%s: runs: %v", name, err)
			} else if ok && len(v) > 0 && (int(ends[len(ends)-1]) != len(v) || len(values) != len(ends)) {
				t.Errorf("%s: runs: got %v %v", name, values, ends)
			}
			if _, err := Ints(nil, append(col, 0), len(v)); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: a byte too many: got %v", name, err)
			}
			if _, err := Ints(nil, col[:len(col)-1], len(v)); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: a byte too few: got %v", name, err)
			}
		}
	}
}

func TestFloats_RoundTrip(t *testing.T) {
	for _, v := range [][]float64{nil, {0}, {math.Copysign(0, -1), 0, math.NaN(), math.Inf(1), 1.5, 1e300}} {
		got, err := Floats(nil, Encoder{}.AppendFloats(nil, v), len(v))
		if err != nil || len(got) != len(v) {
			t.Fatalf("got %v, %v; want %v", got, err, v)
		}
		for i := range v {
			if math.Float64bits(got[i]) != math.Float64bits(v[i]) {
				t.Errorf("row %d: got %v, want %v", i, got[i], v[i])
			}
		}
	}
}

func TestStrings_RoundTrip(t *testing.T) {
	for _, v := range [][]string{nil, {""}, {"a", "", "b\x00\xff", "ccc"}} {
		got, err := Strings(Encoder{}.AppendStrings(nil, v), len(v), 100)
		if err != nil || !slices.Equal(got, v) {
			t.Errorf("got %q, %v; want %q", got, err, v)
		}
	}
	if _, err := Strings(Encoder{}.AppendStrings(nil, []string{"abcd"}), 1, 3); !errors.Is(err, ErrCorrupt) {
		t.Errorf("past the limit: got %v", err)
	}
}

func TestFixedBytes_RoundTrip(t *testing.T) {
	v := []byte("0123456789abcdef")
	got, err := FixedBytes([]byte("x"), Encoder{}.AppendBytes(nil, v, 8), 2, 8)
	if err != nil || string(got) != "x"+string(v) {
		t.Errorf("got %q, %v", got, err)
	}
}
