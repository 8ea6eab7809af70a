package storage

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
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
		mustAppend(t, s, Logs, 0, now, 3)
		mustAppend(t, s, Logs, 0, time.Time{}, 4)                                    // no time at all
		mustAppend(t, s, Metrics, 0, time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), 6) // a clock far ahead
		mustFlush(t, s)
		time.Sleep(dayLong)
		mustAppend(t, s, Traces, 0, time.Now(), 2)
		mustFlush(t, s)
		time.Sleep(3*dayLong - time.Hour) // a part of the first day is not three days old yet
		synctest.Wait()
		if got := scanRows(t, s, ScanRequest{Signal: Traces}); len(got) != 2 {
			t.Errorf("before the retention: %v", got)
		}
		wantRows(t, s, Metrics, 6)
		sc, err := s.Scan(t.Context(), ScanRequest{Signal: Traces}) // keeps what it sees
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		wantRows(t, s, Traces, 2)
		wantRows(t, s, Logs)
		wantRows(t, s, Metrics)
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
		if st := s.Status(); st.Counters.RemovedParts != 4 || st.Counters.RemovedRows != 4 || st.Counters.RemovedBytes == 0 {
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

// shrink opens the store with a limit on its size, and looks after it once.
func shrink(t *testing.T, fsys *vfstest.Mem, limit int64) *Store {
	t.Helper()
	o := manual(fsys)
	o.MaxDiskBytes = limit
	s := mustOpen(t, o)
	s.maintainOnce(t.Context())
	if size, parts := sizeOf(s); size > limit && parts > 1 {
		t.Errorf("%d bytes in %d parts left, limit %d", size, parts, limit)
	}
	return s
}

func sizeOf(s *Store) (size int64, parts int) {
	for _, t := range s.Status().Signals {
		size += t.Bytes
		parts += t.Parts
	}
	return size, parts
}

func TestRetention_BySize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := newFS()
		s := mustOpen(t, manual(fsys))
		for i := range 5 {
			now := time.Now()
			mustAppend(t, s, Traces, 0, now, rowID(10*i+1), rowID(10*i+2))
			mustFlush(t, s)
			time.Sleep(time.Minute)
			mustAppend(t, s, Logs, 0, now, rowID(10*i+3))
			mustFlush(t, s)
			time.Sleep(dayLong)
		}
		all, _ := sizeOf(s)
		mustClose(t, s)

		s = shrink(t, fsys, all)
		wantRows(t, s, Traces, 1, 2, 11, 12, 21, 22, 31, 32, 41, 42)
		mustClose(t, s)
		s = shrink(t, fsys, all-1)
		wantRows(t, s, Traces, 11, 12, 21, 22, 31, 32, 41, 42)
		wantRows(t, s, Logs, 3, 13, 23, 33, 43)
		left, _ := sizeOf(s)
		mustClose(t, s)
		s = shrink(t, fsys, left-1)
		wantRows(t, s, Traces, 11, 12, 21, 22, 31, 32, 41, 42)
		wantRows(t, s, Logs, 13, 23, 33, 43)
		mustClose(t, s)
		s = shrink(t, fsys, 1) // what came last stays
		wantRows(t, s, Traces)
		wantRows(t, s, Logs, 43)
		mustClose(t, s)
	})
}

// TestRetention_BySizeGoesByReceipt gives each signal rows from the future,
// from long ago and from nowhere between those of today: what goes first is
// what came first.
func TestRetention_BySizeGoesByReceipt(t *testing.T) {
	for _, signal := range []Signal{Traces, Logs, Metrics} {
		synctest.Test(t, func(t *testing.T) {
			fsys := newFS()
			s := mustOpen(t, manual(fsys))
			times := []time.Time{
				time.Now(), time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), time.Now(), time.Date(2000, 6, 1, 0, 0, 0, 0, time.UTC),
				{},
				time.Now().Add(-time.Hour), time.Now(),
			}
			var left []rowID
			for i, at := range times {
				mustAppend(t, s, signal, 0, at, rowID(i+1))
				mustFlush(t, s)
				left = append(left, rowID(i+1))
				time.Sleep(25 * time.Hour) // far enough apart to stay parts of their own
			}
			if err := s.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			for len(left) > 1 {
				size, _ := sizeOf(s)
				mustClose(t, s)
				s = shrink(t, fsys, size-1)
				left = left[1:]
				wantRows(t, s, signal, left...)
			}
			mustClose(t, s)
		})
	}
}

