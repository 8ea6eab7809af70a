//go:build unix

package ringbuffer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestScrub_LeavesNothingOfOldRecords in the file, and takes nothing from readers
// or producers that come between.
func TestScrub_LeavesNothingOfOldRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ring")
	r := mustOpen(t, path, Options{Size: 1 << 20})
	rd := mustReader(t, r, "a")
	for i := range 30_000 { // several times around
		mustWrite(t, r, fmt.Sprintf("secret of record %d", i))
		if i%100 == 0 {
			readAll(rd)
			rd.Release(r.Stats().Head)
		}
	}
	readAll(rd)
	rd.Release(r.Stats().Head)

	const more = 2000
	var producers sync.WaitGroup
	producers.Go(func() {
		for i := range more {
			for {
				_, err := r.Write(4, fmt.Appendf(nil, "later %d", i))
				if err == nil {
					break
				}
				if !errors.Is(err, ErrFull) {
					t.Error(err)
					return
				}
				time.Sleep(time.Millisecond)
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	var reading sync.WaitGroup
	reading.Go(func() {
		for rd.Wait(ctx) == nil {
			for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
				got = append(got, string(rec.Data))
				rd.Release(rec.End)
			}
		}
	})
	if err := r.Scrub(t.Context()); err != nil {
		t.Error(err)
	}
	producers.Wait()
	for deadline := time.Now().Add(10 * time.Second); rd.Lag() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	cancel()
	reading.Wait()
	if len(got) != more {
		t.Errorf("%d records came through, want %d", len(got), more)
	}
	for i, rec := range got {
		if want := fmt.Sprintf("later %d", i); rec != want {
			t.Fatalf("record %d is %q, want %q", i, rec, want)
		}
	}
	data, err := os.ReadFile(crashed(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(data, []byte("secret")); n > 0 {
		t.Errorf("%d old records are in the file", n)
	}
}

// TestScrub_WaitsForReaders and leaves them and producers what they need.
func TestScrub_WaitsForReaders(t *testing.T) {
	r := mustNew(t, 1<<20)
	rd := mustReader(t, r, "slow")
	mustWrite(t, r, "unread")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.Scrub(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Scrub: %v", err)
	}
	mustWrite(t, r, "and there is room")
	if got := readAll(rd); len(got) != 2 || got[0] != "unread" {
		t.Errorf("the reader gets %q", got)
	}
}

func TestScrub_Closed(t *testing.T) {
	r, err := New(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, r)
	if err := r.Scrub(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Scrub: %v", err)
	}
}
