package pipeline_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
)

func (s *fakeStore) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rows := range s.requests {
		n += len(rows)
	}
	return n
}

// TestCatchUp_ShowsWhatWasCommitted looks at the store after each of many
// records, while others write and give slots up again.
func TestCatchUp_ShowsWhatWasCommitted(t *testing.T) {
	ring := newRing(t, 32<<10)
	store := openStore(newDisk())
	p := start(t, newPipeline(t, ring, pipeline.Options{Store: store, Linger: time.Hour}))
	w := producer{t, ring}
	scope := w.scope("a", "x")
	var over atomic.Bool
	var others sync.WaitGroup
	others.Go(func() {
		for !over.Load() {
			if slot, err := ring.Reserve(otlpwire.KindSpan, 100); err == nil {
				slot.Abort()
			}
			time.Sleep(100 * time.Microsecond)
		}
	})
	defer func() { over.Store(true); others.Wait() }()
	for i := range 500 { // several times around the ring
		must(t, func() error { return w.span(scope, number("s", i)) })
		if err := p.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := store.count(); n != i+1 {
			t.Fatalf("%d rows are there, want %d", n, i+1)
		}
	}
}

// TestCatchUp_IsBounded asks a store that takes nothing, and one that is idle
// behind slots that hold no record.
func TestCatchUp_IsBounded(t *testing.T) {
	ring := newRing(t, 64<<10)
	store := openStore(newDisk())
	var broken atomic.Bool
	store.fail = func() error {
		if broken.Load() {
			return errors.New("broken")
		}
		return nil
	}
	p := start(t, newPipeline(t, ring, pipeline.Options{Store: store}))
	for range 100 {
		slot, err := ring.Reserve(otlpwire.KindSpan, 100)
		if err != nil {
			t.Fatal(err)
		}
		slot.Abort()
		if err := p.CatchUp(t.Context()); err != nil {
			t.Fatalf("behind an aborted slot: %v", err)
		}
	}
	broken.Store(true)
	w := producer{t, ring}
	must(t, func() error { return w.whole("a") })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := p.CatchUp(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a store that takes nothing: %v", err)
	}
	broken.Store(false)
	if err := p.CatchUp(t.Context()); err != nil || store.count() != 1 {
		t.Errorf("when it works again: %v, %d rows", err, store.count())
	}
}

func BenchmarkCatchUp_NothingToWaitFor(b *testing.B) {
	ring := newRing(b, 1<<20)
	p, err := pipeline.New(ring, pipeline.Options{Store: openStore(newDisk()), Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.CatchUp(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