// TestRetention_LateRowsDoNotMakeOldOnesNew merges a day's rows with one that
// comes for it much later.
func TestRetention_LateRowsDoNotMakeOldOnesNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fsys := newFS()
		s := mustOpen(t, manual(fsys))
		first := time.Now()
		mustAppend(t, s, Traces, 0, first, 1, 2, 3)
		mustFlush(t, s)
		time.Sleep(2 * dayLong)
		mustAppend(t, s, Traces, 0, time.Now(), 4, 5)
		mustFlush(t, s)
		time.Sleep(time.Hour)
		mustAppend(t, s, Traces, 0, first, 6) // late
		mustFlush(t, s)
		if err := s.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		size, _ := sizeOf(s)
		mustClose(t, s)
		s = shrink(t, fsys, size-1)
		wantRows(t, s, Traces, 4, 5, 6)
		size, _ = sizeOf(s)
		mustClose(t, s)
		s = shrink(t, fsys, size-1)
		wantRows(t, s, Traces, 6)
		mustClose(t, s)
	})
}

// TestRetention_BySizeWithinADay removes parts of the one day there is: those
// that came first go first, although a merge wrote them anew after the others.
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
		size, parts := sizeOf(s)
		if parts != 3 {
			t.Fatalf("%d parts, want 3: this test needs a merge of the first two", parts)
		}
		mustClose(t, s)
		s = shrink(t, fsys, size-1)
		wantRows(t, s, Traces, 9, 10, 11, 12, 13, 14, 15, 16, 17, 20, 21, 22, 23, 24, 25, 26, 27, 28)
		mustClose(t, s)
		s = shrink(t, fsys, 1)
		wantRows(t, s, Traces, 20, 21, 22, 23, 24, 25, 26, 27, 28)
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

// TestRetention_DiskLimit asks for the limit in each round, and tells what the
// store holds on the disk: what is removed and still being read, too.
func TestRetention_DiskLimit(t *testing.T) {
	var held []int64
	limit := int64(1 << 40)
	o := manual(newFS())
	o.MaxDiskBytes = 1 // has no say
	o.DiskLimit = func(n int64) int64 { held = append(held, n); return limit }
	s := mustOpen(t, o)
	for i := range rowID(3) {
		mustAppend(t, s, Traces, 0, testDay.Add(time.Duration(i)*dayLong), i+1)
		mustFlush(t, s)
	}
	round := func() int64 {
		t.Helper()
		s.compactMu.Lock()
		defer s.compactMu.Unlock()
		if err := s.retain(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		return held[len(held)-1]
	}
	all := s.Status().Signals[Traces].Bytes
	if n := round(); n != all {
		t.Errorf("held %d bytes, want %d", n, all)
	}
	wantRows(t, s, Traces, 1, 2, 3)
	sc, err := s.Scan(t.Context(), ScanRequest{Signal: Traces})
	if err != nil {
		t.Fatal(err)
	}
	limit = all - 1
	round()
	wantRows(t, s, Traces, 2, 3)
	if n := round(); n != all {
		t.Errorf("while a scan reads, the store holds %d bytes, want %d", n, all)
	}
	if err := sc.Close(); err != nil {
		t.Fatal(err)
	}
	if n := round(); n >= all {
		t.Errorf("after the scan the store holds %d bytes of %d", n, all)
	}
	mustClose(t, s)
}

// TestRetention_AnnouncesTheFirstRemoval, with what set the limit.
func TestRetention_AnnouncesTheFirstRemoval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var limit atomic.Int64
		o := manual(newFS())
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		o.DiskLimit, o.DiskLimitSetting = func(int64) int64 { return limit.Load() }, "--some-flag"
		s := mustOpen(t, o)
		for i := range 3 {
			mustAppend(t, s, Logs, 0, time.Now(), rowID(i+1))
			mustFlush(t, s)
			time.Sleep(time.Minute)
		}
		if log.Len() > 0 {
			t.Errorf("nothing was removed: %s", &log)
		}
		all, _ := sizeOf(s)
		for _, n := range []int64{all - 1, all / 2} {
			limit.Store(n)
			s.maintainOnce(t.Context())
		}
		mustClose(t, s)
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], "level=WARN") || !strings.Contains(lines[0], "--some-flag changes") || !strings.Contains(lines[0], "rows=1") || strings.Contains(lines[2], "WARN") {
			t.Errorf("got %s", &log)
		}
	})
}
