package fn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSketch_RanksAreWithinItsAccuracy compares every rank with the sorted
// values, of sketches that were filled one by one and merged.
func TestSketch_RanksAreWithinItsAccuracy(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for name, next := range map[string]func() float64{
		"durations": func() float64 { return math.Exp(r.NormFloat64()*3 + 12) },
		"signed":    func() float64 { return r.NormFloat64() * 1e3 },
		"integers":  func() float64 { return float64(r.IntN(7) - 3) },
		"tiny":      func() float64 { return (r.Float64() + 1e-6) * 1e-300 },
		"huge":      func() float64 { return math.MaxFloat64 * (r.Float64() + 1e-6) / (1 + 1e-6) },
	} {
		var parts [3]*sketch
		for i := range parts {
			parts[i] = newSketch()
		}
		values := make([]float64, 5000)
		for i := range values {
			values[i] = next()
			parts[i%len(parts)].add(values[i])
		}
		s := parts[0]
		s.merge(parts[1])
		s.merge(parts[2])
		slices.Sort(values)
		if got := s.count(); got != int64(len(values)) {
			t.Fatalf("%s: %d values, want %d", name, got, len(values))
		}
		for i, want := range values {
			if got := s.at(int64(i)); math.Abs(got-want) > math.Abs(want)*sketchAccuracy*1.000001 {
				t.Fatalf("%s: rank %d is %g, want %g", name, i, got, want)
			}
		}
	}
}

// TestSketch_IsBounded folds what is lowest: the high ranks stay exact.
func TestSketch_IsBounded(t *testing.T) {
	s := newSketch()
	for e := -300; e <= 300; e++ {
		s.add(math.Pow(10, float64(e)))
		s.add(-math.Pow(10, float64(e)))
	}
	if n := len(s.above.counts) + len(s.below.counts); n > 2*sketchBins {
		t.Errorf("it has %d bins", n)
	}
	n := s.count()
	for i, want := range []float64{1e300, 1e299, 1e290} {
		if got := s.at(n - 1 - []int64{0, 1, 10}[i]); math.Abs(got-want) > want*sketchAccuracy*1.000001 {
			t.Errorf("one of the highest is %g, want %g", got, want)
		}
	}
	if got := s.at(0); got >= 0 {
		t.Errorf("the lowest is %g", got)
	}
}

func BenchmarkSketch(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 3))
	values := make([]float64, 1000)
	for i := range values {
		values[i] = math.Exp(r.NormFloat64()*3 + 12)
	}
	s := newSketch()
	b.ReportAllocs()
	for b.Loop() {
		for _, v := range values {
			s.add(v)
		}
	}
}

// TestBinOf_IsThatOfTheLogarithm compares bins with what they are by
// definition, most of all close to their ends.
func TestBinOf_IsThatOfTheLogarithm(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	check := func(x float64) {
		t.Helper()
		if got, want := binOf(x), int(math.Ceil(math.Log(x)/logGamma)); got != want {
			t.Fatalf("%g (%x) is in bin %d, want %d", x, math.Float64bits(x), got, want)
		}
	}
	for range 200_000 {
		check(math.Float64frombits(0x0010_0000_0000_0000 + r.Uint64N(0x7fe0_0000_0000_0000)))
		check(float64(1 + r.Int64N(1<<40)))
		end := math.Exp(float64(r.IntN(120_000)-60_000) * logGamma)
		for range 3 {
			check(end)
			end = math.Nextafter(end, math.MaxFloat64)
		}
		check(end * (1 + 1e-8*(r.Float64()-0.5)))
	}
	check(math.MaxFloat64)
	check(0x1p-1022)
	if binOf(math.SmallestNonzeroFloat64) != binOf(0x1p-1022) {
		t.Error("a number that is not normal has a bin of its own")
	}
}

func BenchmarkSketchAdd(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 7))
	values := make([]float64, 4096)
	for i := range values {
		values[i] = math.Exp(r.NormFloat64()*3 + 12)
	}
	s := newSketch()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.add(values[i%len(values)])
	}
}

// TestSketch_MergedIsAsAdded merges sketches of values as far apart as bins reach, and
// farther: each rank is that of one sketch of all values, up to where bins at one end
// become one.
func TestSketch_MergedIsAsAdded(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		parts, all := []*sketch{newSketch(), newSketch(), newSketch()}, newSketch()
		spread := 1 + r.Float64()*40
		for range 1 + r.IntN(300) {
			x := math.Pow(10, (r.Float64()-0.5)*spread) * float64(1-2*r.IntN(2))
			parts[r.IntN(len(parts))].add(x)
			all.add(x)
		}
		merged := newSketch()
		for _, p := range parts {
			merged.merge(p)
		}
		if merged.count() != all.count() {
			t.Fatalf("%d values merged, %d added", merged.count(), all.count())
		}
		for rank := range all.count() {
			if spread > 15 {
				break
			}
			if got, want := merged.at(rank), all.at(rank); got != want {
				t.Fatalf("spread over 1e%.0f: rank %d is %g, not %g", spread, rank, got, want)
			}
		}
	}
}
