// Package membudget shares the memory of one process among those that use a
// lot of it. The entry point is [New]. A nil [Budget] grants everything.
//
// # Shares
//
// What is there whatever goes on is set aside first ([Budget.Fixed]). Of the
// rest taking telemetry in has three eighths for itself, whoever else asks
// ([Budget.Memtable], a half of it again for writing them, [Budget.InFlight]):
// its parts keep within their shares by their own means, and only tell here what
// they hold. A
// third, [Budget.Pool], is for what looks at telemetry and what tidies it up:
// they take a [Reservation] each. The rest is left to the garbage collector:
// what is dead and not collected yet, stacks, and what nobody accounts for.
//
// # Who yields
//
// When the pool is empty, caches shrink first. Then the answers are cut off
// whose reader took nothing for [stallGrace], the one that waits for longest
// first. Then whoever asks anew waits in line, for a bounded time, and is
// refused with [ErrBusy]; names take turns, and who has time lets others pass. What is under way and has to grow waits a moment
// only, because those it waits for may wait for it: then it fails with
// [ErrExhausted]. A third of the pool is for growing: nobody begins with it.
package membudget

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// passSlow is how long those may be passed by others who have time: who needs
	// much and holds up the line until it is free makes it stand idle.
	passSlow = 20 * time.Second
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
	limit int64         // immutable
	fixed int64         // see Fixed; immutable from the first use on
	fell  chan struct{} // has one element when held fell far, see GiveBack

	mu       sync.Mutex
	held     int64 // by reservations and caches
	running  int   // reservations
	peak     int64
	high     int64 // held at most, since memory was given back
	kinds    map[string]*kind
	waiting  []*waiter // in the order in which they came, see nextLocked
	stalled  []*Reservation
	caches   []func(want int64) // shrink, called without mu
	gauges   []gauge
	refused  int64
	cut      int64
	exceeded int64
}

// kind is what the reservations and caches of one name hold together.
type kind struct {
	held    int64
	count   int
	waiting int
}

type gauge struct {
	name string
	held func() int64
}

// waiter is somebody in line. granted is closed when what it asked for is its.
type waiter struct {
	name    string
	need    int64
	pass    time.Time // until when others may pass it
	granted chan struct{}
}

// New returns a budget of limit bytes.
func New(limit int64) *Budget {
	return &Budget{limit: max(limit, Min), fell: make(chan struct{}, 1), kinds: map[string]*kind{}}
}

// Limit returns the bytes of the whole, 0 of a nil budget.
func (b *Budget) Limit() int64 {
	if b == nil {
		return 0
	}
	return b.limit
}

// Fixed sets n bytes aside for what is there whatever goes on, before the rest
// is shared. It is called before anything else but New.
func (b *Budget) Fixed(name string, n int64) {
	b.fixed += n
	b.Gauge(name, func() int64 { return n })
}

// shared is what the shares are of.
func (b *Budget) shared() int64 { return b.limit - b.fixed }

// Pool returns the bytes that reservations and caches share.
func (b *Budget) Pool() int64 { return b.shared() / 3 }

// Memtable returns the bytes for rows that are not in parts yet.
func (b *Budget) Memtable() int64 { return b.shared() / 6 }

// Group returns the bytes of a row group, decoded.
func (b *Budget) Group() int64 { return b.shared() / 32 }

// InFlight returns the bytes for requests that are being received.
func (b *Budget) InFlight() int64 { return b.shared() / 8 }

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
	b.peak, b.high = max(b.peak, b.held), max(b.high, b.held)
	b.kindLocked(name).held += n
	if n >= 0 {
		return
	}
	b.grantLocked()
	if b.fellLocked() {
		select {
		case b.fell <- struct{}{}:
		default:
		}
	}
}

