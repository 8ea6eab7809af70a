package storage

import (
	"errors"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

func TestStore_Lifecycle(t *testing.T) {
	fsys := newFS()
	s := mustOpen(t, manual(fsys))
	for i, signal := range []Signal{Traces, Logs, Metrics} {
		base := rowID(100 * i)
		mustAppend(t, s, signal, 0, testDay, base+1, base+2)
		wantRows(t, s, signal, base+1, base+2)
	}
	mustFlush(t, s)
	mustAppend(t, s, Traces, 0, testDay.Add(time.Hour), 3)
	wantRows(t, s, Traces, 1, 2, 3)
	wantRows(t, s, Logs, 101, 102)
	st := s.Status()
	if st.Signals[Traces].Rows != 2 || st.MemoryRows != 1 || st.Counters.AppendedRows != 7 || len(st.Partitions) != 3 {
		t.Errorf("status = %+v", st)
	}
	mustClose(t, s)
	if _, err := s.Append(t.Context(), Traces, request(Traces, testDay, 9), 0); !errors.Is(err, ErrClosed) {
		t.Errorf("append after close: %v, want ErrClosed", err)
	}
	if _, err := s.Scan(t.Context(), ScanRequest{Signal: Traces}); !errors.Is(err, ErrClosed) {
		t.Errorf("scan after close: %v, want ErrClosed", err)
	}
	if err := s.Flush(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("flush after close: %v, want ErrClosed", err)
	}
	s = mustOpen(t, manual(fsys))
	wantRows(t, s, Traces, 1, 2, 3)
	wantRows(t, s, Metrics, 201, 202)
	mustClose(t, s)
}

func TestStore_MalformedStoresNothing(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	good := request(Traces, testDay, 1, 2, 3)
	for n := 1; n < len(good); n++ {
		if _, err := s.Append(t.Context(), Traces, good[:n], 0); err == nil || !errors.Is(err, otlpwire.ErrMalformed) {
			t.Fatalf("request cut at %d: error %v, want ErrMalformed", n, err)
		}
	}
	wantRows(t, s, Traces)
	mustClose(t, s)
}
