package ringbuffer

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"
)

// cacheLine keeps words apart that different cores write. Two lines, because
// the adjacent-line prefetcher of x86 fetches them in pairs.
const cacheLine = 128

// Ring is a byte ring with any number of producers and up to eight readers.
// Make one with New or Open; the zero value is not usable. All methods may be
// called by several goroutines.
type Ring struct {
	// Immutable after Open.
	base    unsafe.Pointer // start of data
	data    []byte         // the data area
	size    uint64
	mask    uint64
	key     uint64
	maxLen  uint64 // largest payload
	durable bool   // file-backed: records carry a checksum
	id      uint64
	hdr     header
	file    *mapping // nil in memory
	done    chan struct{}

	_ [cacheLine]byte
	// head is the position behind the newest reservation. It lives on the
	// heap although the file has a place for it: a producer that was
	// interrupted before its exchange may come back after Close has unmapped
	// the file. There closeBit makes the exchange fail.
	head atomic.Uint64
	_    [cacheLine]byte
	// limit is the position that head must not pass: the tail plus the size
	// plus the gaps between. Written by readers, once per Release.
	limit atomic.Uint64
	_     [cacheLine]byte
	// sleepers has bit i set while reader i sleeps.
	sleepers atomic.Uint32
	closed   atomic.Bool
	// forsaken is set before Close takes the file away from slots in use.
	forsaken atomic.Bool
	_        [cacheLine]byte

	refused      atomic.Uint64
	refusedBytes atomic.Uint64
	oversize     atomic.Uint64
	aborted      atomic.Uint64

	mu      sync.Mutex // guards what follows, and orders changes of cursors
	readers [maxReaders]*Reader
	names   [maxReaders]string
	wakes   [maxReaders]chan struct{}
	gaps    []gap // ascending; written by Open only
	found   findings

	catalog catalog
	syncer  syncer
}

// gap is a range of positions that were never given out.
type gap struct{ at, to uint64 }

// New returns a ring in memory whose data area has size bytes, rounded up to a
// power of two of at least 64. A size of 0 or less means 64 MiB.
func New(size int) (*Ring, error) {
	o := Options{Size: int64(size)}.withDefaults()
	if int64(int(o.Size)) != o.Size || o.Size > maxSize/2 {
		return nil, fmt.Errorf("ringbuffer: size %d is too large", size)
	}
	id, key, err := newIdentity()
	if err != nil {
		return nil, err
	}
	r := newRing(newHeader(), wordBytes(int(o.Size)), id, key)
	r.catalog.init(nil, o.CatalogSize, r.hdr.catalog(), key)
	r.hdr.catalog().Store(1 << 32)
	return r, nil
}

func newRing(h header, data []byte, id, key uint64) *Ring {
	size := uint64(len(data))
	r := &Ring{
		base: unsafe.Pointer(&data[0]), data: data, size: size, mask: size - 1,
		key: key, id: id, hdr: h, maxLen: min(size/4, maxPayload),
		done: make(chan struct{}),
	}
	for i := range r.wakes {
		r.wakes[i] = make(chan struct{}, 1)
	}
	r.limit.Store(size)
	return r
}

// newIdentity returns a ring's id, not zero, and its key.
func newIdentity() (id, key uint64, err error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, 0, fmt.Errorf("ringbuffer: random id: %w", err)
	}
	id = binary.LittleEndian.Uint64(b[:]) | 1
	key = binary.LittleEndian.Uint64(b[8:])&^stateMask | keyTop
	return id, key, nil
}

// ID returns the random number that was drawn when the ring was created. It is
// kept in the file and never 0.
func (r *Ring) ID() uint64 { return r.id }

// Head returns the position behind everything that is committed or is to be.
func (r *Ring) Head() uint64 { return r.headPos() }

// MaxRecord returns the largest payload in bytes: a quarter of the ring, at
// most 64 MiB.
func (r *Ring) MaxRecord() int { return int(r.maxLen) }

// word returns the commit word at an offset of the data area, which is a
// multiple of 8.
func (r *Ring) word(off uint64) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Add(r.base, off))
}

// headPos returns the position behind the newest reservation.
func (r *Ring) headPos() uint64 { return r.head.Load() &^ closeBit }

// kindLen reads the kind and length of the slot at off.
func (r *Ring) kindLen(off uint64) (kind uint8, n uint64) {
	v := binary.LittleEndian.Uint32(r.data[off+offKindLen:])
	return uint8(v >> lenBits), uint64(v & lenMask)
}

// distance returns the bytes of records between two positions, without gaps.
func (r *Ring) distance(from, to uint64) uint64 {
	if to <= from {
		return 0
	}
	n := to - from
	for _, g := range r.gaps {
		if g.at >= from && g.to <= to {
			n -= g.to - g.at
		}
	}
	return n
}

// past returns the position behind the gap that starts at pos, or pos.
func (r *Ring) past(pos uint64) uint64 {
	for _, g := range r.gaps {
		if g.at == pos {
			return g.to
		}
	}
	return pos
}

// setTailLocked moves the tail and with it the limit of the producers.
func (r *Ring) setTailLocked(tail uint64) {
	r.hdr.tail().Store(tail)
	limit := tail + r.size
	for _, g := range r.gaps {
		if g.at >= tail {
			limit += g.to - g.at
		}
	}
	r.limit.Store(limit)
}

// publishHint raises the head hint in the header to the head. It never lowers
// it: readers and the syncer publish side by side, and a hint below a cursor
// would be taken for damage after a kill.
func (r *Ring) publishHint() {
	head, hint := r.headPos(), r.hdr.hint()
	for old := hint.Load(); old < head; old = hint.Load() {
		if hint.CompareAndSwap(old, head) {
			return
		}
	}
}
