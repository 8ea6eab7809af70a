package query

import (
	"fmt"
	"sync/atomic"

	"github.com/ttlog/ttlog/internal/membudget"
)

// budget is the memory a query may hold. Its methods are safe for concurrent
// use.
type budget struct {
	limit  int64
	frames int64                  // of limit, for the frames that are worked on at once
	held   *membudget.Reservation // of the process's memory; of the whole only
	whole  *budget                // of which this is a part; nil for the whole
	used   atomic.Int64
	peak   atomic.Int64 // near enough: EXPLAIN ANALYZE shows it
}

// part returns a budget that takes from b and gives all back when it is
// closed: what a stage holds while it runs.
func (b *budget) part() *budget { return &budget{limit: b.limit, frames: b.frames, whole: b} }

// close gives back what is still taken from a part.
func (b *budget) close() {
	_ = b.whole.grab(-b.used.Swap(0), "") // giving back cannot fail
}

// grab takes n bytes (gives back, where n is negative) for the named stage.
func (b *budget) grab(n int64, stage string) error {
	used := b.used.Add(n)
	if b.whole != nil {
		return b.whole.grab(n, stage)
	}
	if used > b.peak.Load() {
		b.peak.Store(used)
	}
	if used > b.limit && n > 0 {
		return limitError("memory budget of %s reached at %s", formatBytes(b.limit), stage)
	}
	if err := b.held.Grow(n); err != nil && n > 0 {
		return limitError("%w at %s", err, stage)
	}
	return nil
}

// account is one stage's share of a budget, set to what the stage holds now.
type account struct {
	b     *budget
	stage string
	held  int64
}

func (a *account) set(n int64) error {
	d := n - a.held
	a.held = n
	return a.b.grab(d, a.stage)
}

func formatBytes(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
