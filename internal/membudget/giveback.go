package membudget

import (
	"context"
	"runtime/debug"
	"time"
)

const (
	// giveBackLeast is the fall of what is held that is worth a collection.
	giveBackLeast = 16 << 20
	// settleTime is how long what is held has to stay low before that: who asks
	// once often asks again.
	settleTime = time.Second
	// giveBackPause is the least time between two collections for its sake.
	giveBackPause = 10 * time.Second
)

// GiveBack gives memory back to the system when reservations and caches have
// come to hold much less than they did. It returns when ctx ends. What queries
// leave behind would else stay until the collector's next turn, which without
// anything to allocate comes after two minutes, and the pages for longer. It is
// for a process that is all ttlog's: it collects the garbage of everybody.
func (b *Budget) GiveBack(ctx context.Context) { b.giveBack(ctx, debug.FreeOSMemory) }

func (b *Budget) giveBack(ctx context.Context, free func()) {
	pause := func(d time.Duration) bool {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for {
		select {
		case <-b.fell:
		case <-ctx.Done():
			return
		}
		if !pause(settleTime) {
			return
		}
		if !b.settledLow() {
			continue // it falls again when that ends
		}
		free()
		if !pause(giveBackPause) {
			return
		}
	}
}

// fellLocked tells whether what is held is much less than it was since memory
// was last given back.
func (b *Budget) fellLocked() bool { return b.high-b.held >= giveBackLeast && b.held <= b.high/2 }

// settledLow is fellLocked, and takes what is held as what memory is given back
// down to.
func (b *Budget) settledLow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.fellLocked() {
		return false
	}
	b.high = b.held
	return true
}
