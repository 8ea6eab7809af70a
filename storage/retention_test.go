package storage

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ttlog/ttlog/storage/internal/vfstest"
)

const dayLong = 24 * time.Hour

func TestRetention_ByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := newFS()
		o := manual(fsys)
		o.Retention = 3 * dayLong
		s := mustOpen(t, o)
		now := time.Now() // the bubble's clock: midnight, 2000-01-01
		mustAppend(t, s, Traces, 0, now, 1)
		mustAppend(t, s, Traces, 0, now.Add(dayLong), 2)
		mustAppend(t, s, Logs, 0, now, 3)
		mustAppend(t, s, Logs, 0, time.Time{}, 4) // no time at all
		mustFlush(t, s)
		time.Sleep(4*dayLong - time.Hour) // a part of the first day is not three days old yet
		synctest.Wait()
		if got := scanRows(t, s, ScanRequest{Signal: Traces}); len(got) != 2 {
			t.Errorf("before the retention: %v", got)
		}
		sc, err := s.Scan(t.Context(), ScanRequest{Signal: Traces}) // keeps what it sees
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		wantRows(t, s, Traces, 2)
		wantRows(t, s, Logs)
		n := 0
		for b, err := range sc.Blocks() {
			if err != nil {
				t.Fatal(err)
			}
			data, err := b.AppendOTLP(nil, nil)
			if err != nil || len(data) == 0 {
				t.Fatalf("block of an open scan: %v", err)
			}
			n += b.Rows()
		}
		if n != 2 {
			t.Errorf("the open scan has %d rows, want 2", n)
		}
		if err := sc.Close(); err != nil {
			t.Fatal(err)
		}
		if st := s.Status(); st.Counters.RemovedParts != 3 || st.Counters.RemovedRows != 3 || st.Counters.RemovedBytes == 0 {
			t.Errorf("counters: %+v", st.Counters)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for _, f := range fsys.Files() {
			if strings.Contains(f, "2000-01-01") || strings.Contains(f, "1970-01-01") {
				t.Errorf("%s is still there", f)
			}
		}
		mustAppend(t, s, Traces, 0, now, 5) // the directory comes back
		mustFlush(t, s)
		synctest.Wait()
		wantRows(t, s, Traces, 2)
		mustClose(t, s)
	})
}

func TestRetention_BySize(t *testing.T) {
	fsys := newFS()
	s := mustOpen(t, manual(fsys))
	for i := range 5 {
		at := testDay.Add(time.Duration(i) * dayLong)
		mustAppend(t, s, Traces, 0, at, rowID(10*i+1), rowID(10*i+2))
		mustAppend(t, s, Logs, 0, at, rowID(10*i+3))
		mustFlush(t, s)
	}
	st := s.Status()
	all := st.Signals[Traces].Bytes + st.Signals[Logs].Bytes
	mustClose(t, s)

	shrunk := func(limit int64) *Store {
		t.Helper()
		o := manual(fsys)
		o.MaxDiskBytes = limit
		s := mustOpen(t, o)
		s.maintainOnce(t.Context())
		st := s.Status()
		if got := st.Signals[Traces].Bytes + st.Signals[Logs].Bytes; got > limit && st.Signals[Traces].Parts+st.Signals[Logs].Parts > 1 {
			t.Errorf("%d bytes left, limit %d", got, limit)
		}
		return s
	}
	s = shrunk(all)
	wantRows(t, s, Traces, 1, 2, 11, 12, 21, 22, 31, 32, 41, 42)
	mustClose(t, s)
	s = shrunk(all - 1) // one whole day goes, of all signals
	wantRows(t, s, Traces, 11, 12, 21, 22, 31, 32, 41, 42)
	wantRows(t, s, Logs, 13, 23, 33, 43)
	mustClose(t, s)
	o := manual(fsys)
	o.MaxDiskBytes = s.Status().Signals[Traces].Bytes + s.Status().Signals[Logs].Bytes
	s = mustOpen(t, o)
	s.compactMu.Lock() // keeps the store from looking too early
	mustAppend(t, s, Traces, 0, testDay.Add(4*dayLong), 50)
	mustFlush(t, s)
	mustAppend(t, s, Traces, 0, testDay.Add(dayLong), 51) // late, for the day that is the oldest by now
	s.compactMu.Unlock()
	s.maintainOnce(t.Context())
	wantRows(t, s, Traces, 21, 22, 31, 32, 41, 42, 50, 51)
	mustClose(t, s)
	s = shrunk(1) // the last part stays
	if st := s.Status(); st.Signals[Traces].Parts+st.Signals[Logs].Parts != 1 {
		t.Errorf("left: %+v", st.Partitions)
	}
	mustClose(t, s)
}

