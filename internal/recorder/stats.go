package recorder

import (
	"fmt"
	"sync/atomic"

	"go.opentelemetry.io/otel"
)

// Stats is what a processor did with the records it got. Their sum is the
// number of records that were sampled, apart from those under way.
type Stats struct {
	// Written is the number of records in the ring.
	Written uint64 `json:"written"`
	// Whole is the number of Written that carry their resource and scope
	// along, because the ring's catalog had no room for them.
	Whole uint64 `json:"whole"`
	// Full, TooLarge, Shutdown and Failed count what was dropped: the ring
	// was full, the record larger than the ring takes, the processor or the
	// ring closed, the encoding ended in a panic.
	Full     uint64 `json:"full"`
	TooLarge uint64 `json:"too_large"`
	Shutdown uint64 `json:"shutdown"`
	Failed   uint64 `json:"failed"`
}

// Dropped returns the number of records dropped for any reason.
func (s Stats) Dropped() uint64 { return s.Full + s.TooLarge + s.Shutdown + s.Failed }

// reason says why a record was dropped.
type reason int

const (
	full reason = iota
	tooLarge
	shutdown
	failed
	reasons
)

// errorType is the error.type attribute of each reason. queue_full is from the
// semantic conventions.
var errorType = [reasons]string{"queue_full", "too_large", "already_shutdown", "panic"}

// counters are written by every goroutine that ends a span. A record counts in
// entered first and, when it is done with, in one of the others.
type counters struct {
	entered   atomic.Uint64
	written   atomic.Uint64
	unsampled atomic.Uint64
	_         [40]byte // the rest changes rarely: keep it off this cache line
	whole     atomic.Uint64
	dropped   [reasons]atomic.Uint64
}

func (c *counters) stats() Stats {
	return Stats{
		Written: c.written.Load(), Whole: c.whole.Load(),
		Full: c.dropped[full].Load(), TooLarge: c.dropped[tooLarge].Load(),
		Shutdown: c.dropped[shutdown].Load(), Failed: c.dropped[failed].Load(),
	}
}

// done returns how many records are done with.
func (c *counters) done() uint64 {
	s := c.stats()
	return c.unsampled.Load() + s.Written + s.Dropped()
}

// drop counts a dropped record and tells the first of each reason to
// OpenTelemetry's error handler. That is the application's: it may panic, and it
// may want a lock that is held here, such as package log's while one of its
// lines is recorded. So it is called by itself, and nothing waits for it.
func (c *counters) drop(what string, why reason, err error) {
	if c.dropped[why].Add(1) == 1 {
		go func() {
			defer func() { _ = recover() }()
			otel.Handle(fmt.Errorf("processor: dropped a %s, further ones are only counted: %w", what, err))
		}()
	}
}
