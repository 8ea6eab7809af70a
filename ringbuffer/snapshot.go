package ringbuffer

import (
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"os"
	"sync"
	"sync/atomic"
)

// littleEndian is the byte order of everything on disk.
var littleEndian = binary.LittleEndian

// snapshotWindow is how much of the data area a snapshot reads at a time.
const snapshotWindow = 256 << 10

// Snapshot is a read-only view of a ring file, which another process may be
// writing. It takes no lock and never changes the file. It reads copies with
// ordinary reads and takes what its checksum proves whole, so that a writer
// that is faster can at worst make it miss records, never see a torn one, and
// a file cut short is an error, not a fault in mapped memory. Its methods may
// be called by several goroutines.
type Snapshot struct {
	path    string
	file    *os.File
	id, key uint64
	size    uint64
	data    int64 // offset of the data area
	skipped atomic.Uint64

	mu       sync.Mutex
	loaded   uint64 // catalog word of the entries in byID
	tag      uint32
	byID     map[uint32]definition
	catBytes uint64
}

// OpenSnapshot opens the ring file at path for reading. The error wraps
// ErrCorrupt or ErrVersion where that is the reason.
func OpenSnapshot(path string) (*Snapshot, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ringbuffer: snapshot: %w", err)
	}
	adviseFile(f, true)
	s := &Snapshot{path: path, file: f, byID: map[uint32]definition{}}
	if err := s.open(); err != nil {
		f.Close()
		return nil, fmt.Errorf("ringbuffer: snapshot of %s: %w", path, err)
	}
	return s, nil
}

func (s *Snapshot) open() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: no regular file", ErrCorrupt)
	}
	if info.Size() < fileHeaderBytes {
		return fmt.Errorf("%w: %d bytes, the header alone has %d", ErrCorrupt, info.Size(), fileHeaderBytes)
	}
	h, err := s.header()
	if err != nil {
		return err
	}
	if err := h.checkStatic(info.Size()); err != nil {
		return err
	}
	s.id, s.key, s.size = h.static(offID), h.static(offKey), h.static(offDataBytes)
	s.catBytes, s.tag = h.static(offCatalogBytes), uint32(s.key>>32)
	s.data = fileHeaderBytes + int64(s.catBytes)
	return nil
}

// header reads the header as it is now.
func (s *Snapshot) header() (header, error) {
	h := newHeader()
	if _, err := s.file.ReadAt(h.b, 0); err != nil {
		return h, fmt.Errorf("read header: %w", err)
	}
	return h, nil
}

// ID returns the ring's id.
func (s *Snapshot) ID() uint64 { return s.id }

// Skipped returns the bytes of records that the writer overwrote before
// Records came to them: their reader has released them meanwhile.
func (s *Snapshot) Skipped() uint64 { return s.skipped.Load() }

// Close ends the snapshot.
func (s *Snapshot) Close() error { return s.file.Close() }

// Readers returns the names of the readers registered now.
func (s *Snapshot) Readers() ([]string, error) {
	h, err := s.header()
	if err != nil {
		return nil, fmt.Errorf("ringbuffer: snapshot of %s: %w", s.path, err)
	}
	var names []string
	for i := range maxReaders {
		if name, used, err := h.reader(i); err == nil && used {
			names = append(names, name)
		}
	}
	return names, nil
}

// Definition returns what was defined under id, looking into the file again
// when the catalog has grown. The payload must not be changed.
func (s *Snapshot) Definition(id uint32) (kind uint8, payload []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.byID[id]
	if !ok {
		s.loadLocked()
		d, ok = s.byID[id]
	}
	return d.kind, d.payload, ok
}

