// Package membudget shares the memory of one process among those that use a
// lot of it. The entry point is [New]. A nil [Budget] grants everything.
//
// # Shares
//
// Taking telemetry in has three eighths of the whole for itself, whoever else
// asks ([Budget.Memtable], [Budget.Flush], [Budget.InFlight]): its parts keep
// within their shares by their own means, and only tell here what they hold. A
// third, [Budget.Pool], is for what looks at telemetry and what tidies it up:
// they take a [Reservation] each. The rest is left to the garbage collector:
// what is dead and not collected yet, stacks, and what nobody accounts for.
//
// # Who yields
//
// When the pool is empty, caches shrink first. Then the answers are cut off
// whose reader took nothing for [stallGrace], the one that waits for longest
// first. Then whoever asks anew waits in line, for a bounded time, and is
// refused with [ErrBusy]. What is under way and has to grow waits a moment
// only, because those it waits for may wait for it: then it fails with
// [ErrExhausted]. A third of the pool is for growing: nobody begins with it.
package membudget

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

var (
	// ErrBusy is wrapped when there was no memory to begin with something
	// within the time one waits for it: it may go well later.
	ErrBusy = errors.New("no memory free at present")
	// ErrExhausted is wrapped when something under way needed more memory than
	// was free, or is allowed at all.
	ErrExhausted = errors.New("memory budget reached")
)

const (
	// Min is the least that works.
	Min = 32 << 20
	// maxWaiting is how many may wait in line, and maxWait for how long.
	maxWaiting = 64
	maxWait    = 10 * time.Second
	// RetryAfter is when somebody who was refused should come again.
	RetryAfter = 5 * time.Second
	// stallGrace is how long the reader of an answer may take nothing before
	// it yields to those who wait for memory.
	stallGrace = time.Second
	// growWait is how long something under way waits for what it lacks.
	growWait = time.Second
	// lookAgain is how often those who wait look for answers to cut off.
	lookAgain = 100 * time.Millisecond
)

// Budget is the memory of a process. It is safe for concurrent use.
type Budget struct {
	limit int64 // immutable

	mu       sync.Mutex
	held     int64 // by reservations and caches
	peak     int64
	kinds    map[string]*kind
	waiting  []*waiter // in the order in which they came
	stalled  []*Reservation
	caches   []func(want int64) // shrink, called without mu
	gauges   []gauge
	refused  int64
	cut      int64
	exceeded int64
}

// kind is what the reservations and caches of one name hold together.
type kind struct {
	held  int64
	count int
}

type gauge struct {
	name string
	held func() int64
}

// waiter is somebody in line. granted is closed when what it asked for is its.
type waiter struct {
	name    string
	need    int64
	granted chan struct{}
}

// New returns a budget of limit bytes.
func New(limit int64) *Budget {
	return &Budget{limit: max(limit, Min), kinds: map[string]*kind{}}
}

// Limit returns the bytes of the whole, 0 of a nil budget.
func (b *Budget) Limit() int64 {
	if b == nil {
		return 0
	}
	return b.limit
}

// Pool returns the bytes that reservations and caches share.
func (b *Budget) Pool() int64 { return b.limit / 3 }

// Memtable returns the bytes for rows that are not in parts yet.
func (b *Budget) Memtable() int64 { return b.limit / 6 }

// Flush returns the bytes for writing them.
func (b *Budget) Flush() int64 { return b.limit / 12 }

// InFlight returns the bytes for requests that are being received.
func (b *Budget) InFlight() int64 { return b.limit / 8 }

// Gauge makes the budget show what one of those holds that keep within their
// share by themselves.
func (b *Budget) Gauge(name string, held func() int64) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gauges = append(b.gauges, gauge{name, held})
}

func (b *Budget) kindLocked(name string) *kind {
	k := b.kinds[name]
	if k == nil {
		k = &kind{}
		b.kinds[name] = k
	}
	return k
}

// takeLocked takes n bytes for a name, gives them back where n is negative.
func (b *Budget) takeLocked(name string, n int64) {
	b.held += n
	b.peak = max(b.peak, b.held)
	b.kindLocked(name).held += n
	if n < 0 {
		b.grantLocked()
	}
}

// grantLocked lets in those at the head of the line for whom there is room.
func (b *Budget) grantLocked() {
	for len(b.waiting) > 0 && b.lackLocked(b.waiting[0].need) <= 0 {
		w := b.waiting[0]
		b.waiting = b.waiting[1:]
		b.takeLocked(w.name, w.need)
		b.kindLocked(w.name).count++
		close(w.granted)
	}
}

