package ringbuffer

import (
	"context"
	"sync/atomic"
)

// publishEvery is how many records Next gives out between two stores of the
// count that Stats reads.
const publishEvery = 64

// Record is one committed record.
type Record struct {
	// Pos and End are the positions of the record and behind it.
	Pos, End uint64
	Kind     uint8
	// Data is the payload. It aliases the ring: valid until Release(End) or a
	// later position, or until the reader is closed. It must not be changed.
	Data []byte
}

// Reader reads the records in the order of their positions. Its cursor is kept
// in the file. Next and Wait belong to one goroutine; the other methods may be
// called by several.
type Reader struct {
	ring *Ring
	slot int
	bit  uint32
	wake chan struct{}

	pos    uint64        // where Next looks; owned by the reading goroutine
	n      uint64        // records given out; same owner
	given  atomic.Uint64 // end of the newest record given out
	passed atomic.Uint64 // end of the slots without a record behind it
	count  atomic.Uint64 // n, published now and then
	closed atomic.Bool
}

// Next returns the next record and true, or false when there is none yet: the
// ring is drained, or the oldest slot is not committed yet.
func (rd *Reader) Next() (Record, bool) {
	if !rd.ready() {
		return Record{}, false
	}
	r := rd.ring
	off := rd.pos & r.mask
	kind, n := r.kindLen(off)
	start, end := off+headerBytes, off+headerBytes+n
	rec := Record{Pos: rd.pos, End: rd.pos + slotBytes(n), Kind: kind, Data: r.data[start:end:end]}
	rd.pos = rec.End
	rd.given.Store(rec.End)
	if rd.n++; rd.n%publishEvery == 0 {
		rd.count.Store(rd.n)
	}
	return rec, true
}

// ready moves over slots that hold no record and tells whether a committed one
// stands at pos.
func (rd *Reader) ready() bool {
	r := rd.ring
	if rd.closed.Load() || r.closed.Load() {
		return false
	}
	start := rd.pos
	for {
		off := rd.pos & r.mask
		switch r.word(off).Load() ^ r.key ^ rd.pos {
		case stateCommitted:
			_, n := r.kindLen(off)
			return off+slotBytes(n) <= r.size
		case stateAborted, statePad:
			_, n := r.kindLen(off)
			if off+slotBytes(n) > r.size {
				return false
			}
			rd.pos += slotBytes(n)
		case stateSkip:
			rd.pos += 8
		default:
			to := r.past(rd.pos)
			if to != rd.pos {
				rd.pos = to
				continue
			}
			rd.pause(rd.pos != start)
			return false
		}
	}
}

// pause publishes what was read when there is nothing more for now. Slots
// without a record go with the record before them, and nobody else would
// release them: a ring full of aborted slots would stay full.
func (rd *Reader) pause(moved bool) {
	if rd.n != rd.count.Load() {
		rd.count.Store(rd.n)
	}
	if moved {
		rd.passed.Store(rd.pos)
		rd.Release(0)
	}
}

// Wait returns nil when Next may succeed, the error of ctx when that ends
// first, or ErrClosed.
func (rd *Reader) Wait(ctx context.Context) error {
	r := rd.ring
	for {
		if rd.ready() {
			return nil
		}
		// The bit is set before the last look: a producer that commits after
		// that look sees the bit.
		r.sleepers.Or(rd.bit)
		if rd.ready() {
			r.sleepers.And(^rd.bit)
			return nil
		}
		if rd.closed.Load() || r.closed.Load() {
			r.sleepers.And(^rd.bit)
			return ErrClosed
		}
		select {
		case <-rd.wake:
		case <-r.done:
			return ErrClosed
		case <-ctx.Done():
			r.sleepers.And(^rd.bit)
			return ctx.Err()
		}
	}
}

// wakeSleepers costs a producer one load while every reader is awake.
func (r *Ring) wakeSleepers() {
	if r.sleepers.Load() != 0 {
		r.wakeAll()
	}
}

// wakeAll takes all bits at once, so that of many producers one does the work.
func (r *Ring) wakeAll() {
	set := r.sleepers.Swap(0)
	for i := range r.wakes {
		if set&(1<<i) == 0 {
			continue
		}
		select {
		case r.wakes[i] <- struct{}{}:
		default:
		}
	}
}

// Release gives up the records that end at or before pos, which is the End of
// a record this reader was given; records not yet given out stay. The space is
// reclaimed when every reader has released it. After Close it does nothing.
func (rd *Reader) Release(pos uint64) {
	r := rd.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed.Load() || rd.closed.Load() {
		return
	}
	// Loading passed before given keeps out a record that Next gives out
	// right now.
	cursor, passed, given := r.hdr.cursor(rd.slot).Load(), rd.passed.Load(), rd.given.Load()
	if max(pos, cursor) >= given {
		pos = max(given, passed)
	}
	pos &^= 7
	if pos <= cursor {
		return
	}
	// The hint goes first: a cursor above it would be taken for damage.
	r.publishHint()
	r.hdr.cursor(rd.slot).Store(pos)
	r.reclaimLocked()
}

// Seen returns the position that Next has come to: no record before it is still
// to be given out.
func (rd *Reader) Seen() uint64 {
	passed := rd.passed.Load()
	return max(passed, rd.given.Load())
}

// Position returns the released position: where the reader continues after a
// restart.
func (rd *Reader) Position() uint64 {
	rd.ring.mu.Lock()
	defer rd.ring.mu.Unlock()
	return rd.ring.cursorLocked(rd.slot)
}

// Lag returns the bytes between the released position and the head.
func (rd *Reader) Lag() uint64 {
	rd.ring.mu.Lock()
	defer rd.ring.mu.Unlock()
	return rd.ring.distance(rd.ring.cursorLocked(rd.slot), rd.ring.headPos())
}

// Close ends the use of the reader and of the Data it gave out. Its name and
// cursor stay, and Ring.Reader opens it again.
func (rd *Reader) Close() {
	rd.ring.mu.Lock()
	defer rd.ring.mu.Unlock()
	rd.closeLocked()
}

func (rd *Reader) closeLocked() {
	if rd.closed.Swap(true) {
		return
	}
	rd.ring.readers[rd.slot] = nil
	select {
	case rd.wake <- struct{}{}:
	default:
	}
}
