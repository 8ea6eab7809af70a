package storage

import (
	"testing"
	"time"

	"github.com/ttlog/ttlog/storage/internal/vfstest"
)

// manyParts makes a store with one part a day and a hook that counts how often
// a part is opened.
func manyParts(t *testing.T, days int) (s *Store, opened func() int) {
	t.Helper()
	fsys := vfstest.NewFault(newFS(), nil)
	s = mustOpen(t, manual(fsys))
	for day := range days {
		mustAppend(t, s, Logs, uint64(day+1), time.Date(2020, 1, 1+day, 0, 0, 0, 0, time.UTC), rowID(day))
		if day%32 == 31 {
			mustFlush(t, s)
		}
	}
	mustFlush(t, s)
	n := 0
	fsys.Set(func(_ int, op vfstest.Op, _ string) error {
		if op == vfstest.OpOpen {
			n++
		}
		return nil
	})
	return s, func() int { return n }
}

// TestStore_KeepsTheFootersOfManyParts opens more parts than a fixed small
// number of them: a second query finds all of them open.
func TestStore_KeepsTheFootersOfManyParts(t *testing.T) {
	const days = 600
	s, opened := manyParts(t, days)
	defer mustClose(t, s)
	ask := func() {
		t.Helper()
		if _, err := s.Columns(t.Context(), Logs); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	if opened() < days {
		t.Fatalf("%d files were opened for %d parts", opened(), days)
	}
	before := opened()
	ask()
	if n := opened() - before; n != 0 {
		t.Errorf("a second query opened %d files again", n)
	}
	if s.files.held <= 0 || s.files.held > s.files.maxIdle {
		t.Errorf("%d bytes are held, of %d at most", s.files.held, s.files.maxIdle)
	}
}

// TestStore_ForgetsFootersBeyondTheBound keeps little, and counts what it
// keeps.
func TestStore_ForgetsFootersBeyondTheBound(t *testing.T) {
	s, opened := manyParts(t, 64)
	defer mustClose(t, s)
	s.files.maxIdle = 10_000
	for range 2 {
		if _, err := s.Columns(t.Context(), Logs); err != nil {
			t.Fatal(err)
		}
		if s.files.held <= 0 || s.files.held > s.files.maxIdle || s.files.idle.Len() == 64 {
			t.Errorf("%d bytes of %d parts are held, of %d at most", s.files.held, s.files.idle.Len(), s.files.maxIdle)
		}
	}
	if n := opened(); n <= 64 {
		t.Errorf("%d files were opened in all: none was forgotten", n)
	}
	s.files.close()
	if s.files.held != 0 {
		t.Errorf("%d bytes are held of nothing", s.files.held)
	}
}
