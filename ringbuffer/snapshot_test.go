//go:build unix

package ringbuffer

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func mustSnapshot(t testing.TB, path string) *Snapshot {
	t.Helper()
	s, err := OpenSnapshot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func snapshotTexts(t testing.TB, s *Snapshot, reader string) (got []string) {
	t.Helper()
	for rec, err := range s.Records(reader) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(rec.Data))
	}
	return got
}

func TestSnapshot(t *testing.T) {
	path := ringPath(t)
	r := mustOpen(t, path, quiet(1024))
	rd := mustReader(t, r, "a")
	s := mustSnapshot(t, path)
	if got := snapshotTexts(t, s, "a"); len(got) != 0 {
		t.Errorf("an empty ring yields %q", got)
	}
	id, _ := r.Define(3, []byte("later"))
	if _, text, ok := s.Definition(id); !ok || string(text) != "later" {
		t.Errorf("Definition(%d) = %q, %v", id, text, ok)
	}
	if _, _, ok := s.Definition(id + 1); ok {
		t.Error("an id that was never given out is there")
	}
	// Records before and behind a hole, an aborted slot, across the end.
	for range 12 {
		mustWrite(t, r, strings.Repeat("x", 40))
	}
	readAll(rd)
	rd.Release(r.Stats().Head)
	var want []string
	var held []Slot
	for i := range 10 {
		want = append(want, fmt.Sprint(i, strings.Repeat("-", 5*i)))
		mustWrite(t, r, want[i])
		slot, err := r.Reserve(4, i)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			slot.Abort()
		} else {
			held = append(held, slot)
		}
	}
	if got := snapshotTexts(t, s, "a"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for rec := range s.Records("a") {
		if string(rec.Data) != want[0] || rec.Kind != 4 || rec.Pos < rd.Position() {
			t.Errorf("first record %+v", rec)
		}
		break
	}
	if s.ID() != r.ID() || s.Skipped() != 0 {
		t.Errorf("ID = %d, Skipped = %d", s.ID(), s.Skipped())
	}
	names, err := s.Readers()
	if err != nil || !slices.Equal(names, []string{"a"}) {
		t.Errorf("Readers = %q, %v", names, err)
	}
	for _, err := range s.Records("nobody") {
		if !errors.Is(err, ErrReader) {
			t.Errorf("Records of an unknown reader: %v", err)
		}
	}
	for _, slot := range held {
		slot.Abort()
	}
	mustClose(t, r)
	if got := snapshotTexts(t, s, "a"); !slices.Equal(got, want) {
		t.Errorf("after Close: got %q, want %q", got, want)
	}
}

func TestSnapshot_AcrossPowerLoss(t *testing.T) {
	path := ringPath(t)
	r := mustOpen(t, path, otherBoot(quiet(1024), 1))
	mustReader(t, r, "a")
	mustWrite(t, r, "before")
	path = crashed(t, path)
	r = mustOpen(t, path, otherBoot(quiet(1024), 2))
	mustWrite(t, r, "after")
	if got := snapshotTexts(t, mustSnapshot(t, path), "a"); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("got %q", got)
	}
}

// TestSnapshot_BesideWriterConcurrentSafe reads while producers and a reader
// run through many laps: what it sees is whole and in order.
func TestSnapshot_BesideWriterConcurrentSafe(t *testing.T) {
	path := ringPath(t)
	r := mustOpen(t, path, Options{Size: 16 << 10, SyncInterval: 2 * time.Millisecond})
	rd := mustReader(t, r, "a")
	s := mustSnapshot(t, path)
	var idle sync.WaitGroup
	for p := range 2 {
		idle.Go(func() {
			for i := uint64(0); ; i++ {
				slot, err := r.Reserve(uint8(p+1), 16+int(i*13%300))
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil {
					time.Sleep(10 * time.Microsecond)
					continue
				}
				fillPattern(slot.Bytes(), uint64(p), i)
				slot.Commit()
			}
		})
	}
	idle.Go(func() {
		for rd.Wait(t.Context()) == nil {
			var end uint64
			for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
				if end = rec.End; end%512 < 64 {
					rd.Release(end)
				}
			}
			rd.Release(end)
		}
	})
	n := 0
	for stop := time.Now().Add(300 * time.Millisecond); time.Now().Before(stop) || n == 0; {
		var last [2]uint64
		var end uint64
		for rec, err := range s.Records("a") {
			if err != nil {
				t.Fatal(err)
			}
			p := rec.Kind - 1
			i, ok := checkPattern(rec.Data, uint64(p))
			if !ok || i < last[p] || rec.Pos < end {
				t.Fatalf("bad record %d at %d of producer %d, after %d at %d", i, rec.Pos, p, last[p], end)
			}
			last[p], end = i+1, rec.End
			n++
		}
	}
	mustClose(t, r)
	idle.Wait()
	t.Logf("%d records seen, %d bytes skipped, %d written", n, s.Skipped(), r.Stats().Head)
}

// TestSnapshot_Retained finds what was released, also beside the writer, until
// it is overwritten.
func TestSnapshot_Retained(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	r, err := Open(path, Options{Size: 4096})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rd, err := r.Reader("all")
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	retained := func() map[string]bool {
		t.Helper()
		s, err := OpenSnapshot(path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		got := map[string]bool{}
		for rec, err := range s.Retained() {
			if err != nil {
				t.Fatal(err)
			}
			if got[string(rec.Data)] {
				t.Errorf("%q twice", rec.Data)
			}
			got[string(rec.Data)] = true
		}
		return got
	}
	const inOneLap = 4096 / 32
	for i := range 3*inOneLap + 7 {
		if _, err := r.Write(1, fmt.Appendf(nil, "record %04d", i)); err != nil {
			t.Fatal(err)
		}
		rec, ok := rd.Next()
		if !ok {
			t.Fatal("nothing to read")
		}
		rd.Release(rec.End)
		got := retained()
		if want := min(i+1, inOneLap); len(got) != want || !got[fmt.Sprintf("record %04d", i)] || !got[fmt.Sprintf("record %04d", i+1-want)] {
			t.Fatalf("after %d records got %d, want the newest %d", i+1, len(got), want)
		}
	}
}
