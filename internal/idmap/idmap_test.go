package idmap

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestMap_AgreesWithMap compares it with a map of Go's, of ids that differ in a
// few bits and of all kinds.
func TestMap_AgreesWithMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, room := range []int{0, 1, 100} {
		m, want := New(room), map[uint64]uint32{}
		for i := range uint32(5000) {
			id := r.Uint64() >> r.IntN(64) << r.IntN(8)
			switch r.IntN(4) {
			case 0:
				if got := m.Get(id); got != want[id] {
					t.Fatalf("Get(%x) = %d, want %d", id, got, want[id])
				}
			case 1:
				if m.Set(id, i+1); want[id] != 0 {
					want[id] = i + 1
				}
			default:
				if want[id] == 0 {
					want[id] = i + 1
				}
				if got := m.Add(id, i+1); got != want[id] {
					t.Fatalf("Add(%x) = %d, want %d", id, got, want[id])
				}
			}
		}
		for id, n := range want {
			if got := m.Get(id); got != n {
				t.Fatalf("Get(%x) = %d, want %d", id, got, n)
			}
		}
		if size := 16 * len(m.slots); m.used != len(want) || size > BytesPerID*(room+m.used+3) {
			t.Errorf("%d ids in %d bytes", m.used, size)
		}
	}
}

func BenchmarkMap(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		ids := make([]uint64, n)
		for i := range ids {
			ids[i] = rand.Uint64()
		}
		b.Run(fmt.Sprintf("ids=%d/map=own", n), func(b *testing.B) {
			for b.Loop() {
				m := New(n)
				for i, id := range ids {
					m.Add(id, uint32(i)+1)
				}
			}
		})
		b.Run(fmt.Sprintf("ids=%d/map=go", n), func(b *testing.B) {
			for b.Loop() {
				m := make(map[uint64]uint32, n)
				for i, id := range ids {
					if _, ok := m[id]; !ok {
						m[id] = uint32(i) + 1
					}
				}
			}
		})
	}
}
