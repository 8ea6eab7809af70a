package storage

import (
	"errors"
	"testing"
	"time"
)

func TestReplay_SkipsWhatIsInParts(t *testing.T) {
	fsys := newFS()
	s := mustOpen(t, manual(fsys))
	next := testDay.Add(24 * time.Hour)
	mustAppend(t, s, Traces, 10, testDay, 1)
	mustAppend(t, s, Logs, 20, testDay, 2)
	mustFlush(t, s)
	mustAppend(t, s, Traces, 30, testDay, 3)
	mustClose(t, s)

	s = mustOpen(t, manual(fsys))
	if got := s.Watermark(); got != 30 {
		t.Errorf("watermark %d, want 30", got)
	}
	f := func(signal Signal, end uint64, at time.Time, id rowID, want int) {
		t.Helper()
		if n, err := s.Append(t.Context(), signal, request(signal, at, id), end); n != want || err != nil {
			t.Errorf("replay of %s at %d: %d rows, %v, want %d", signal, end, n, err, want)
		}
	}
	f(Traces, 10, testDay, 1, 0)
	f(Logs, 20, testDay, 2, 0)
	f(Logs, 25, testDay, 4, 1)   // behind what the logs have
	f(Traces, 28, next, 5, 1)    // of a day that has no watermark
	f(Traces, 30, testDay, 3, 0) // exactly at it
	f(Traces, 31, testDay, 6, 1)
	wantRows(t, s, Traces, 1, 3, 5, 6)
	wantRows(t, s, Logs, 2, 4)
	if got := s.Status().Counters.SkippedRows; got != 3 {
		t.Errorf("%d rows skipped, want 3", got)
	}
	mustClose(t, s)
}

func TestReplay_OtherRing(t *testing.T) {
	fsys := newFS()
	ids := rowID(0)
	for _, ring := range []uint64{1, 2, 1, 0, 1} {
		o := manual(fsys)
		o.Ring = ring
		s := mustOpen(t, o)
		want := uint64(0)
		if ring == 1 && ids > 0 {
			want = 100
		}
		if got := s.Watermark(); got != want {
			t.Errorf("ring %d: watermark %d, want %d", ring, got, want)
		}
		ids++
		n, err := s.Append(t.Context(), Traces, request(Traces, testDay, ids), 100)
		if err != nil || (n == 0) != (want == 100) {
			t.Errorf("ring %d: appended %d rows, %v", ring, n, err)
		}
		mustClose(t, s)
	}
	s := mustOpen(t, manual(fsys))
	wantRows(t, s, Traces, 1, 2, 4)
	mustClose(t, s)
}

func TestDurable(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	f := func(want uint64) {
		t.Helper()
		if got := s.Durable(); got != want {
			t.Errorf("durable %d, want %d", got, want)
		}
	}
	f(0)
	mustAppend(t, s, Traces, 500, testDay, 1)
	f(0)
	mustFlush(t, s)
	f(500)
	// The records of a batch reach the store by signal: those of the logs may
	// stand before ones of the traces that are durable already.
	mustAppend(t, s, Logs, 480, testDay, 2)
	f(0)
	mustFlush(t, s)
	f(500)
	mustAppend(t, s, Traces, 700, testDay, 3)
	f(500)
	mustAppend(t, s, Logs, 800, testDay, 4)
	f(480)
	mustFlush(t, s)
	f(800)
	if n, err := s.Append(t.Context(), Traces, nil, 900); n != 0 || err != nil {
		t.Errorf("empty request: %d, %v", n, err)
	}
	f(900)
	if _, err := s.Append(t.Context(), Traces, request(Traces, testDay, 5), 899); !errors.Is(err, ErrOrder) {
		t.Errorf("a position before the last: %v, want ErrOrder", err)
	}
	wantRows(t, s, Traces, 1, 3)
	mustClose(t, s)
}
