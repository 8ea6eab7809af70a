package fn

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestNth(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		v := make([]float64, 1+r.IntN(50))
		for i := range v {
			v[i] = float64(r.IntN(1 + r.IntN(40)))
		}
		sorted := slices.Clone(v)
		slices.Sort(sorted)
		k := r.IntN(len(v))
		if got := nth(v, k); got != sorted[k] {
			t.Fatalf("nth(%v, %d): got %v, want %v", sorted, k, got, sorted[k])
		}
	}
}
