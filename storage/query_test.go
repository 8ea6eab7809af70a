package storage

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

func TestScan_LeavesOutPartsByTimeAndPredicate(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	for i := range rowID(5) {
		mustAppend(t, s, Traces, 0, testDay.Add(time.Duration(i)*time.Hour), 2*i, 2*i+1)
		mustFlush(t, s)
	}
	f := func(req ScanRequest, pruned int, want ...rowID) {
		t.Helper()
		req.Signal = Traces
		got := scanRows(t, s, req)
		for _, id := range want {
			if got[id] != 1 {
				t.Errorf("%+v: row %d %d times", req, id, got[id])
			}
		}
		sc, err := s.Scan(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range sc.Blocks() {
			if err != nil {
				t.Fatal(err)
			}
		}
		if st := sc.Stats(); st.PartsTotal != 5 || st.PartsPruned != pruned {
			t.Errorf("%+v: %d of %d parts pruned, want %d of 5", req, st.PartsPruned, st.PartsTotal, pruned)
		}
		if err := errors.Join(sc.Close(), sc.Close()); err != nil {
			t.Error(err)
		}
	}
	at := func(h int) int64 { return testDay.Add(time.Duration(h) * time.Hour).UnixNano() }
	f(ScanRequest{}, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	f(ScanRequest{From: at(4)}, 4, 8, 9)
	f(ScanRequest{From: at(1), To: at(3)}, 3, 2, 3, 4, 5)
	f(ScanRequest{To: at(0)}, 5)
	f(ScanRequest{From: at(5)}, 5)
	id := traceOf(0)
	f(ScanRequest{Where: []column.Predicate{{Ref: traceRef, Op: column.Eq, Values: []column.Value{{Type: column.TypeID, Str: string(id[:])}}}}}, 3, 0, 1, 2, 3)
	mustClose(t, s)
}

// TestScan_Ended reads columns of a part until nobody wants them any more.
func TestScan_Ended(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	mustAppend(t, s, Traces, 0, testDay, 0, 1, 2)
	mustFlush(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sc, err := s.Scan(t.Context(), ScanRequest{Signal: Traces, Ended: ctx.Err})
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range sc.Blocks() {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Vector(traceRef); err != nil {
			t.Error(err)
		}
		cancel()
		read := sc.Stats().BytesRead
		if _, err := b.Vector(column.Ref{Place: column.PlaceField, Name: "duration", Type: column.TypeDuration}); !errors.Is(err, context.Canceled) {
			t.Errorf("a column: error %v, want %v", err, context.Canceled)
		}
		if _, err := b.Attributes(column.PlaceRecord); !errors.Is(err, context.Canceled) {
			t.Errorf("attributes: error %v, want %v", err, context.Canceled)
		}
		if n := sc.Stats().BytesRead - read; n > 0 {
			t.Errorf("%d bytes were read after the end", n)
		}
	}
	if err := sc.Close(); err != nil {
		t.Error(err)
	}
	mustClose(t, s)
}

// TestScan_ExtremeTimes stores rows at the ends of what a timestamp can hold
// and around midnight, and asks for each of them by time, from memory and from
// a part.
func TestScan_ExtremeTimes(t *testing.T) {
	midnight := uint64(testDay.Truncate(24 * time.Hour).UnixNano())
	times := []uint64{
		0, 1, math.MaxInt64 - 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64, // the last two are before 1970 to a reader
		midnight - 1, midnight, midnight + 1, uint64(time.Date(2262, 4, 11, 0, 0, 0, 0, time.UTC).UnixNano()),
	}
	for _, signal := range []Signal{Traces, Logs, Metrics} {
		for i, ns := range times { // each alone: nothing else keeps its part
			s := mustOpen(t, manual(newFS()))
			if _, err := s.Append(t.Context(), signal, requestAt(signal, ns, rowID(i+1)), 1); err != nil {
				t.Fatal(err)
			}
			wantRows(t, s, signal, rowID(i+1))
			mustFlush(t, s)
			wantRows(t, s, signal, rowID(i+1))
			mustClose(t, s)
		}
		s := mustOpen(t, manual(newFS()))
		var all []rowID
		for i, ns := range times {
			if _, err := s.Append(t.Context(), signal, requestAt(signal, ns, rowID(i+1)), uint64(i+1)); err != nil {
				t.Fatal(err)
			}
			all = append(all, rowID(i+1))
		}
		for _, from := range []string{"memory", "parts", "one part"} {
			wantRows(t, s, signal, all...)
			for i, ns := range times {
				at := int64(ns)
				req := ScanRequest{Signal: signal, From: at, To: at + 1}
				switch at {
				case math.MaxInt64:
					req.To = 0
				case -1, 0: // 0 alone is no bound
					req.From, req.To = -1, 1
				}
				if got := scanRows(t, s, req); got[rowID(i+1)] != 1 {
					t.Errorf("%s in %s: row at %d is not in %+v", signal, from, at, req)
				}
			}
			switch from {
			case "memory":
				mustFlush(t, s)
			case "parts":
				if err := s.Compact(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if st := s.Status(); len(st.Partitions) != 3 {
			t.Errorf("%s: %d partitions, want two days and 1970-01-01", signal, len(st.Partitions))
		}
		mustClose(t, s)
	}
}

func TestTrace_FromPartsAndMemory(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	mustAppend(t, s, Traces, 0, testDay, 4, 8)
	mustFlush(t, s)
	mustAppend(t, s, Traces, 0, testDay.Add(24*time.Hour), 5)
	mustFlush(t, s)
	mustAppend(t, s, Traces, 0, testDay, 6, 9)
	data, err := s.Trace(t.Context(), traceOf(4))
	if err != nil {
		t.Fatal(err)
	}
	got := map[rowID]int{}
	rowsOf(t, Traces, data, got)
	if len(got) != 3 || got[4] != 1 || got[5] != 1 || got[6] != 1 {
		t.Errorf("trace has spans %v, want 4, 5 and 6", got)
	}
	if _, err := s.Trace(t.Context(), [16]byte{1}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown trace: %v, want ErrNotFound", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Trace(ctx, traceOf(4)); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	mustClose(t, s)
}

func TestColumns(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	attr := column.Ref{Place: column.PlaceRecord, Name: "n", Type: column.TypeInt64}
	service := column.Ref{Place: column.PlaceResource, Name: "service.name", Type: column.TypeString}
	f := func(signal Signal, want ...column.Ref) {
		t.Helper()
		refs, err := s.Columns(t.Context(), signal)
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range append(want, column.Ref{Name: "timestamp", Type: column.TypeTimestamp}, column.Ref{Name: "service", Type: column.TypeString}) {
			if !slices.Contains(refs, ref) {
				t.Errorf("%s: %v is not among %v", signal, ref, refs)
			}
		}
		if fixed := len(fixedColumns(signal)); len(refs) != fixed+len(want) {
			t.Errorf("%s: %d columns, want %d", signal, len(refs), fixed+len(want))
		}
	}
	f(Traces)
	f(Logs)
	f(Metrics)
	mustAppend(t, s, Traces, 0, testDay, 1)
	f(Traces, attr, service)
	mustFlush(t, s)
	f(Traces, attr, service)
	f(Logs)
	mustClose(t, s)
}

// TestColumns_FixedAreServed asks a block for each fixed column: where it has
// values, they are of the declared type.
func TestColumns_FixedAreServed(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	for _, signal := range []Signal{Traces, Logs, Metrics} {
		mustAppend(t, s, signal, 0, testDay, 1)
		sc, err := s.Scan(t.Context(), ScanRequest{Signal: signal})
		if err != nil {
			t.Fatal(err)
		}
		for b, err := range sc.Blocks() {
			if err != nil {
				t.Fatal(err)
			}
			for _, ref := range fixedColumns(signal) {
				v, err := b.Vector(ref)
				if err != nil || v != nil && v.Type != ref.Type {
					t.Errorf("%s: column %v: %+v, %v", signal, ref, v, err)
				}
			}
		}
		if err := sc.Close(); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, s)
}

func TestAppend_HostileTimestamps(t *testing.T) {
	fsys := newFS()
	s := mustOpen(t, manual(fsys))
	times := []uint64{
		0, 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64,
		uint64(time.Date(1999, 12, 31, 23, 59, 59, 999999999, time.UTC).UnixNano()),
		uint64(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()),
		uint64(time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC).UnixNano()),
		uint64(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()),
		uint64(time.Date(2262, 4, 11, 0, 0, 0, 0, time.UTC).UnixNano()),
	}
	var ids []rowID
	for i, ns := range times {
		ids = append(ids, rowID(i+1))
		if _, err := s.Append(t.Context(), Traces, requestAt(Traces, ns, rowID(i+1)), 0); err != nil {
			t.Fatalf("time %d: %v", ns, err)
		}
	}
	wantRows(t, s, Traces, ids...)
	mustFlush(t, s)
	wantRows(t, s, Traces, ids...)
	var days []string
	for _, p := range s.Status().Partitions {
		days = append(days, p.Day)
	}
	if want := []string{"1970-01-01", "2000-01-01", "2099-12-31"}; !slices.Equal(days, want) {
		t.Errorf("partitions %v, want %v", days, want)
	}
	mustClose(t, s)
	s = mustOpen(t, manual(fsys))
	wantRows(t, s, Traces, ids...)
	mustClose(t, s)
}

// TestAppend_ManyDaysFlushEarly bounds the open tables when a clock is all
// over the place.
func TestAppend_ManyDaysFlushEarly(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	for i := range rowID(2*maxOpenTables + 10) {
		mustAppend(t, s, Logs, 0, testDay.Add(time.Duration(i)*24*time.Hour), i)
	}
	mustFlush(t, s)
	if st := s.Status(); st.Counters.Flushes < 2 || st.Signals[Logs].Rows != 2*maxOpenTables+10 {
		t.Errorf("%d flushes, %d rows", st.Counters.Flushes, st.Signals[Logs].Rows)
	}
	mustClose(t, s)
}

// TestStore_ConcurrentSafe scans, reads traces and asks for the status while
// rows come in, are flushed, merged and reopened for reading: each scan sees
// each row that was there before it once.
func TestStore_ConcurrentSafe(t *testing.T) {
	fsys := newFS()
	o := manual(fsys)
	o.FlushRows, o.NoBackgroundCompaction = 4, false
	s := mustOpen(t, o)
	ro := manual(fsys)
	ro.ReadOnly = true
	r := mustOpen(t, ro)
	var mu sync.Mutex
	done := rowID(0) // rows up to this one are appended
	stop := make(chan struct{})
	var wg sync.WaitGroup
	loop := func(f func()) {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					f()
				}
			}
		})
	}
	loop(func() {
		mu.Lock()
		least := done
		mu.Unlock()
		got := scanRows(t, s, ScanRequest{Signal: Traces})
		for id := rowID(1); id <= least; id++ {
			if got[id] != 1 {
				t.Errorf("row %d: %d times", id, got[id])
				return
			}
		}
	})
	loop(func() {
		for id, n := range scanRows(t, r, ScanRequest{Signal: Traces}) {
			if n != 1 {
				t.Errorf("reader: row %d %d times", id, n)
			}
		}
	})
	loop(func() {
		if err := s.Compact(t.Context()); err != nil {
			t.Errorf("Compact: %v", err)
		}
		_ = s.Status()
		if _, err := s.Trace(t.Context(), traceOf(1)); err != nil && !errors.Is(err, ErrNotFound) {
			t.Errorf("Trace: %v", err)
		}
	})
	for i := range rowID(60) {
		mustAppend(t, s, Traces, uint64(i+1), testDay.Add(time.Duration(i%2)*24*time.Hour), i+1)
		mu.Lock()
		done = i + 1
		mu.Unlock()
		if i%16 == 0 {
			mustFlush(t, s)
		}
	}
	close(stop)
	wg.Wait()
	if err := r.Close(); err != nil { // the writer is still at work: no Check
		t.Error(err)
	}
	mustClose(t, s)
}
