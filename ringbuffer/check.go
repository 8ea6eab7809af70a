package ringbuffer

import (
	"fmt"
	"io"
)

// Report is what Snapshot.Check found.
type Report struct {
	// Records are whole, and some reader has still to release them.
	Records int
	// Corrupt counts records and definitions that are not as they were
	// written; Damage says more of the first 64.
	Corrupt uint64
	Damage  []Damage
}

func (r *Report) damaged(d Damage) {
	r.Corrupt++
	if len(r.Damage) < maxDamage {
		r.Damage = append(r.Damage, d)
	}
}

// headerTries is how often a header that contradicts itself is read again: a
// writer may be changing it.
const headerTries = 3

// Check verifies the header, the definitions and the records that a reader has
// still to release. Beside a writer it reports nothing that is not damage. The
// error is about the header or the file; what else was found is in the report.
func (s *Snapshot) Check() (r Report, err error) {
	var slowest string
	for range headerTries {
		if slowest, err = s.checkHeader(); err == nil {
			break
		}
	}
	if err != nil {
		return r, fmt.Errorf("ringbuffer: check %s: %w", s.path, err)
	}
	if err := s.checkCatalog(&r); err != nil {
		return r, fmt.Errorf("ringbuffer: check %s: %w", s.path, err)
	}
	if slowest == "" {
		return r, nil
	}
	w := walker{s: s, reader: slowest, report: &r}
	err = w.run(func(Record, error) bool { r.Records++; return true })
	if err != nil {
		return r, fmt.Errorf("ringbuffer: check %s: %w", s.path, err)
	}
	return r, nil
}

// checkHeader verifies what changes in the header and returns the name of the
// slowest reader.
func (s *Snapshot) checkHeader() (slowest string, err error) {
	h, err := s.header()
	if err != nil {
		return "", err
	}
	if h.state().Load() == fileClean && !h.closedCleanly() {
		return "", fmt.Errorf("%w: the header was closed with checksum %08x, computed %08x", ErrCorrupt, h.storedDynamicCRC(), h.dynamicCRC())
	}
	low := uint64(maxPosition)
	hint := h.hint().Load()
	for i := range maxReaders {
		name, used, err := h.reader(i)
		if err != nil {
			return "", err
		}
		if !used {
			continue
		}
		c := h.cursor(i).Load()
		// After power loss the hint may be older than a cursor.
		if c%8 != 0 || c > maxPosition || c > hint && c-hint > gapBytes {
			return "", fmt.Errorf("%w: reader %q at position %d, the head is at %d", ErrCorrupt, name, c, hint)
		}
		if slowest == "" || c < low {
			slowest, low = name, c
		}
	}
	return slowest, nil
}

// checkCatalog verifies the definitions.
func (s *Snapshot) checkCatalog(r *Report) error {
	h, err := s.header()
	if err != nil {
		return err
	}
	_, used := unpackCatalog(h.catalog().Load())
	if uint64(used) > s.catBytes {
		return fmt.Errorf("%w: %d bytes of definitions, there is room for %d", ErrCorrupt, used, s.catBytes)
	}
	region := make([]byte, used)
	if _, err := s.file.ReadAt(region, fileHeaderBytes); err != nil && err != io.EOF {
		return fmt.Errorf("read definitions: %w", err)
	}
	hole := false
	for at := 0; at < len(region); {
		_, _, _, need, ok := getEntry(region[at:], s.tag)
		if ok {
			at += need
		} else {
			if !hole {
				r.damaged(Damage{Pos: uint64(at), Catalog: true})
			}
			at += 8
		}
		hole = !ok
	}
	return nil
}