// loadLocked adds the entries of the file to those known. What cannot be read
// is not known.
func (s *Snapshot) loadLocked() {
	h, err := s.header()
	if err != nil || h.catalog().Load() == s.loaded {
		return
	}
	word := h.catalog().Load()
	_, used := unpackCatalog(word)
	region := make([]byte, min(uint64(used), s.catBytes))
	if n, err := s.file.ReadAt(region, fileHeaderBytes); err != nil && err != io.EOF {
		region = region[:n]
	}
	for at := 0; at < len(region); {
		id, kind, payload, need, ok := getEntry(region[at:], s.tag)
		if !ok {
			at += 8
			continue
		}
		s.byID[id] = definition{kind, payload}
		at += need
	}
	s.loaded = word
}

// Records yields the committed records from the named reader's released
// position on, at most one lap of them, each with Data of its own. Records that
// are released and overwritten meanwhile are left out and counted in Skipped.
// An error comes last: there is no such reader, or the file cannot be read.
func (s *Snapshot) Records(reader string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		w := walker{s: s, reader: reader}
		if err := w.run(yield); err != nil {
			yield(Record{}, fmt.Errorf("ringbuffer: snapshot of %s: %w", s.path, err))
		}
	}
}

// Retained yields every whole record that the file still holds, those among
// them that every reader has released and nothing has overwritten yet, in no
// order. It reads the whole file.
func (s *Snapshot) Retained() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		w := walker{s: s}
		for off := uint64(0); off < s.size; {
			rec, n, err := w.slotAt(off)
			if err != nil {
				yield(Record{}, fmt.Errorf("ringbuffer: snapshot of %s: %w", s.path, err))
				return
			}
			if rec.Data != nil && !yield(rec, nil) {
				return
			}
			off += max(n, 8)
		}
	}
}

// walker is one pass of Records.
type walker struct {
	s      *Snapshot
	reader string

	pos, tail, hint uint64
	clean           bool
	gaps            []gap
	budget          int64 // bytes of the lap that are left

	buf []byte // copy of the data area
	at  uint64 // offset of buf in it

	torn   bool    // slot met a slot whose checksum is wrong
	report *Report // gets the damage, where not nil
}

func (w *walker) run(yield func(Record, error) bool) error {
	if err := w.start(); err != nil {
		return err
	}
	inHole := false
	for w.budget > 0 {
		if to := w.past(); to != w.pos {
			w.pos = to
			continue
		}
		if w.clean && w.pos >= w.hint {
			return nil
		}
		rec, n, err := w.slot()
		if err != nil {
			return err
		}
		if n == 0 {
			// Only at the start of a hole is the header read again.
			if !inHole {
				moved, err := w.overtaken()
				if err != nil {
					return err
				}
				if moved {
					continue
				}
			}
			// A file that was closed cleanly has no holes.
			if w.report != nil && (w.torn || w.clean && !inHole) {
				w.report.damaged(Damage{Pos: w.pos})
			}
			inHole = true
			w.move(8)
			continue
		}
		inHole = false
		w.move(n)
		if rec.Data != nil && !yield(rec, nil) {
			return nil
		}
	}
	return nil
}

func (w *walker) move(n uint64) { w.pos += n; w.budget -= int64(n) }

func (w *walker) past() uint64 {
	for _, g := range w.gaps {
		if g.at == w.pos {
			return g.to
		}
	}
	return w.pos
}

// start finds the reader and what the header says of the ring.
func (w *walker) start() error {
	h, err := w.refresh()
	if err != nil {
		return err
	}
	for i := range maxReaders {
		name, used, err := h.reader(i)
		if err != nil {
			return err
		}
		if used && name == w.reader {
			w.pos, w.budget = h.cursor(i).Load(), int64(w.s.size)
			if w.pos%8 != 0 || w.pos > maxPosition {
				return fmt.Errorf("%w: reader %q at position %d", ErrCorrupt, name, w.pos)
			}
			return nil
		}
	}
	return fmt.Errorf("%w: %q is not registered", ErrReader, w.reader)
}

