//go:build unix

package ringbuffer

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRing_SyncTo(t *testing.T) {
	memory := mustNew(t, 1024)
	if err := memory.SyncTo(t.Context(), mustWrite(t, memory, "x")); err != nil {
		t.Errorf("SyncTo in memory = %v", err)
	}
	r := mustOpen(t, ringPath(t), quiet(1<<20))
	if err := r.SyncTo(t.Context(), 8); err == nil || !strings.Contains(err.Error(), "position 8") {
		t.Errorf("SyncTo behind the head = %v", err)
	}
	end := mustWrite(t, r, "x")
	if err := r.SyncTo(t.Context(), end); err != nil {
		t.Error(err)
	}
	if n := r.Stats().Syncs; n != 1 {
		t.Errorf("%d syncs, want 1", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.SyncTo(ctx, end); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("SyncTo with an ended context = %v", err)
	}
}

// TestRing_SyncToConcurrentSafe has many waiters. How many of them share a sync
// is up to the disk and the scheduler; that they can is not.
func TestRing_SyncToConcurrentSafe(t *testing.T) {
	const waiters, each = 16, 20
	r := mustOpen(t, ringPath(t), quiet(1<<20))
	var idle sync.WaitGroup
	for range waiters {
		idle.Go(func() {
			for range each {
				end, err := r.Write(4, []byte("record"))
				if err == nil {
					err = r.SyncTo(t.Context(), end)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	idle.Wait()
	if n := r.Stats().Syncs; n < each || n > waiters*each {
		t.Errorf("%d syncs for %d waiters of %d rounds", n, waiters, each)
	}
	asleep := syncer{kick: make(chan struct{}, 1)}
	a, _ := asleep.join()
	b, _ := asleep.join()
	if a != b {
		t.Error("two who wait for a sync that has not begun do not share it")
	}
}

func TestRing_BackgroundSync(t *testing.T) {
	r := mustOpen(t, ringPath(t), Options{Size: 4096, SyncInterval: time.Millisecond})
	time.Sleep(10 * time.Millisecond)
	if n := r.Stats().Syncs; n != 0 {
		t.Errorf("%d syncs of a ring nobody wrote to", n)
	}
	mustWrite(t, r, "x")
	for deadline := time.Now().Add(5 * time.Second); r.Stats().Syncs == 0; {
		if time.Now().After(deadline) {
			t.Fatal("no background sync")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestRing_CloseWithSlotInUse has a producer write after Close gave up on it:
// neither a fault nor a byte in the file.
func TestRing_CloseWithSlotInUse(t *testing.T) {
	path := ringPath(t)
	r := mustOpen(t, path, quiet(4096))
	rd := mustReader(t, r, "a")
	mustWrite(t, r, "before")
	late, err := r.Reserve(4, 100)
	if err != nil {
		t.Fatal(err)
	}
	rd.Close()
	mustClose(t, r)
	next := mustOpen(t, path, quiet(0))
	mustWrite(t, next, "next")
	copy(late.Bytes(), strings.Repeat("late", 25))
	if end := late.Commit(); end != 0 {
		t.Errorf("Commit of a slot that Close gave up = %d, want 0", end)
	}
	if b := readFile(t, path); strings.Contains(string(b), "latelate") {
		t.Error("a late producer wrote into a file that has another owner")
	}
	if got := readAll(mustReader(t, next, "a")); len(got) != 2 || got[1] != "next" {
		t.Errorf("got %q", got)
	}
}

// TestRing_HintNeverFalls: the syncer may publish a head it read before a
// reader published a newer one. If the hint fell below that reader's cursor, a
// kill at that moment would leave a header that Open takes for damage.
func TestRing_HintNeverFalls(t *testing.T) {
	r := mustNew(t, 1024)
	mustWrite(t, r, "x")
	newer := r.headPos() + 64
	r.hdr.hint().Store(newer)
	r.publishHint()
	if got := r.hdr.hint().Load(); got != newer {
		t.Errorf("the hint fell from %d to %d", newer, got)
	}
}
