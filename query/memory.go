package query

import (
	"fmt"
	"sync/atomic"
)

// budget is the memory a query may hold. Its methods are safe for concurrent
// use.
type budget struct {
	limit int64
	used  atomic.Int64
	peak  atomic.Int64 // near enough: EXPLAIN ANALYZE shows it
}

// grab takes n bytes (gives back, where n is negative) for the named stage.
func (b *budget) grab(n int64, stage string) error {
	used := b.used.Add(n)
	if used > b.peak.Load() {
		b.peak.Store(used)
	}
	if used > b.limit && n > 0 {
		return limitError("memory budget of %s reached at %s", formatBytes(b.limit), stage)
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
