package eval

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query/plan"
)

// Budget is the memory a query may hold. Its methods are safe for concurrent
// use.
type Budget struct {
	Limit  int64
	Frames int64                  // of limit, for the frames that are worked on at once
	held   *membudget.Reservation // of the process's memory; of the whole only
	whole  *Budget                // of which this is a part; nil for the whole
	used   atomic.Int64
	Peak   atomic.Int64 // near enough: EXPLAIN ANALYZE shows it
}

// NewBudget returns the budget of a query: frames of the limit are for those that
// are worked on at once, and held is the process's memory, which may be nil.
func NewBudget(limit, frames int64, held *membudget.Reservation) *Budget {
	return &Budget{Limit: limit, Frames: frames, held: held}
}

// Part returns a budget that takes from b and gives all back when it is
// closed: what a stage holds while it runs.
func (b *Budget) Part() *Budget { return &Budget{Limit: b.Limit, Frames: b.Frames, whole: b} }

// Close gives back what is still taken from a part.
func (b *Budget) Close() {
	_ = b.whole.Grab(-b.used.Swap(0), "") // giving back cannot fail
}

// Grab takes n bytes (gives back, where n is negative) for the named stage.
func (b *Budget) Grab(n int64, stage string) error {
	used := b.used.Add(n)
	if b.whole != nil {
		return b.whole.Grab(n, stage)
	}
	if used > b.Peak.Load() {
		b.Peak.Store(used)
	}
	if used > b.Limit && n > 0 {
		return memoryError{plan.LimitError("memory budget of %s reached at %s", FormatBytes(b.Limit), stage)}
	}
	if err := b.held.Grow(n); err != nil && n > 0 {
		return memoryError{plan.LimitError("%w at %s", err, stage)}
	}
	return nil
}

// Tight reports whether little is left of the budget: who holds much had better put
// it elsewhere before somebody else's next block does not fit.
func (b *Budget) Tight() bool {
	for b.whole != nil {
		b = b.whole
	}
	return b.used.Load() > b.Limit/8*5
}

// memoryError is an error of a budget that is used up.
type memoryError struct{ error }

func (e memoryError) Unwrap() error { return e.error }

// IsMemory reports whether an error says that a budget is used up.
func IsMemory(err error) bool {
	_, is := errors.AsType[memoryError](err)
	return is
}

// Account is one stage's share of a budget, set to what the stage holds now.
type Account struct {
	b     *Budget
	Stage string
	Held  int64
}

// NewAccount returns an empty account of the named stage.
func NewAccount(b *Budget, stage string) Account { return Account{b: b, Stage: stage} }

// Set tells the budget that the stage holds n bytes now.
func (a *Account) Set(n int64) error {
	d := n - a.Held
	a.Held = n
	return a.b.Grab(d, a.Stage)
}

// FormatBytes writes a number of bytes, in a larger unit where that is whole.
func FormatBytes(n int64) string {
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