// nextLocked returns whose turn it is, nil where nobody waits: the first of
// those of whose name the fewest have begun, so that no name keeps out another.
func (b *Budget) nextLocked() (next *waiter) {
	least := 0
	for _, w := range b.waiting {
		if !w.pass.IsZero() && b.lackLocked(w.need) > 0 && time.Now().Before(w.pass) {
			continue
		}
		if n := b.kindLocked(w.name).count; next == nil || n < least {
			next, least = w, n
		}
	}
	return next
}

// grantLocked lets in those whose turn it is and for whom there is room.
func (b *Budget) grantLocked() {
	for w := b.nextLocked(); w != nil && b.lackLocked(w.need) <= 0; w = b.nextLocked() {
		b.admitLocked(w)
	}
}

// grantAlone lets in whose turn it is where nobody has a reservation, and
// caches gave up what they could: it would wait for nobody.
func (b *Budget) grantAlone() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running > 0 || len(b.waiting) == 0 {
		return
	}
	w := b.nextLocked()
	if w == nil {
		w = b.waiting[0]
	}
	b.admitLocked(w)
}

func (b *Budget) admitLocked(w *waiter) {
	b.removeLocked(w)
	b.beginLocked(w.name, w.need)
	close(w.granted)
}

// removeLocked takes a waiter out of the line, and returns false where it is
// not in it any more.
func (b *Budget) removeLocked(w *waiter) bool {
	i := slices.Index(b.waiting, w)
	if i < 0 {
		return false
	}
	b.waiting = slices.Delete(b.waiting, i, i+1)
	b.kindLocked(w.name).waiting--
	return true
}

// beginLocked takes the bytes of a reservation.
func (b *Budget) beginLocked(name string, n int64) {
	b.running++
	b.kindLocked(name).count++
	b.takeLocked(name, n)
}

// Reserve takes n bytes, and waits in line for them. The caller closes the
// reservation. It returns an error that wraps ErrExhausted where n is more
// than there ever is, ErrBusy where it waited in vain or too many wait, and
// the context's where that ended.
func (b *Budget) Reserve(ctx context.Context, name string, n int64) (*Reservation, error) {
	return b.reserve(ctx, name, n, maxWait)
}

// ReserveSlowly is Reserve for work that has time: it waits as long as ctx
// lives, and lets others pass for a while, since it mostly needs more than they.
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
	r := &Reservation{budget: b, name: name, held: n, cut: cutOf(ctx), done: ctx.Done()}
	b.mu.Lock()
	if patience > 0 && b.kindLocked(name).waiting >= maxWaiting {
		b.refused++
		b.mu.Unlock()
		return nil, fmt.Errorf("%s: %d wait already: %w", name, maxWaiting, ErrBusy)
	}
	w := &waiter{name: name, need: n, granted: make(chan struct{})}
	if patience == 0 {
		w.pass = time.Now().Add(passSlow)
	}
	b.waiting = append(b.waiting, w)
	b.kindLocked(name).waiting++
	b.grantLocked()
	b.mu.Unlock()
	if err := b.await(ctx, w, patience); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// await returns nil when the waiter was granted what it needs.
func (b *Budget) await(ctx context.Context, w *waiter, patience time.Duration) error {
	select {
	case <-w.granted: // at once
		return nil
	default:
	}
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
		b.grantAlone()
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
	if !b.removeLocked(w) {
		return false
	}
	if refused {
		b.refused++
	}
	b.grantLocked()
	return true
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
		b.mu.Lock()
		want = lackLocked()
		b.mu.Unlock()
		if want <= 0 {
			return
		}
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

// wantLocked returns how many bytes lacks whose turn it is.
func (b *Budget) wantLocked() int64 {
	if w := b.nextLocked(); w != nil {
		return b.lackLocked(w.need)
	}
	return 0
}

func (b *Budget) exhausted() error {
	return fmt.Errorf("%w: of %d MiB in all (--memory, WithMaxMemory), %d MiB are for queries, traces and merges", ErrExhausted, b.limit>>20, b.Pool()>>20)
}
