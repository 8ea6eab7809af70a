package storage

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlanMerge(t *testing.T) {
	const kib = 1 << 10
	parts := func(sizes ...int64) (out []entry) {
		for i, s := range sizes {
			out = append(out, entry{id: uint64(i + 1), size: s, rows: s / 10})
		}
		return out
	}
	f := func(all bool, in []entry, want ...uint64) {
		t.Helper()
		var got []uint64
		for _, e := range planMerge(in, 1<<20, 4096*kib, all) {
			got = append(got, e.id)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("planMerge(%v, all %v) = %v, want %v", in, all, got, want)
		}
	}
	f(false, nil)
	f(false, parts(kib))
	f(false, parts(kib, kib, kib))
	f(false, parts(kib, 2*kib, 100, 5), 1, 2, 3, 4)
	f(false, parts(900*kib, kib, kib, kib))
	f(false, parts(900*kib, kib, kib, kib, kib), 2, 3, 4, 5)
	f(false, parts(900*kib, 900*kib, 900*kib, kib, 900*kib), 4, 1, 2, 3, 5) // the small one comes along
	f(false, parts(5000*kib, 5000*kib, 5000*kib, 5000*kib))                 // too large already
	f(true, parts(kib, 3000*kib), 1, 2)
	f(true, parts(3000*kib, 3000*kib)) // too large together
	f(true, parts(kib))
}

func TestCompact_InBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := manual(newFS())
		o.NoBackgroundCompaction = false
		s := mustOpen(t, o)
		var ids []rowID
		for i := range rowID(40) {
			mustAppend(t, s, Traces, 0, time.Now(), i)
			mustFlush(t, s)
			ids = append(ids, i)
		}
		synctest.Wait()
		st := s.Status()
		if st.Signals[Traces].Parts >= mergeFanout || st.Counters.Compactions == 0 {
			t.Errorf("%d parts after %d merges", st.Signals[Traces].Parts, st.Counters.Compactions)
		}
		wantRows(t, s, Traces, ids...)
		time.Sleep(3 * 24 * time.Hour) // the day is over: its parts become one
		synctest.Wait()
		if st := s.Status(); st.Signals[Traces].Parts != 1 {
			t.Errorf("%d parts of a day that is over, want 1", st.Signals[Traces].Parts)
		}
		wantRows(t, s, Traces, ids...)
		mustClose(t, s)
	})
}

func TestCompact_StopsWithItsContext(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	for i := range rowID(3) {
		mustAppend(t, s, Traces, 0, testDay, i)
		mustFlush(t, s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Compact(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Compact: %v, want context.Canceled", err)
	}
	wantRows(t, s, Traces, 0, 1, 2)
	mustClose(t, s)
}
