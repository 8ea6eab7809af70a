package ringbuffer

import (
	"encoding/binary"
	"unsafe"
)

// Slot is the space of one record between Reserve and Commit. Exactly one of
// Commit and Abort must be called, once; readers wait at a slot until then. A
// caller whose encoder may panic aborts the slot in a deferred function.
type Slot struct {
	ring *Ring
	pos  uint64
	n    uint32
	kind uint8
}

// Reserve takes space for a record of n bytes. It returns ErrFull, ErrTooLarge,
// ErrClosed or ErrKind without waiting; it takes no lock, makes no system call
// and does not allocate.
func (r *Ring) Reserve(kind uint8, n int) (Slot, error) {
	if uint64(n) > r.maxLen || kind-1 >= kindMax {
		return Slot{}, r.invalid(kind, n)
	}
	need := slotBytes(uint64(n))
	for {
		h := r.head.Load()
		start := h
		// A record that would run over the end of the buffer starts at its
		// beginning; the padding belongs to this reservation.
		if room := r.size - h&r.mask; room < need {
			start += room
		}
		end := start + need
		// The limit only rises, so a stale one errs towards ErrFull.
		if end > r.limit.Load() {
			return Slot{}, r.refuse(h, n)
		}
		if r.head.CompareAndSwap(h, end) {
			if start != h {
				r.blank(h, start-h)
			}
			r.clearLast(end)
			return Slot{ring: r, pos: start, n: uint32(n), kind: kind}, nil
		}
	}
}

// clearLast zeroes the last word of the slot that ends at end. A payload may
// end inside it, and what was left of an old commit word there would need no
// more than the payload's few bytes to become the word of another position.
func (r *Ring) clearLast(end uint64) {
	*(*uint64)(unsafe.Add(r.base, (end-8)&r.mask)) = 0
}

// invalid says why no ring of this size takes the record.
func (r *Ring) invalid(kind uint8, n int) error {
	if n < 0 || kind == 0 || kind > kindMax {
		return ErrKind
	}
	r.oversize.Add(1)
	return ErrTooLarge
}

// refuse counts a record that found no space.
func (r *Ring) refuse(head uint64, n int) error {
	if head&closeBit != 0 {
		return ErrClosed
	}
	r.refused.Add(1)
	r.refusedBytes.Add(uint64(n))
	return ErrFull
}

// mark turns n bytes at pos into padding that readers pass over. n is a
// multiple of 8, and the range does not cross the end of the buffer.
func (r *Ring) mark(pos, n uint64) {
	off := pos & r.mask
	if n < headerBytes {
		r.word(off).Store(pos ^ r.key | stateSkip)
		return
	}
	r.seal(pos, kindPad, n-headerBytes, statePad)
}

// blank is mark, with zeros over what was there; see Scrub. The range is the
// caller's.
func (r *Ring) blank(pos, n uint64) {
	if off := pos & r.mask; n > headerBytes {
		clear(r.data[off+headerBytes : off+n])
	}
	r.mark(pos, n)
}

// seal writes the header of a slot; the commit word comes last and publishes
// the rest.
func (r *Ring) seal(pos uint64, kind uint8, n uint64, state uint64) {
	off := pos & r.mask
	h := r.data[off : off+headerBytes]
	binary.LittleEndian.PutUint32(h[offKindLen:], uint32(kind)<<lenBits|uint32(n))
	crc := uint32(0)
	if r.durable {
		crc = checksum(pos, r.covered(off, n, state))
	}
	binary.LittleEndian.PutUint32(h[offCRC:], crc)
	r.word(off).Store(pos ^ r.key | state)
}

// covered returns the bytes under a slot's checksum. The payload of a slot
// that is no record is not worth a checksum.
func (r *Ring) covered(off, n, state uint64) []byte {
	if state != stateCommitted {
		n = 0
	}
	return r.data[off+offKindLen : off+headerBytes+n]
}

// Bytes returns the n bytes, all of which are to be filled before Commit: they
// hold old bytes of the ring at first. They must not be touched after Commit or
// Abort.
func (s Slot) Bytes() []byte {
	off := s.pos&s.ring.mask + headerBytes
	end := off + uint64(s.n)
	return s.ring.data[off:end:end]
}

// Commit makes the record visible to readers and safe from the death of the
// process. It returns the position behind the record, which SyncTo takes, or 0
// when it came so late that Close had given the slot up: the record is then
// not to be counted on.
func (s Slot) Commit() (end uint64) {
	s.ring.seal(s.pos, s.kind, uint64(s.n), stateCommitted)
	s.ring.wakeSleepers()
	if s.ring.forsaken.Load() {
		return 0
	}
	return s.pos + slotBytes(uint64(s.n))
}

// Abort gives the slot up; readers pass over it. What was written into it is
// cleared, because it may end inside any word; see clearLast.
func (s Slot) Abort() {
	clear(s.Bytes())
	s.ring.seal(s.pos, s.kind, uint64(s.n), stateAborted)
	s.ring.aborted.Add(1)
	s.ring.wakeSleepers()
}

// Write reserves, copies payload and commits. It returns the position behind
// the record, or an error of Reserve.
func (r *Ring) Write(kind uint8, payload []byte) (end uint64, err error) {
	s, err := r.Reserve(kind, len(payload))
	if err != nil {
		return 0, err
	}
	copy(s.Bytes(), payload)
	if end = s.Commit(); end == 0 {
		return 0, ErrClosed
	}
	return end, nil
}
