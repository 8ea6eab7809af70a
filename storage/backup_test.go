package storage

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// onDisk opens a store of real files, which merges as it likes.
func onDisk(t *testing.T, dir string) *Store {
	o := manual(vfs.OS{})
	o.fs, o.NoBackgroundCompaction, o.FlushRows = vfs.OS{}, false, 4
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBackup_BesideAWriter backs a store up again and again while rows come, are
// merged, deleted and leave days empty: each backup has all that was durable when
// it began, verifies, and holds no file that it does not need.
func TestBackup_BesideAWriter(t *testing.T) {
	dir, dest := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backup")
	s := onDisk(t, dir)
	defer s.Close()
	next, known := rowID(0), rowID(0)
	durable := map[rowID]bool{}
	more := func(n int) {
		for range n {
			next++
			mustAppend(t, s, Logs, uint64(next), testDay.Add(time.Duration(next%3)*dayLong), next)
		}
	}
	for round := range 12 {
		more(10)
		mustFlush(t, s)
		for ; known < next; known++ {
			durable[known+1] = true
		}
		if round == 6 { // a whole day goes
			doomed := map[rowID]bool{}
			for id := range durable {
				if id%3 == 1 {
					doomed[id] = true
					delete(durable, id)
				}
			}
			if _, err := s.Delete(t.Context(), Deletion{ScanRequest: ScanRequest{Signal: Logs}, Match: matchRows(t, Logs, doomed)}); err != nil {
				t.Fatal(err)
			}
			if err := s.removeEmpty(); err != nil {
				t.Fatal(err)
			}
		}
		writing := make(chan struct{})
		go func() {
			defer close(writing)
			more(30)
		}()
		r, err := Backup(t.Context(), dir, dest)
		<-writing
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if report := checked(t, dest); len(report.Damage) > 0 || report.Parts != r.Parts {
			t.Fatalf("round %d: %+v, check: %+v", round, r, report)
		}
		o := manual(vfs.OS{})
		o.ReadOnly, o.fs = true, vfs.OS{}
		b, err := Open(dest, o)
		if err != nil {
			t.Fatal(err)
		}
		got := scanRows(t, b, ScanRequest{Signal: Logs})
		for id := range durable {
			if got[id] != 1 {
				t.Fatalf("round %d: row %d is there %d times", round, id, got[id])
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func checked(t *testing.T, dir string) Report {
	t.Helper()
	r, err := Check(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestBackup_RefusesDamage and keeps the sound copy that it has.
func TestBackup_RefusesDamage(t *testing.T) {
	dir, dest := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backup")
	shut := func(s *Store) {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s := onDisk(t, dir)
	mustAppend(t, s, Logs, 1, testDay, 1)
	shut(s)
	damage := func() {
		files, err := filepath.Glob(filepath.Join(dir, "logs", "*", "*.part"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		newest := files[len(files)-1]
		data, err := os.ReadFile(newest)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := errors.Join(os.Remove(newest), os.WriteFile(newest, data, 0o600)); err != nil { // not through a link
			t.Fatal(err)
		}
	}
	if r, err := Backup(t.Context(), dir, dest); err != nil || r.Parts != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	damage()
	if r, err := Backup(t.Context(), dir, dest); err != nil || r.Kept != 1 {
		t.Errorf("what it has already: %+v, %v", r, err)
	}
	s = onDisk(t, dir)
	mustAppend(t, s, Logs, 2, testDay, 2)
	shut(s)
	damage()
	if r, err := Backup(t.Context(), dir, dest); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a new part that is damaged: %+v, %v", r, err)
	}
	if report := checked(t, dest); len(report.Damage) > 0 || report.Rows != 1 {
		t.Errorf("the backup is %+v", report)
	}
}