// Reserve takes n bytes, and waits in line for them. The caller closes the
// reservation. It returns an error that wraps ErrExhausted where n is more
// than there ever is, ErrBusy where it waited in vain or too many wait, and
// the context's where that ended.
func (b *Budget) Reserve(ctx context.Context, name string, n int64) (*Reservation, error) {
	return b.reserve(ctx, name, n, maxWait)
}

// ReserveSlowly is Reserve for work that has time: it waits as long as ctx lives.
func (b *Budget) ReserveSlowly(ctx context.Context, name string, n int64) (*Reservation, error) {
	return b.reserve(ctx, name, n, 0)
}

func (b *Budget) reserve(ctx context.Context, name string, n int64, patience time.Duration) (*Reservation, error) {
	if b == nil {
		return nil, nil
	}
	if n > b.Pool() {
		return nil, fmt.Errorf("%s need %d MiB at once: %w", name, n>>20, b.exhausted())
	}
	r := &Reservation{budget: b, name: name, held: n, cut: cutOf(ctx)}
	b.mu.Lock()
	if len(b.waiting) == 0 && b.lackLocked(n) <= 0 {
		b.takeLocked(name, n)
		b.kindLocked(name).count++
		b.mu.Unlock()
		return r, nil
	}
	if patience > 0 && len(b.waiting) >= maxWaiting {
		b.refused++
		b.mu.Unlock()
		return nil, fmt.Errorf("%s: %d wait already: %w", name, maxWaiting, ErrBusy)
	}
	w := &waiter{name: name, need: n, granted: make(chan struct{})}
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	if err := b.await(ctx, w, patience); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// await returns nil when the waiter was granted what it needs.
func (b *Budget) await(ctx context.Context, w *waiter, patience time.Duration) error {
	var over <-chan time.Time
	if patience > 0 {
		t := time.NewTimer(patience)
		defer t.Stop()
		over = t.C
	}
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		b.reclaim(b.wantLocked)
		var err error
		select {
		case <-w.granted:
			return nil
		case <-tick.C:
			continue
		case <-over:
			err = fmt.Errorf("waited %s: %w", patience, ErrBusy)
		case <-ctx.Done():
			err = ctx.Err()
		}
		if b.leave(w, errors.Is(err, ErrBusy)) {
			return err
		}
		return nil // granted at the last moment
	}
}

// leave takes a waiter out of the line, and returns false where it is not in
// it any more.
func (b *Budget) leave(w *waiter, refused bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.waiting {
		if other == w {
			b.waiting = append(b.waiting[:i:i], b.waiting[i+1:]...)
			if refused {
				b.refused++
			}
			b.grantLocked()
			return true
		}
	}
	return false
}

// lackLocked returns how much has to be given back before something can begin
// with n bytes: a third of the pool is for growing, unless it begins alone.
func (b *Budget) lackLocked(n int64) int64 {
	if b.held+n <= b.Pool()*2/3 {
		return 0
	}
	return min(b.held+n-b.Pool()*2/3, b.held)
}

// reclaim makes room: caches shrink, and if that is not enough, one answer
// whose reader does not read is cut off. lack tells how much is wanted yet.
func (b *Budget) reclaim(lackLocked func() int64) {
	b.mu.Lock()
	want := lackLocked()
	caches := b.caches
	b.mu.Unlock()
	if want <= 0 {
		return
	}
	for _, shrink := range caches {
		shrink(want)
	}
	b.mu.Lock()
	var cut func()
	if lackLocked() > 0 && len(b.stalled) > 0 && time.Since(b.stalled[0].since) > stallGrace {
		cut = b.stalled[0].cut
		b.stalled = b.stalled[1:]
		b.cut++
	}
	b.mu.Unlock()
	if cut != nil {
		cut()
	}
}

// wantLocked returns how many bytes the first in line lacks.
func (b *Budget) wantLocked() int64 {
	if len(b.waiting) == 0 {
		return 0
	}
	return b.lackLocked(b.waiting[0].need)
}

func (b *Budget) exhausted() error {
	return fmt.Errorf("%w: of %d MiB in all (--memory, WithMaxMemory), %d MiB are for queries, traces and merges", ErrExhausted, b.limit>>20, b.Pool()>>20)
}