func (w *walker) refresh() (header, error) {
	h, err := w.s.header()
	if err != nil {
		return h, err
	}
	w.tail, w.hint = h.tail().Load(), h.hint().Load()
	w.clean = h.closedCleanly()
	w.gaps = w.gaps[:0]
	for i := range maxGaps {
		// Only a gap that leads onwards, to where a slot can be, is one: the
		// walk must come to an end.
		g := gap{h.gapAt(i).Load(), h.gapTo(i).Load()}
		if g.at < g.to && g.to <= maxPosition && g.at%8 == 0 && (g.to-g.at)%w.s.size == 0 {
			w.gaps = append(w.gaps, g)
		}
	}
	return h, nil
}

// overtaken moves on to the tail when the space at pos was given back, and
// drops the copy, which may be half old.
func (w *walker) overtaken() (bool, error) {
	if _, err := w.refresh(); err != nil {
		return false, err
	}
	w.buf = nil
	if w.pos >= w.tail || w.tail%8 != 0 {
		return false, nil
	}
	skipped := w.tail - w.pos
	for _, g := range w.gaps {
		if g.at >= w.pos && g.to <= w.tail {
			skipped -= min(skipped, g.to-g.at)
		}
	}
	w.s.skipped.Add(skipped)
	w.pos = w.tail
	return true, nil
}

// slot verifies the slot at pos in the copy and returns its size, 0 for a
// hole, and the record if it is one.
func (w *walker) slot() (Record, uint64, error) {
	b, err := w.bytes(8)
	if err != nil {
		return Record{}, 0, err
	}
	w.torn = false
	state := littleEndian.Uint64(b) ^ w.s.key ^ w.pos
	switch state {
	case stateSkip:
		return Record{}, 8, nil
	case stateCommitted, stateAborted, statePad:
	default:
		return Record{}, 0, nil
	}
	if b, err = w.bytes(headerBytes); b == nil {
		return Record{}, 0, err
	}
	v := littleEndian.Uint32(b[offKindLen:])
	n, covered := uint64(v&lenMask), uint64(0)
	if state == stateCommitted {
		if covered = n; n > min(w.s.size/4, maxPayload) {
			return Record{}, 0, nil
		}
	}
	if b, err = w.bytes(headerBytes + covered); b == nil {
		return Record{}, 0, err
	}
	if checksum(w.pos, b[offKindLen:]) != littleEndian.Uint32(b[offCRC:]) {
		w.torn = true
		return Record{}, 0, nil
	}
	size := slotBytes(n)
	if state != stateCommitted {
		return Record{}, size, nil
	}
	data := append(make([]byte, 0, n), b[headerBytes:]...)
	return Record{Pos: w.pos, End: w.pos + size, Kind: uint8(v >> lenBits), Data: data}, size, nil
}

// slotAt is slot for what an offset of the data area holds, whatever its
// position is.
func (w *walker) slotAt(off uint64) (Record, uint64, error) {
	w.pos = off
	b, err := w.bytes(8)
	if err != nil {
		return Record{}, 0, err
	}
	pos := (littleEndian.Uint64(b) ^ w.s.key) &^ stateMask
	if pos&(w.s.size-1) != off || pos > maxPosition {
		return Record{}, 0, nil
	}
	w.pos = pos
	return w.slot()
}

// bytes returns n bytes at pos, reading a new window where the copy ends, or
// nil where the data area does.
func (w *walker) bytes(n uint64) ([]byte, error) {
	off := w.pos & (w.s.size - 1)
	if off+n > w.s.size {
		return nil, nil
	}
	if w.buf == nil || off < w.at || off+n > w.at+uint64(len(w.buf)) {
		want := min(max(n, snapshotWindow), w.s.size-off)
		if uint64(cap(w.buf)) < want {
			w.buf = make([]byte, want)
		}
		w.buf, w.at = w.buf[:want], off
		if _, err := w.s.file.ReadAt(w.buf, w.s.data+int64(off)); err != nil {
			return nil, fmt.Errorf("read data at byte %d: %w", w.s.data+int64(off), err)
		}
	}
	return w.buf[off-w.at:][:n], nil
}
