package part_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/internal/part"
)

// TestTraceCache_ConcurrentSafe reads traces of several parts through caches
// that hold all of them, some and none: the answers are the same, and the cache
// keeps to its limit.
func TestTraceCache_ConcurrentSafe(t *testing.T) {
	s := otlpwire.Traces
	var parts []*part.Part
	for _, rows := range []int{0, 1, 5, 9} {
		parts = append(parts, open(t, full(t, s, part.Options{GroupRows: rows})))
	}
	ids := make([][16]byte, 8)
	want := make([][]byte, len(ids))
	some := false
	for i := range ids {
		ids[i] = [16]byte{byte(i), 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, byte(i)}
		for _, p := range parts {
			var err error
			if want[i], _, err = findTrace(p, want[i], ids[i], nil); err != nil {
				t.Fatal(err)
			}
		}
		some = some || len(want[i]) > 0
	}
	if !some {
		t.Fatal("no trace is in any part")
	}
	const most = 1 << 30
	all := int64(0)
	for _, limit := range []int64{most, 0, 1} {
		if limit == 1 { // a good part of what all took
			limit = all / 3
		}
		c := part.NewTraceCache(limit, nil)
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				for i := range 20 * len(ids) {
					k := (i + worker) % len(ids)
					var got []byte
					for _, p := range parts {
						var err error
						if got, _, err = findTrace(p, got, ids[k], c); err != nil {
							t.Error(err)
							return
						}
					}
					if !bytes.Equal(got, want[k]) {
						t.Errorf("limit %d: trace %d differs", limit, k)
						return
					}
					if n := c.Bytes(); n > limit {
						t.Errorf("%d bytes held, limit %d", n, limit)
						return
					}
				}
			})
		}
		wg.Wait()
		if all == 0 {
			if all = c.Bytes(); all == 0 {
				t.Error("nothing was kept")
			}
		}
		for _, p := range parts {
			c.Drop(p)
		}
		if n := c.Bytes(); n != 0 {
			t.Errorf("%d bytes held after all parts were dropped", n)
		}
	}
}
