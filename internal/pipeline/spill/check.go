package spill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ttlog/ttlog/internal/aside"
)

// Report is what Check found.
type Report struct {
	// Frames and Records are whole and not acknowledged.
	Frames, Records uint64
	// Damage says what is not as it was written.
	Damage []error
}

// Check verifies the queue in dir, which may be in use. It changes nothing. The
// end of the newest segment may be a write that was cut off, and is no damage.
func Check(dir string) Report {
	var r Report
	pos, err := checkPosition(filepath.Join(dir, positionName))
	if err != nil {
		r.Damage = append(r.Damage, err)
	}
	bases, err := listSegments(dir)
	if err != nil {
		r.Damage = append(r.Damage, fmt.Errorf("%s: %w", dir, err))
	}
	for i, base := range bases {
		next := uint64(maxPosition)
		if i+1 < len(bases) {
			next = bases[i+1]
		}
		if err := r.segment(dir, base, next, pos, i == len(bases)-1); err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.Damage = append(r.Damage, err)
		}
	}
	return r
}

// checkPosition returns the position that is kept, 0 where there is none.
func checkPosition(name string) (uint64, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("%s is no regular file", name)
	case info.Size() == 0:
		return 0, nil // nothing was acknowledged yet
	}
	slots, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	if seq, pos := newestSlot(slots); seq > 0 {
		return pos, nil
	}
	return 0, fmt.Errorf("%s holds no position: everything in the queue is sent again", name)
}

// segment verifies one segment.
func (r *Report) segment(dir string, base, next, pos uint64, newest bool) error {
	s, err := openSegment(dir, base, next, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer s.f.Close() // open for reading: nothing can be lost
	var buf []byte
	for at := max(pos, base); at < s.end(); {
		h, ok, err := s.next(at)
		if err != nil {
			return err
		}
		if !ok {
			if !newest {
				r.damaged(s, at, s.end()-at)
			}
			return nil
		}
		if h.pos > at {
			r.damaged(s, at, h.pos-at)
		}
		payload, whole, err := s.payload(h, buf)
		if err != nil {
			return err
		}
		if buf = payload; whole {
			r.Frames++
			r.Records += uint64(h.records)
		} else {
			r.damaged(s, h.pos, h.end()-h.pos)
		}
		at = h.end()
	}
	return nil
}

func (r *Report) damaged(s *segment, at, n uint64) {
	r.Damage = append(r.Damage, fmt.Errorf("%s: %d bytes at %d are no whole request", s.f.Name(), n, at-s.base))
}

// clear moves out of the way what stands where the queue keeps its directory
// and files and is of another kind.
func (q *Queue) clear() error {
	move := func(path string, bad bool) error {
		if !bad {
			return nil
		}
		to, err := aside.Move(path)
		if err == nil {
			q.log.Warn("spill: what is no file of the queue is kept aside", "file", to)
		}
		return err
	}
	if info, err := os.Stat(q.dir); err == nil && !info.IsDir() {
		return move(q.dir, true)
	}
	entries, err := os.ReadDir(q.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		ours := e.Name() == positionName || filepath.Ext(e.Name()) == segmentSuffix
		err = errors.Join(err, move(filepath.Join(q.dir, e.Name()), ours && e.IsDir()))
	}
	return err
}
