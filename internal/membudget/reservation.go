package membudget

import (
	"context"
	"slices"
	"time"
)

// Reservation is memory that somebody holds for something under way. A nil
// Reservation grants everything. It is safe for concurrent use.
type Reservation struct {
	budget *Budget
	name   string
	cut    func()          // ends the answer this is for; nil where nothing can
	done   <-chan struct{} // closed when nobody wants it any more: its context's

	// Guarded by budget.mu.
	held  int64 // what was taken from the budget
	used  int64 // what is in use of it, and what the use needs beyond it
	since time.Time
	over  bool
}

// Grow says that n more bytes are in use, fewer where n is negative. What
// exceeds the reservation is taken from what is free; it stays reserved until
// Close, so that others do not have what is needed again a moment later. An
// error wraps ErrExhausted, and n counts nevertheless. When the context that it
// was reserved with has ended it returns at once: the holder is about to end.
func (r *Reservation) Grow(n int64) error {
	if r == nil {
		return nil
	}
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	r.used += n
	for tries := 0; !r.takeLocked(); tries++ {
		if tries > int(growWait/lookAgain) {
			b.exceeded++
			return b.exhausted()
		}
		b.mu.Unlock()
		b.reclaim(func() int64 { return b.held + r.used - r.held - b.Pool() })
		over := false
		if tries > 0 { // what caches gave up is there at once
			select {
			case <-time.After(lookAgain):
			case <-r.done:
				over = true
			}
		}
		b.mu.Lock()
		if over {
			return nil
		}
	}
	return nil
}

// takeLocked takes what is in use beyond what is held.
func (r *Reservation) takeLocked() bool {
	lack := r.used - r.held
	if lack <= 0 || r.over {
		return true
	}
	if r.budget.held+lack > r.budget.Pool() {
		return false
	}
	r.held += lack
	r.budget.takeLocked(r.name, lack)
	return true
}

// Stall says that the holder waits for the reader of its answer from now on.
func (r *Reservation) Stall() {
	if r == nil || r.cut == nil {
		return
	}
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	r.since = time.Now()
	b.stalled = append(b.stalled, r)
}

// Resume says that the reader took what it was sent.
func (r *Reservation) Resume() {
	if r == nil || r.cut == nil {
		return
	}
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	r.resumeLocked()
}

func (r *Reservation) resumeLocked() {
	if i := slices.Index(r.budget.stalled, r); i >= 0 {
		r.budget.stalled = slices.Delete(r.budget.stalled, i, i+1)
	}
}

// Close gives everything back. Closing again does nothing.
func (r *Reservation) Close() {
	if r == nil {
		return
	}
	b := r.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.over {
		return
	}
	r.over = true
	r.resumeLocked()
	b.running--
	b.kindLocked(r.name).count--
	b.takeLocked(r.name, -r.held)
}

type cutKey struct{}

// WithCut returns a context for what answers a reader who may be slow: cut is
// called, from any goroutine, when the answer has to end because others need
// its memory. It makes what waits for the reader return at once.
func WithCut(ctx context.Context, cut func()) context.Context {
	return context.WithValue(ctx, cutKey{}, cut)
}

func cutOf(ctx context.Context) func() {
	cut, _ := ctx.Value(cutKey{}).(func())
	return cut
}

// Cache is the share of a cache. A nil Cache grants everything.
type Cache struct {
	budget *Budget
	name   string
}

// Cache registers a cache. shrink is called when others need want bytes: it
// gives up as much as it can, and tells Add. It is nil where nothing can be
// given up. It must not wait for anything that may wait for memory. Those that
// were registered first shrink first.
func (b *Budget) Cache(name string, shrink func(want int64)) *Cache {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if shrink != nil {
		b.caches = append(b.caches, shrink)
	}
	b.kindLocked(name)
	return &Cache{b, name}
}

// Add says that the cache holds n bytes more, and returns false where it must
// not; with a negative n, fewer.
func (c *Cache) Add(n int64) bool {
	if c == nil {
		return true
	}
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	if n > 0 && (len(c.budget.waiting) > 0 || c.budget.held+n > c.budget.Pool()) {
		return false
	}
	c.budget.takeLocked(c.name, n)
	return true
}

// Force is Add for what is there already: it counts, whether there is room or not.
func (c *Cache) Force(n int64) {
	if c == nil {
		return
	}
	c.budget.mu.Lock()
	defer c.budget.mu.Unlock()
	c.budget.takeLocked(c.name, n)
}

// Settle makes those yield who can, where what was forced exceeds the pool.
func (c *Cache) Settle() {
	if c != nil {
		c.budget.reclaim(func() int64 { return c.budget.held - c.budget.Pool() })
	}
}

// Usage is what the parts of a process hold.
type Usage struct {
	Limit int64 `json:"limit_bytes"`
	Pool  int64 `json:"pool_bytes"`
	Held  int64 `json:"pool_held_bytes"`
	Peak  int64 `json:"pool_peak_bytes"`
	// Consumers has bytes by name.
	Consumers map[string]int64 `json:"consumers"`
	// Running and Waiting are those who have a reservation, and those in line.
	Running map[string]int `json:"running"`
	Waiting int            `json:"waiting"`
	// Refused had to come again, Exceeded failed because they could not grow,
	// Cut were answers whose reader did not read.
	Refused  int64 `json:"refused_total"`
	Exceeded int64 `json:"exceeded_total"`
	Cut      int64 `json:"slow_readers_cut_total"`
}

// Usage returns the figures of this moment.
func (b *Budget) Usage() Usage {
	u := Usage{Consumers: map[string]int64{}, Running: map[string]int{}}
	if b == nil {
		return u
	}
	b.mu.Lock()
	u.Limit, u.Pool, u.Held, u.Peak, u.Waiting = b.limit, b.Pool(), b.held, b.peak, len(b.waiting)
	u.Refused, u.Exceeded, u.Cut = b.refused, b.exceeded, b.cut
	for name, k := range b.kinds {
		u.Consumers[name] = k.held
		if k.count > 0 {
			u.Running[name] = k.count
		}
	}
	gauges := b.gauges
	b.mu.Unlock()
	for _, g := range gauges {
		u.Consumers[g.name] += g.held()
	}
	return u
}
