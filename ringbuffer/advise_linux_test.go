package ringbuffer_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/ringbuffer"
)

// dirtied returns the bytes of the pages that this process has made dirty, each
// as often as it was clean before.
func dirtied(t *testing.T) int {
	t.Helper()
	io, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err) // a kernel may be built without it
	}
	_, after, _ := strings.Cut(string(io), "\nwrite_bytes: ")
	line, _, _ := strings.Cut(after, "\n")
	n, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSyncTo_WritesWhatChanged holds a sync to the pages that were written to:
// the one at the head, the one before it, and the header. A kernel that caches
// what it reads ahead in large pieces would write all of a piece.
func TestSyncTo_WritesWhatChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	for _, again := range []bool{false, true} {
		r, err := ringbuffer.Open(path, ringbuffer.Options{Size: 64 << 20, SyncInterval: -1})
		if err != nil {
			t.Fatal(err)
		}
		rd, err := r.Reader("r")
		if err != nil {
			t.Fatal(err)
		}
		write := func(n int) {
			t.Helper()
			if _, err := r.Write(1, make([]byte, n)); err != nil {
				t.Fatal(err)
			}
			rec, _ := rd.Next()
			rd.Release(rec.End)
		}
		sync := func() {
			t.Helper()
			if err := r.SyncTo(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		// The kernel reads further ahead the longer it goes well.
		for range 24 {
			write(1 << 20)
		}
		sync()
		const rounds = 50
		before := dirtied(t)
		for range rounds {
			write(100)
			sync()
		}
		if got, most := (dirtied(t)-before)/rounds, 3*os.Getpagesize(); got > most {
			t.Errorf("opened again %t: %d bytes written for a record of 100, want at most %d", again, got, most)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
