package ringbuffer

import "fmt"

// Reader opens the reader of that name, 1 to 48 bytes, and registers it when
// it is new: it then starts at the tail, with the oldest record that is still
// there. A name is open once at a time; Reader.Close frees it. The error wraps
// ErrReader or ErrClosed.
func (r *Ring) Reader(name string) (*Reader, error) {
	if name == "" || len(name) > maxReaderName {
		return nil, fmt.Errorf("%w: name %.60q must have 1 to %d bytes", ErrReader, name, maxReaderName)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed.Load() {
		return nil, ErrClosed
	}
	i := r.slotLocked(name)
	if i >= 0 && r.readers[i] != nil {
		return nil, fmt.Errorf("%w: %q is already open", ErrReader, name)
	}
	if i < 0 {
		if i = r.slotLocked(""); i < 0 {
			return nil, fmt.Errorf("%w: %q would be more than %d", ErrReader, name, maxReaders)
		}
		r.hdr.setReader(i, name, r.hdr.tail().Load())
		r.names[i] = name
	}
	rd := &Reader{ring: r, slot: i, bit: 1 << i, wake: r.wakes[i], pos: r.hdr.cursor(i).Load()}
	rd.given.Store(rd.pos)
	r.readers[i] = rd
	return rd, nil
}

// RemoveReader forgets the reader of that name and lets go of the records only
// it still held. An open one is closed. The error wraps ErrReader when there
// is none.
func (r *Ring) RemoveReader(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed.Load() {
		return ErrClosed
	}
	i := r.slotLocked(name)
	if i < 0 || name == "" {
		return fmt.Errorf("%w: %q is not registered", ErrReader, name)
	}
	if rd := r.readers[i]; rd != nil {
		rd.closeLocked()
	}
	r.hdr.used(i).Store(0)
	r.names[i] = ""
	r.reclaimLocked()
	return nil
}

// ReaderNames returns the registered names, in the order of their slots.
func (r *Ring) ReaderNames() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, name := range r.names {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

func (r *Ring) slotLocked(name string) int {
	for i, n := range r.names {
		if n == name {
			return i
		}
	}
	return -1
}

// slowestLocked returns the lowest cursor, or the tail without readers.
func (r *Ring) slowestLocked() uint64 {
	low, found := uint64(0), false
	for i, name := range r.names {
		if name == "" {
			continue
		}
		if c := r.hdr.cursor(i).Load(); !found || c < low {
			low, found = c, true
		}
	}
	if !found {
		return r.hdr.tail().Load()
	}
	return low
}

// reclaimLocked moves the tail to the slowest reader. Without readers it
// stays: what is there waits for the next reader to come.
func (r *Ring) reclaimLocked() {
	if low := r.slowestLocked(); low > r.hdr.tail().Load() {
		r.publishHint()
		r.setTailLocked(low)
	}
}

// cursorLocked returns a cursor. The header stays readable while an open
// reader can call this; see Ring.Close.
func (r *Ring) cursorLocked(i int) uint64 { return r.hdr.cursor(i).Load() }
