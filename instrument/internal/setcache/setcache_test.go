package setcache

import (
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

func build(k int) []attribute.KeyValue { return []attribute.KeyValue{attribute.Int("k", k)} }

func value(s *Set) int64 {
	set := metric.NewRecordConfig(s.Record).Attributes()
	v, _ := set.Value("k")
	return v.AsInt64()
}

func TestCache_AnswersBeyondItsLimit(t *testing.T) {
	c := New(build)
	for range 2 {
		for k := range 2 * limit {
			if got := value(c.Get(k)); got != int64(k) {
				t.Fatalf("key %d gives %d", k, got)
			}
		}
	}
	if got := len(*c.known.Load()); got != limit {
		t.Errorf("holds %d entries, want %d", got, limit)
	}
}

func TestCache_ConcurrentSafe(t *testing.T) {
	c := New(build)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for k := range 100 {
				if got := value(c.Get(k)); got != int64(k) {
					t.Errorf("key %d gives %d", k, got)
				}
			}
		})
	}
	wg.Wait()
	if got := len(*c.known.Load()); got != 100 {
		t.Errorf("counts %d entries, want 100", got)
	}
}

func TestCache_HitAllocatesNothing(t *testing.T) {
	c := New(func(string) []attribute.KeyValue { return nil })
	c.Get("k")
	if n := testing.AllocsPerRun(100, func() { c.Get("k") }); n > 0 {
		t.Errorf("a hit allocates %v times", n)
	}
}
