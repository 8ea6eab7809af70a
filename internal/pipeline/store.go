package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// storeSink appends to the store. run is its goroutine, flushLoop a helper
// that asks the store to flush when the ring fills up with what is appended
// but not durable.
type storeSink struct {
	// Immutable after newStoreSink.
	in      *intake
	store   Store
	opts    Options
	log     *slog.Logger
	lagging uint64 // bytes of lag at which the store is asked to flush
	flush   chan struct{}
	// replayTo is the head of the ring at the start.
	replayTo uint64

	asm *assembler // owned by run
	buf []byte     // owned by run

	consumed atomic.Uint64 // ring position behind what was appended or dropped
	appended atomic.Uint64 // ring position behind the newest request the store took
	shown    atomic.Uint64 // ring position up to which no record is missing from the store
	flushed  atomic.Uint64 // consumed, when Drain last flushed
	caught   atomic.Bool   // replayed has returned true
	counters counters
}

func (s *storeSink) run(ctx context.Context) {
	for {
		b, err := s.in.next(ctx, s.tick())
		if err != nil {
			return
		}
		for _, c := range b.sorted() {
			if !s.append(ctx, &c) {
				return
			}
		}
		if b.end > 0 {
			s.consumed.Store(b.end)
		}
		s.shown.Store(s.in.rd.Seen()) // only this goroutine moves it
		s.release()
		if s.in.rd.Lag() > s.lagging && s.in.rd.Position() < s.consumed.Load() {
			select {
			case s.flush <- struct{}{}:
			default: // one is under way
			}
		}
	}
}

// replayed tells whether what the ring held at the start was consumed. Behind
// the newest record there may be positions that hold none: a ring found dry
// says the same.
func (s *storeSink) replayed() bool {
	if !s.caught.Load() && (s.in.idle.Load() || s.consumed.Load() >= s.replayTo) {
		s.caught.Store(true)
	}
	return s.caught.Load()
}

// tick is how long to wait for a record before looking at what is durable; 0,
// no limit, when everything is.
func (s *storeSink) tick() time.Duration {
	if s.in.rd.Position() < s.consumed.Load() {
		return releaseInterval
	}
	return 0
}

// flushLoop flushes when run asks for it.
func (s *storeSink) flushLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.flush:
		}
		if err := s.flushStore(ctx); err != nil && ctx.Err() == nil {
			s.counters.fail(err)
			pause(ctx, s.opts.RetryInterval)
		}
	}
}

func (s *storeSink) flushStore(ctx context.Context) error {
	return s.counters.guard(s.log, func() error { return s.store.Flush(ctx) })
}

// append hands one chunk to the store; false means that ctx ended first.
func (s *storeSink) append(ctx context.Context, c *chunk) bool {
	payload := c.payload(s.asm, s.buf)
	if c.records != nil {
		s.buf = payload
	}
	retry := newRetry(s.opts, s.in.notes)
	for {
		var rows int
		err := s.counters.guard(s.log, func() (err error) {
			rows, err = s.store.Append(ctx, c.signal, payload, c.end)
			return err
		})
		switch {
		case err == nil:
			retry.succeeded("pipeline: the store takes records again")
			s.counters.took(rows, len(payload))
			s.appended.Store(c.end)
			return true
		case errors.Is(err, otlpwire.ErrMalformed):
			return s.malformed(ctx, c, err)
		case ctx.Err() != nil:
			return false
		}
		s.counters.fail(err)
		if !retry.pause(ctx, "pipeline: the store does not take a request; it is tried again until it does", err) {
			return false
		}
	}
}

// malformed halves a chunk until the record at fault is alone, and drops that.
func (s *storeSink) malformed(ctx context.Context, c *chunk, err error) bool {
	if n := len(c.records); n > 1 {
		for _, part := range [][]record{c.records[:n/2], c.records[n/2:]} {
			half := chunk{signal: c.signal, records: part, end: part[len(part)-1].end}
			if !s.append(ctx, &half) {
				return false
			}
		}
		return true
	}
	s.counters.malformed.Add(1)
	s.counters.fail(err)
	records := c.size()
	s.counters.dropped(records, "malformed")
	s.in.notes.tell(slog.LevelError, "pipeline: the store cannot read a request, which is dropped", "malformed", uint64(records),
		fmt.Errorf("%s at position %d: %w", c.signal, c.end, err))
	return true
}

// shows tells whether no record below target is still on its way to the store.
func (s *storeSink) shows(target uint64) bool {
	if s.shown.Load() >= target {
		return true
	}
	// Behind the newest record there may be positions that hold none, which an
	// idle intake has passed. What it has seen comes first: it gives out a
	// record only when it is idle no more.
	return s.in.rd.Seen() >= target && s.in.idle.Load()
}

// release gives back the space of what is durable. It never passes what this
// sink has consumed: the store does not know of what it was not yet given.
func (s *storeSink) release() {
	consumed, appended := s.consumed.Load(), s.appended.Load()
	durable := min(s.store.Durable(), consumed)
	if durable >= appended {
		// What follows the newest request was dropped or not understood.
		durable = consumed
	}
	if durable > s.in.rd.Position() {
		s.in.rd.Release(durable)
	}
}

// drained tells whether everything below target is durable; it flushes when
// everything is appended.
func (s *storeSink) drained(ctx context.Context, target uint64) (bool, error) {
	if s.in.rd.Position() >= target {
		return true, nil
	}
	s.in.hasten()
	consumed := s.consumed.Load()
	if consumed < target && !s.in.idle.Load() {
		return false, nil
	}
	if consumed > s.flushed.Load() {
		if err := s.flushStore(ctx); err != nil {
			return false, err
		}
		s.flushed.Store(consumed)
	}
	s.release()
	return s.in.rd.Position() >= target, nil
}