// TestRetention_BySizeWithinADay removes parts of the one day there is: those
// with the oldest rows go first, although a merge wrote them anew after the
// newest rows came.
func TestRetention_BySizeWithinADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := newFS()
		o := manual(fsys)
		o.MaxPartRows = 9
		s := mustOpen(t, o)
		add := func(hour int, ids ...rowID) {
			mustAppend(t, s, Traces, 0, testDay.Add(time.Duration(hour)*time.Hour), ids...)
			mustFlush(t, s)
			time.Sleep(time.Minute)
		}
		add(3, 1, 2, 3, 4)
		add(2, 5, 6, 7, 8) // late
		add(5, 9, 10, 11, 12, 13, 14, 15, 16, 17)
		add(1, 20, 21, 22, 23, 24, 25, 26, 27, 28) // later still
		if err := s.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.Status().Signals[Traces].Parts; n != 3 {
			t.Fatalf("%d parts, want 3: this test needs a merge of the first two", n)
		}
		limit := s.Status().Signals[Traces].Bytes - 1
		mustClose(t, s)
		o.MaxDiskBytes = limit
		s = mustOpen(t, o)
		s.maintainOnce(t.Context())
		wantRows(t, s, Traces, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
		mustClose(t, s)
		o.MaxDiskBytes = 1
		s = mustOpen(t, o)
		s.maintainOnce(t.Context())
		wantRows(t, s, Traces, 9, 10, 11, 12, 13, 14, 15, 16, 17)
		mustClose(t, s)
	})
}

// TestRetention_CrashWhileADirectoryGoes cuts the power at each operation that
// removes a partition: what is left of it is no damage.
func TestRetention_CrashWhileADirectoryGoes(t *testing.T) {
	for k := 0; ; k++ {
		images := crashImages(t, k)
		if images == nil {
			if k < 8 {
				t.Fatalf("only %d operations", k)
			}
			return
		}
		for n, image := range images {
			s := mustOpen(t, manual(image))
			if d := s.Status().Damage; len(d) > 0 {
				t.Fatalf("operation %d, image %d: %v", k, n, d)
			}
			mustClose(t, s)
		}
	}
}

// crashImages returns what crashes before operation k of a retention may leave.
func crashImages(t *testing.T, k int) (images []*vfstest.Mem) {
	synctest.Test(t, func(t *testing.T) {
		base := newFS()
		f := vfstest.NewFault(base, nil)
		o := manual(f)
		o.Retention = time.Hour
		s := mustOpen(t, o)
		for i := range rowID(3) {
			mustAppend(t, s, Traces, 0, time.Now(), i)
			mustFlush(t, s)
		}
		synctest.Wait()
		f.Set(func(i int, _ vfstest.Op, _ string) error {
			if i == k {
				for seed := range uint64(30) {
					images = append(images, base.Crash(rand.New(rand.NewPCG(seed, uint64(k)))))
				}
			}
			return nil
		})
		time.Sleep(2 * dayLong)
		synctest.Wait()
		f.Set(nil)
		mustClose(t, s)
	})
	return images
}

func TestFlush_ByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := manual(newFS())
		o.FlushInterval = 10 * time.Second
		s := mustOpen(t, o)
		mustAppend(t, s, Traces, 50, testDay, 1)
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if got := s.Durable(); got != 0 {
			t.Errorf("after 9 s durable is %d, want 0", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := s.Durable(); got != 50 {
			t.Errorf("after 11 s durable is %d, want 50", got)
		}
		mustClose(t, s)
	})
}

func TestAppend_WaitsForMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFault()
		o := manual(f)
		o.FlushRows, o.MaxPendingBytes = 1, 1
		s := mustOpen(t, o)
		f.failWrites(true)
		mustAppend(t, s, Traces, 1, testDay, 1) // sealed, and cannot be written
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := s.Append(ctx, Traces, request(Traces, testDay, 2), 2); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("append with a full memtable: %v, want a deadline", err)
		}
		wantRows(t, s, Traces, 1)
		done := make(chan error)
		go func() {
			_, err := s.Append(context.Background(), Traces, request(Traces, testDay, 3), 3)
			done <- err
		}()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("append did not wait: %v", err)
		default:
		}
		f.failWrites(false)
		if err := <-done; err != nil { // the flusher tries again by itself
			t.Fatal(err)
		}
		wantRows(t, s, Traces, 1, 3)
		mustClose(t, s)
	})
}

func TestClose_WhenNothingCanBeWritten(t *testing.T) {
	f := newFault()
	s := mustOpen(t, manual(f))
	mustAppend(t, s, Traces, 1, testDay, 1)
	f.failWrites(true)
	if err := s.Close(); !errors.Is(err, errDiskFull) {
		t.Errorf("Close: %v, want the error of the disk", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	f.failWrites(false)
	s = mustOpen(t, manual(f))
	if s.Watermark() != 0 {
		t.Errorf("watermark %d of rows that were not written", s.Watermark())
	}
	mustAppend(t, s, Traces, 1, testDay, 1)
	wantRows(t, s, Traces, 1)
	mustClose(t, s)
}
