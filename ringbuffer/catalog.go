package ringbuffer

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"
)

// catalogEntryBytes is the header of an entry; part of the format.
const catalogEntryBytes = 16

// definition is one entry of the catalog.
type definition struct {
	kind    uint8
	payload []byte // heap copy, never changed
}

// catalog holds the definitions that records refer to by id. They outlive the
// records: entries are only appended, until an Open that finds every record
// consumed starts over with an empty region and the next unused id.
type catalog struct {
	mu     sync.RWMutex
	region []byte         // in the mapped file; nil in memory and after Close
	limit  int            // bytes of the region, or of the heap that stands in for it
	word   *atomic.Uint64 // next id << 32 | bytes used
	tag    uint32
	byID   map[uint32]definition
	ids    map[string]uint32 // by kind and payload
	closed bool
}

func (c *catalog) init(region []byte, limit int64, word *atomic.Uint64, key uint64) {
	c.region, c.limit, c.word, c.tag = region, int(limit), word, uint32(key>>32)
	c.byID, c.ids = map[uint32]definition{}, map[string]uint32{}
}

// Define gives payload an id by which records can refer to it, and returns the
// same id for the same kind and content. Ids are never used twice, also not
// after the catalog was emptied at an Open; they are valid for records written
// through this Ring. The payload is copied. It takes a mutex: a producer keeps
// the ids it uses. The error wraps ErrCatalogFull, ErrTooLarge, ErrKind or
// ErrClosed.
func (r *Ring) Define(kind uint8, payload []byte) (id uint32, err error) {
	if kind == 0 || kind > kindMax {
		return 0, ErrKind
	}
	return r.catalog.define(kind, payload)
}

// Definition returns what was defined under id. The payload must not be
// changed; it stays valid.
func (r *Ring) Definition(id uint32) (kind uint8, payload []byte, ok bool) {
	r.catalog.mu.RLock()
	defer r.catalog.mu.RUnlock()
	d, ok := r.catalog.byID[id]
	return d.kind, d.payload, ok
}

func (c *catalog) define(kind uint8, payload []byte) (uint32, error) {
	key := string(append([]byte{kind}, payload...))
	c.mu.RLock()
	id, ok := c.ids[key]
	c.mu.RUnlock()
	if ok {
		return id, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if id, ok = c.ids[key]; ok {
		return id, nil
	}
	if c.closed {
		return 0, ErrClosed
	}
	return c.appendLocked(kind, key)
}

func (c *catalog) appendLocked(kind uint8, key string) (uint32, error) {
	payload := []byte(key[1:])
	id, used := unpackCatalog(c.word.Load())
	need := (catalogEntryBytes + len(payload) + 7) &^ 7
	if len(payload) > lenMask {
		return 0, fmt.Errorf("%w: definition of %d bytes", ErrTooLarge, len(payload))
	}
	if need > c.limit-int(used) || id == 1<<32-1 {
		return 0, fmt.Errorf("%w: %d of %d bytes used, %d more needed", ErrCatalogFull, used, c.limit, need)
	}
	if c.region != nil {
		putEntry(c.region[used:], id, c.tag, kind, payload)
	}
	c.word.Store(uint64(id+1)<<32 | uint64(int(used)+need))
	c.addLocked(id, kind, payload)
	return id, nil
}

func (c *catalog) addLocked(id uint32, kind uint8, payload []byte) {
	c.byID[id] = definition{kind, payload}
	c.ids[string(append([]byte{kind}, payload...))] = id
}

// load reads the entries of a file. Up to the committed length a damaged entry
// is stepped over and counted; behind it, after a crash, whole entries are
// taken over: their pages may have reached the disk before the header's.
func (c *catalog) load(beyond bool) (damaged []uint32) {
	next, used := unpackCatalog(c.word.Load())
	limit := uint32(len(c.region))
	hole := false
	for at := uint32(0); at < limit; {
		if at >= used && !beyond {
			break
		}
		id, kind, payload, need, ok := getEntry(c.region[at:], c.tag)
		if !ok {
			if at >= used {
				break
			}
			if !hole {
				damaged = append(damaged, at)
			}
			hole = true
			at += 8
			continue
		}
		hole = false
		c.addLocked(id, kind, payload)
		at += uint32(need)
		used, next = max(used, at), max(next, id+1)
	}
	c.word.Store(uint64(next)<<32 | uint64(used))
	return damaged
}

// skipIDs leaves out ids that may have been given out before a power loss.
func (c *catalog) skipIDs(n uint32) {
	next, used := unpackCatalog(c.word.Load())
	c.word.Store(uint64(next+n)<<32 | uint64(used))
}

// reset empties the catalog and keeps the next id.
func (c *catalog) reset() {
	next, _ := unpackCatalog(c.word.Load())
	c.word.Store(uint64(next) << 32)
	// An old entry at the front must not be taken over after a crash.
	clear(c.region[:min(len(c.region), catalogEntryBytes)])
	clear(c.byID)
	clear(c.ids)
}

// detach ends the use of the mapped file.
func (c *catalog) detach() {
	c.mu.Lock()
	defer c.mu.Unlock()
	word := new(atomic.Uint64)
	word.Store(c.word.Load())
	c.closed, c.region, c.word = true, nil, word
}

func unpackCatalog(w uint64) (next, used uint32) { return uint32(w >> 32), uint32(w) }

// putEntry writes one entry. dst has room for it.
func putEntry(dst []byte, id, tag uint32, kind uint8, payload []byte) {
	le := binary.LittleEndian
	le.PutUint32(dst[4:], id)
	le.PutUint32(dst[8:], uint32(kind)<<lenBits|uint32(len(payload)))
	le.PutUint32(dst[12:], tag)
	copy(dst[catalogEntryBytes:], payload)
	le.PutUint32(dst, crc32.Update(id, castagnoli, dst[4:catalogEntryBytes+len(payload)]))
}

// getEntry reads the entry at the start of src and verifies it. The payload is
// a copy.
func getEntry(src []byte, tag uint32) (id uint32, kind uint8, payload []byte, need int, ok bool) {
	if len(src) < catalogEntryBytes {
		return 0, 0, nil, 0, false
	}
	le := binary.LittleEndian
	id, v := le.Uint32(src[4:]), le.Uint32(src[8:])
	end := catalogEntryBytes + int(v&lenMask)
	if id == 0 || le.Uint32(src[12:]) != tag || end > len(src) || v>>lenBits == 0 {
		return 0, 0, nil, 0, false
	}
	if crc32.Update(id, castagnoli, src[4:end]) != le.Uint32(src) {
		return 0, 0, nil, 0, false
	}
	return id, uint8(v >> lenBits), append([]byte(nil), src[catalogEntryBytes:end]...), (end + 7) &^ 7, true
}
