package ringbuffer

import (
	"errors"
	"time"
)

// closeGrace is how long Close waits for slots that were reserved before it.
const closeGrace = time.Second

// Close ends the ring: producers get ErrClosed, Next returns false and Wait
// returns ErrClosed. It waits up to a second for reserved slots, syncs the file
// and unlocks it. Memory is unmapped at once when all readers are closed and
// all slots settled, and otherwise when the ring is no longer referred to, so
// that Data in use stays readable. Records that were not released stay in the
// file for the next Open. A second Close returns nil.
func (r *Ring) Close() error {
	r.mu.Lock()
	if r.closed.Swap(true) {
		r.mu.Unlock()
		return nil
	}
	r.mu.Unlock()
	// Every exchange of head that is under way fails from here on, so the
	// slots below head are all there will be.
	r.head.Or(closeBit)
	settled := r.settle(time.Now().Add(closeGrace))
	if !settled {
		r.forsaken.Store(true)
	}
	close(r.done)
	var failed error
	if r.file != nil {
		failed = r.finishSync()
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	quiet := settled
	for _, rd := range r.readers {
		quiet = quiet && rd == nil
	}
	r.catalog.detach()
	if r.file == nil {
		return failed
	}
	return errors.Join(failed, r.detachFile(settled && failed == nil, quiet))
}

// settle waits until every slot is committed or aborted, and tells whether it
// was in time. The tail does not move any more.
func (r *Ring) settle(deadline time.Time) bool {
	for pos, head := r.hdr.tail().Load(), r.headPos(); pos < head; {
		if n := r.settledBytes(pos); n > 0 {
			pos += n
		} else if to := r.past(pos); to != pos {
			pos = to
		} else if time.Now().After(deadline) {
			return false
		} else {
			time.Sleep(100 * time.Microsecond)
		}
	}
	return true
}

// settledBytes returns the size of the slot at pos, or 0 when it is not
// settled.
func (r *Ring) settledBytes(pos uint64) uint64 {
	off := pos & r.mask
	switch r.word(off).Load() ^ r.key ^ pos {
	case stateCommitted, stateAborted, statePad:
		_, n := r.kindLen(off)
		return slotBytes(n)
	case stateSkip:
		return 8
	}
	return 0
}
