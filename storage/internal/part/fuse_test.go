package part

import (
	"fmt"
	"testing"

	"github.com/cespare/xxhash/v2"
)

// TestFuse_HoldsItsValues makes filters of many sizes: each holds all of its
// values, those that come twice included, and few others.
func TestFuse_HoldsItsValues(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 10, 100, 1000, 5000, 131072} {
		for _, width := range []int{4, 8, 13} {
			var hashes []uint64
			for i := range n {
				hashes = append(hashes, xxhash.Sum64String(fmt.Sprint(i)))
			}
			if n > 2 {
				hashes[1] = hashes[0]
			}
			f := newFuse(hashes, width)
			if f == nil {
				t.Fatalf("no filter of %d values", n)
			}
			b := f.append(nil)
			f, err := parseFuse(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range hashes {
				if !f.mayHold(h) {
					t.Fatalf("a value of %d is left out", n)
				}
			}
			wrong := 0
			const tries = 20000
			for i := range tries {
				if f.mayHold(xxhash.Sum64String(fmt.Sprintf("other %d", i))) {
					wrong++
				}
			}
			if wrong > tries*3/2>>width+20 {
				t.Errorf("%d values, %d bits: %d of %d others pass", n, width, wrong, tries)
			}
			if n >= 5000 {
				t.Logf("%d values, %d bits: %.2f bits a value, %d of %d others pass", n, width, float64(8*len(b))/float64(n), wrong, tries)
			}
		}
	}
}

func BenchmarkFuse(b *testing.B) {
	hashes := make([]uint64, 131072)
	for i := range hashes {
		hashes[i] = xxhash.Sum64String(fmt.Sprint(i))
	}
	for b.Loop() {
		newFuse(hashes, 8)
	}
}
