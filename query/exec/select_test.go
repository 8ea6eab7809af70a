package exec

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSelectFirst_MovesTheLeast moves the least of lists with and without equal
// values to the front.
func TestSelectFirst_MovesTheLeast(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		list := make([]int, 1+r.IntN(40))
		for i := range list {
			list[i] = r.IntN(1 + r.IntN(50))
		}
		n := r.IntN(len(list) + 1)
		want := slices.Sorted(slices.Values(list))
		got := slices.Clone(list)
		selectFirst(got, n, cmp.Compare[int])
		slices.Sort(got[:n])
		slices.Sort(got[n:])
		if !slices.Equal(got, want) {
			t.Fatalf("the first %d of %v are not in front: %v", n, list, got)
		}
	}
}
