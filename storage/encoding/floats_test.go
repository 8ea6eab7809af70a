package encoding

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func floatSeries(n int, f func(i int) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

func floatColumns() map[string]struct {
	v     []float64
	codec int // -1 where it does not matter
} {
	rng := rand.New(rand.NewPCG(5, 6))
	nan := math.Float64frombits(0x7ff8_0000_dead_beef)
	signaling := math.Float64frombits(0xfff0_0000_0000_0001)
	walk := 20.0
	return map[string]struct {
		v     []float64
		codec int // -1 where it does not matter
	}{
		"none":      {nil, floatBits},
		"one":       {[]float64{0.1}, floatDecimal},
		"special":   {[]float64{math.Copysign(0, -1), 0, nan, signaling, math.Inf(1), math.Inf(-1), 5e-324, math.MaxFloat64}, -1},
		"constant":  {slices.Repeat([]float64{math.Nextafter(math.Pi, 4)}, 1000), -1},
		"integers":  {floatSeries(10000, func(i int) float64 { return float64(rng.IntN(1000)) }), floatDecimal},
		"large":     {floatSeries(1000, func(i int) float64 { return math.Ldexp(float64(rng.IntN(1000)), 60) }), -1},
		"cents":     {floatSeries(10000, func(i int) float64 { return float64(rng.IntN(1e6)) / 100 }), floatDecimal},
		"mixed":     {floatSeries(10000, func(i int) float64 { return float64(rng.IntN(1e9)) / powers[i/512%10] }), floatDecimal},
		"exception": {floatSeries(10000, func(i int) float64 { return []float64{1.25, nan, math.Copysign(0, -1)}[i%97/95] }), floatDecimal},
		"walk":      {floatSeries(10000, func(i int) float64 { walk += rng.NormFloat64() / 100; return walk }), -1},
		"noise":     {floatSeries(3000, func(i int) float64 { return math.Float64frombits(rng.Uint64()) }), floatBits},
		"float32":   {floatSeries(5000, func(i int) float64 { return float64(rng.Float32()) }), floatBits},
	}
}

func TestFloats_RoundTrip(t *testing.T) {
	for name, c := range floatColumns() {
		for _, level := range levels {
			col := Encoder{Level: level}.AppendFloats(nil, c.v)
			got, err := Floats([]float64{9}, col, len(c.v))
			if err != nil || !sameFloats(got[1:], c.v) {
				t.Fatalf("%s: got %v, %v; want %v", name, got, err, c.v)
			}
			if level == Fast && c.codec >= 0 && int(col[0]) != c.codec {
				t.Errorf("%s: codec %d, want %d (%d bytes)", name, col[0], c.codec, len(col))
			}
			if _, err := Floats(nil, append(col, 0), len(c.v)); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: a byte too many: got %v", name, err)
			}
			if _, err := Floats(nil, col[:len(col)-1], len(c.v)); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s: a byte too few: got %v", name, err)
			}
		}
	}
}

func TestFloats_EveryCodec(t *testing.T) {
	e := Encoder{}
	for name, c := range floatColumns() {
		decimal, _ := e.appendFloatDecimal(nil, c.v)
		for _, col := range [][]byte{decimal, e.appendFloatBits(nil, c.v)} {
			got, err := Floats(nil, col, len(c.v))
			if err != nil || !sameFloats(got, c.v) {
				t.Errorf("%s by codec %d: %v", name, col[0], err)
			}
		}
	}
}
