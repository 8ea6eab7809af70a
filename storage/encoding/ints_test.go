package encoding

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var levels = []Level{Fast, Best}

func series(n int, f func(i int) int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

// intColumns are columns with the codec that must be chosen for them at level
// Fast ("" where it does not matter).
func intColumns() map[string]struct {
	v     []int64
	codec string
} {
	rng := rand.New(rand.NewPCG(1, 2))
	walk := int64(0)
	const day = 1_700_000_000_000_000_000
	return map[string]struct {
		v     []int64
		codec string
	}{
		"none":          {nil, "empty"},
		"one":           {[]int64{42}, "constant"},
		"two":           {[]int64{math.MinInt64, math.MaxInt64}, ""},
		"extremes":      {[]int64{math.MinInt64, math.MaxInt64, 0, -1, 1, math.MaxInt64, math.MinInt64}, ""},
		"constant":      {slices.Repeat([]int64{-7}, 1000), "constant"},
		"runs":          {slices.Concat(slices.Repeat([]int64{1}, 500), slices.Repeat([]int64{-9}, 300)), "runs 2"},
		"alternating":   {slices.Repeat([]int64{math.MinInt64, math.MaxInt64}, 700), ""},
		"steady":        {series(1000, func(i int) int64 { return day + int64(i)*1000 }), ""},
		"uniform":       {series(10000, func(int) int64 { return rng.Int64N(1 << 20) }), "packed/0"},
		"rising":        {series(10000, func(i int) int64 { return day + int64(i)<<20 + rng.Int64N(1<<19) }), "packed/1"},
		"quadratic":     {series(5000, func(i int) int64 { return int64(i)*int64(i)*1001 + rng.Int64N(3) }), "packed/2"},
		"outliers":      {series(10000, func(i int) int64 { return rng.Int64N(1<<14) + int64(i%1000/999)<<55 }), "packed/0"},
		"low outlier":   {series(10000, func(i int) int64 { return rng.Int64N(1<<14) - int64(i%1000/999)<<55 }), ""},
		"wandering":     {series(20000, func(i int) int64 { walk += rng.Int64N(1<<14) - 1<<13; return walk/1000*1000 + rng.Int64N(300) }), ""},
		"local":         {series(20000, func(i int) int64 { return int64(i/128*7919%100)<<30 + rng.Int64N(1<<12) }), "local/0"},
		"magnitudes":    {series(20000, func(int) int64 { return rng.Int64() >> rng.IntN(60) }), "buckets/0"},
		"noise":         {series(20000, func(int) int64 { return int64(rng.Uint64()) }), "packed"},
		"milliseconds":  {series(10000, func(i int) int64 { return day + rng.Int64N(1<<20)*1_000_000 }), "multiples 1000000(packed/0)"},
		"few values":    {series(10000, func(int) int64 { return []int64{9, 1 << 50, -3 << 44, 17}[rng.IntN(4)] }), "dict 4("},
		"skewed codes":  {series(10000, func(i int) int64 { return int64(max(0, rng.IntN(40)-36)) }), ""},
		"repeated text": {series(10000, func(i int) int64 { return int64(i * i % 251 * 7) }), "multiples 7(bytes/0)"},
		"periodic":      {series(1<<16, func(i int) int64 { return day + int64(i%480)*500_000_003 + int64(i%480*i%480)%99 }), "dict 480"},
		"block edge":    {series(129, func(i int) int64 { return int64(i * i * i) }), ""},
	}
}

func TestInts_RoundTrip(t *testing.T) {
	for name, c := range intColumns() {
		for _, level := range levels {
			checkInts(t, name, Encoder{Level: level}, c.v)
		}
		for n := range min(len(c.v), 4) {
			checkInts(t, name, Encoder{}, c.v[:n])
		}
	}
}

func checkInts(t *testing.T, name string, e Encoder, v []int64) {
	t.Helper()
	col := e.AppendInts([]byte("head"), v)[4:]
	got, err := Ints([]int64{9}, col, len(v))
	if err != nil || !slices.Equal(got[1:], v) {
		t.Fatalf("%s: got %v, %v; want %v", name, got, err, v)
	}
	checkRuns(t, name, col, v)
	if _, err := Ints(nil, append(col, 0), len(v)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%s: a byte too many: got %v", name, err)
	}
	if _, err := Ints(nil, col[:len(col)-1], len(v)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%s: a byte too few: got %v", name, err)
	}
}

func checkRuns(t *testing.T, name string, col []byte, v []int64) {
	t.Helper()
	values, ends, ok, err := IntRuns(col, len(v))
	if err != nil {
		t.Fatalf("%s: runs: %v", name, err)
	}
	if !ok {
		return
	}
	var back []int64
	for i, x := range values {
		back = append(back, slices.Repeat([]int64{x}, int(ends[i])-len(back))...)
	}
	if !slices.Equal(back, v) {
		t.Errorf("%s: runs %v %v do not make %v", name, values, ends, v)
	}
}

func TestInts_PicksCodec(t *testing.T) {
	for name, c := range intColumns() {
		got := describeInts(Encoder{}.AppendInts(nil, c.v), len(c.v))
		if !strings.HasPrefix(got, c.codec) {
			t.Errorf("%s: got %s, want %s", name, got, c.codec)
		}
	}
}

func TestUints_RoundTrip(t *testing.T) {
	for name, c := range intColumns() {
		v := make([]uint32, len(c.v))
		for i, x := range c.v {
			v[i] = uint32(x)
		}
		for _, level := range levels {
			col := Encoder{Level: level}.AppendUints(nil, v)
			got, err := Uints(nil, col, len(v))
			if err != nil || !slices.Equal(got, v) {
				t.Fatalf("%s: got %v, %v; want %v", name, got, err, v)
			}
			if values, ends, ok, err := UintRuns(col, len(v)); err != nil || ok && len(values) != len(ends) {
				t.Errorf("%s: runs: got %v %v, %v", name, values, ends, err)
			}
		}
	}
}

// TestInts_EveryTransform checks the codecs that take a transform under all of
// them, whatever the encoder would choose.
func TestInts_EveryTransform(t *testing.T) {
	e := Encoder{}
	for name, c := range intColumns() {
		if len(c.v) == 0 {
			continue
		}
		check := func(codec string, col []byte) {
			t.Helper()
			got, err := Ints(nil, col, len(c.v))
			if err != nil || !slices.Equal(got, c.v) {
				t.Errorf("%s by %s: %v", name, codec, err)
			}
		}
		for order := range maxOrder + 1 {
			for _, base := range []int64{0, c.v[0], math.MinInt64, math.MaxInt64} {
				tr := transform{order: order, base: base}
				check("packed", appendPacked(nil, c.v, tr))
				zz := transform{order: order, base: base, zigzag: true}
				check("rows", e.appendIntBytes(nil, c.v, zz, layoutRows))
				check("planes", e.appendIntBytes(nil, c.v, tr, layoutPlanes))
				for fine := range maxFine + 1 {
					if col, ok := e.appendBuckets(nil, c.v, zz, fine); ok {
						check("buckets", col)
					}
				}
			}
			check("local", appendLocal(nil, c.v, order))
		}
	}
}

func TestInts_NestingIsBounded(t *testing.T) {
	col := Encoder{}.AppendInts(nil, []int64{1, 2, 3, 9})
	for range maxDepth + 1 {
		col = append([]byte{intMultiples, 0, 1}, col...)
	}
	if _, err := Ints(nil, col, 4); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

func TestInts_RefusesRowCounts(t *testing.T) {
	for _, n := range []int{-1, MaxRows + 1, math.MaxInt} {
		if _, err := Ints(nil, []byte{intConstant, 0}, n); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d rows: got %v", n, err)
		}
	}
}

func TestUnpackBits_EveryWidth(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for width := range 65 {
		for _, n := range []int{1, 2, 7, 64, 127, 128} {
			v := make([]uint64, n)
			want := make([]int64, n)
			for i := range v {
				v[i] = rng.Uint64()
				want[i] = int64(v[i] & (uint64(1)<<width - 1))
			}
			packed := appendBits(nil, v, width)
			if len(packed) != packedSize(n, width) {
				t.Fatalf("width %d: %d bytes, want %d", width, len(packed), packedSize(n, width))
			}
			got := make([]int64, n)
			if unpackBits(got, packed, width); !slices.Equal(got, want) {
				t.Errorf("width %d, %d values: got %x, want %x", width, n, got, want)
			}
		}
	}
}

// TestInts_MisleadingSample gives a column whose sampled blocks are all alike
// and unlike the rest.
func TestInts_MisleadingSample(t *testing.T) {
	const blocks = 512
	sampled := map[int]bool{}
	for f := 0.0; f < blocks; f += blocks / float64(sampleBlocks) {
		sampled[int(f)] = true
	}
	rng := rand.New(rand.NewPCG(11, 12))
	v := series(blocks*blockLen, func(i int) int64 {
		if sampled[i/blockLen] {
			return 1<<40 + rng.Int64N(8)
		}
		return rng.Int64N(256)
	})
	col := Encoder{}.AppendInts(nil, v)
	if got, err := Ints(nil, col, len(v)); err != nil || !slices.Equal(got, v) {
		t.Fatalf("does not come back: %v", err)
	}
	if len(col) > len(v)*5/4 {
		t.Errorf("%d bytes for %d values of a byte each (%s)", len(col), len(v), describeInts(col, len(v)))
	}
}

// TestIntRuns_AtAnyDepth: values that repeat for long are read as runs whatever
// codec they stand in.
func TestIntRuns_AtAnyDepth(t *testing.T) {
	for name, values := range map[string][]int64{
		"runs":      {3, 5, 4, 9, 1, 8},
		"multiples": {3000, 5000, 4000, 9000, 1000, 8000},
		"few":       {7, 1 << 40, -5, 1 << 40, 7, 1 << 40, -5, 7, 1 << 40, -5},
	} {
		var v []int64
		for i := range 60 {
			v = append(v, slices.Repeat([]int64{values[i%len(values)]}, 900+i)...)
		}
		for _, level := range levels {
			col := Encoder{Level: level}.AppendInts(nil, v)
			got, ends, ok, err := IntRuns(col, len(v))
			if err != nil || !ok || len(got) != 60 || len(ends) != 60 {
				t.Errorf("%s (%s): %d runs, %v, %v", name, describeInts(col, len(v)), len(got), ok, err)
			}
			checkRuns(t, name, col, v)
		}
	}
}
