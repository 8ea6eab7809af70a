//go:build unix

package ringbuffer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestRing_Limits(t *testing.T) {
	r := mustNew(t, 100)
	if got := r.Stats().Size; got != 128 {
		t.Errorf("Size = %d, want 128", got)
	}
	if r.MaxRecord() != 32 || r.ID() == 0 {
		t.Errorf("MaxRecord = %d, ID = %d", r.MaxRecord(), r.ID())
	}
	f := func(kind uint8, n int, want error) {
		t.Helper()
		s, err := r.Reserve(kind, n)
		if !errors.Is(err, want) {
			t.Errorf("Reserve(%d, %d) = %v, want %v", kind, n, err, want)
		}
		if err == nil {
			s.Commit()
		}
	}
	f(0, 1, ErrKind)
	f(32, 1, ErrKind)
	f(255, 1, ErrKind)
	f(1, -1, ErrKind)
	f(1, 33, ErrTooLarge)
	f(1, 1<<40, ErrTooLarge)
	f(1, 32, nil)
	f(31, 0, nil)
	f(1, 32, nil)
	f(1, 32, ErrFull) // 16 bytes are left
	f(1, 0, nil)
	f(1, 0, ErrFull)
	st := r.Stats()
	if st.Refused != 2 || st.RefusedBytes != 32 || st.Oversize != 2 {
		t.Errorf("Stats = %+v", st)
	}
}

func TestRing_WithoutReaderFillsThenDrops(t *testing.T) {
	r := mustNew(t, 1024)
	n := 0
	for ; ; n++ {
		if _, err := r.Write(4, []byte(fmt.Sprint(n))); err != nil {
			break
		}
	}
	rd := mustReader(t, r, "late")
	got := readAll(rd)
	if len(got) != n || got[0] != "0" {
		t.Errorf("a late reader got %d of %d records", len(got), n)
	}
}

func TestReader_Names(t *testing.T) {
	r := mustNew(t, 1024)
	f := func(name string, ok bool) *Reader {
		t.Helper()
		rd, err := r.Reader(name)
		if (err == nil) != ok || err != nil && !errors.Is(err, ErrReader) {
			t.Errorf("Reader(%q) = %v, want ok = %v", name, err, ok)
		}
		return rd
	}
	f("", false)
	f(strings.Repeat("x", 49), false)
	first := f("0", true)
	f("0", false)
	for i := 1; i < 8; i++ {
		f(fmt.Sprint(i), true)
	}
	f("8", false)
	if err := r.RemoveReader("3"); err != nil {
		t.Error(err)
	}
	if err := r.RemoveReader("3"); !errors.Is(err, ErrReader) {
		t.Errorf("second RemoveReader = %v", err)
	}
	f(strings.Repeat("y", 48), true)
	first.Close()
	first.Close()
	f("0", true)
	if got := strings.Join(r.ReaderNames(), ","); got != "0,1,2,"+strings.Repeat("y", 48)+",4,5,6,7" {
		t.Errorf("ReaderNames = %s", got)
	}
}

func TestReader_SlowestHoldsSpace(t *testing.T) {
	r := mustNew(t, 256)
	fast, slow := mustReader(t, r, "fast"), mustReader(t, r, "slow")
	for range 4 {
		mustWrite(t, r, strings.Repeat("x", 48))
	}
	if _, err := r.Write(4, nil); !errors.Is(err, ErrFull) {
		t.Fatalf("Write into a full ring = %v", err)
	}
	readAll(fast)
	fast.Release(r.Stats().Head)
	if fast.Lag() != 0 || slow.Lag() != 256 {
		t.Errorf("Lag = %d and %d", fast.Lag(), slow.Lag())
	}
	if _, err := r.Write(4, nil); !errors.Is(err, ErrFull) {
		t.Fatalf("Write past the slow reader = %v", err)
	}
	slow.Release(1 << 40) // nothing was given out yet: nothing is released
	if slow.Position() != 0 {
		t.Errorf("Position = %d, want 0", slow.Position())
	}
	rec, _ := slow.Next()
	slow.Release(rec.End)
	mustWrite(t, r, "y")
	if err := r.RemoveReader("slow"); err != nil {
		t.Fatal(err)
	}
	if st := r.Stats(); st.Tail != 256 {
		t.Errorf("Tail = %d without the slow reader, want 256", st.Tail)
	}
	if _, ok := slow.Next(); ok {
		t.Error("a removed reader reads on")
	}
}

func TestSlot_AbortedSlotsGiveSpaceBack(t *testing.T) {
	r := mustNew(t, 256)
	rd := mustReader(t, r, "a")
	for i := range 100 {
		s, err := r.Reserve(4, 40)
		if errors.Is(err, ErrFull) {
			if rec, ok := rd.Next(); ok {
				t.Fatalf("Next = %+v from aborted slots", rec)
			}
			if s, err = r.Reserve(4, 40); err != nil {
				t.Fatalf("Reserve %d: %v: a ring full of aborted slots stays full", i, err)
			}
		}
		s.Abort()
	}
	if st := r.Stats(); st.Aborted != 100 {
		t.Errorf("Aborted = %d, want 100", st.Aborted)
	}
}

// TestReader_PayloadCompletesNoStaleWord writes one payload byte over the one
// byte that tells an old commit word from that of the position which comes to
// the same place next. It must not pass for a slot that nobody has committed.
func TestReader_PayloadCompletesNoStaleWord(t *testing.T) {
	const next = 144 // lies where positions 16 and 80 were: the old word, and the payload over it
	f := func(name string, n int, file bool, finish func(Slot)) {
		t.Run(fmt.Sprintf("%s/file=%v", name, file), func(t *testing.T) {
			for _, state := range []uint64{stateCommitted, stateAborted, statePad, stateSkip} {
				r := tinyRing(t, file)
				rd := mustReader(t, r, "r")
				for range 4 {
					mustWrite(t, r, "")
				}
				readAll(rd)
				rd.Release(64)
				s, err := r.Reserve(4, n)
				if err != nil {
					t.Fatal(err)
				}
				copy(s.Bytes(), []byte{byte(next ^ r.key | state)})
				finish(s)
				readAll(rd)
				rd.Release(64 + slotBytes(uint64(n)))
				for r.Stats().Head < next {
					rd.Release(mustWrite(t, r, ""))
					readAll(rd)
				}
				if rec, ok := rd.Next(); ok || rd.pos != next || r.Stats().Head != next {
					t.Errorf("state %d: Next = %+v, %v at %d with head %d; want nothing at %d", state, rec, ok, rd.pos, r.Stats().Head, next)
				}
			}
		})
	}
	for _, file := range []bool{false, true} {
		f("commit", 1, file, func(s Slot) { s.Commit() })
		f("abort", 1, file, Slot.Abort)
		f("abort a part", 8, file, Slot.Abort)
	}
}

func tinyRing(t *testing.T, file bool) *Ring {
	t.Helper()
	if file {
		return mustOpen(t, ringPath(t), quiet(64))
	}
	return mustNew(t, 64)
}

func TestReader_Wait(t *testing.T) {
	r := mustNew(t, 1024)
	rd := mustReader(t, r, "a")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if err := rd.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait on an empty ring = %v", err)
	}
	held, err := r.Reserve(4, 8)
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, r, "behind")
	var idle sync.WaitGroup
	idle.Go(func() {
		if err := rd.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
	for r.sleepers.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	held.Abort()
	idle.Wait()
	if got := readAll(rd); len(got) != 1 || got[0] != "behind" {
		t.Errorf("read %q", got)
	}
	idle.Go(func() {
		if err := rd.Wait(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Wait on a closed ring = %v", err)
		}
	})
	mustClose(t, r)
	idle.Wait()
}

func TestRing_Closed(t *testing.T) {
	for _, r := range []*Ring{mustNew(t, 1024), mustOpen(t, ringPath(t), quiet(1024))} {
		rd := mustReader(t, r, "a")
		end := mustWrite(t, r, "kept")
		if _, err := r.Define(3, []byte("d")); err != nil {
			t.Fatal(err)
		}
		rec, _ := rd.Next()
		mustClose(t, r)
		mustClose(t, r)
		if string(rec.Data) != "kept" {
			t.Errorf("Data of an open reader after Close = %q", rec.Data)
		}
		f := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s after Close = %v", what, err)
			}
		}
		_, err := r.Write(4, []byte("x"))
		f("Write", err)
		_, err = r.Reader("b")
		f("Reader", err)
		f("RemoveReader", r.RemoveReader("a"))
		f("SyncTo", r.SyncTo(t.Context(), end))
		f("Wait", rd.Wait(t.Context()))
		_, err = r.Define(3, []byte("new"))
		f("Define", err)
		rd.Release(rec.End)
		if rd.Position() != 0 || rd.Lag() != end {
			t.Errorf("Position, Lag after Close = %d, %d", rd.Position(), rd.Lag())
		}
		if _, ok := rd.Next(); ok {
			t.Error("Next after Close")
		}
		rd.Close()
		if _, d, ok := r.Definition(1); !ok || string(d) != "d" {
			t.Error("Definition after Close")
		}
		if st := r.Stats(); st.Head != end || st.CatalogEntries != 1 {
			t.Errorf("Stats after Close = %+v", st)
		}
	}
}

// TestRing_ConcurrentSafe has producers that retry, drop and abort, and readers
// that come and go. Every record arrives once at every reader, in the order of
// its producer, and what did not arrive was counted.
func TestRing_ConcurrentSafe(t *testing.T) {
	const producers, each = 6, 3000
	r := mustNew(t, 8192)
	readers := []*Reader{mustReader(t, r, "a"), mustReader(t, r, "b"), mustReader(t, r, "c")}
	var written, dropped, retried, aborted atomic.Uint64
	var at [producers]atomic.Uint64
	var writing, reading sync.WaitGroup
	for p := range producers {
		writing.Go(func() {
			for i := range each {
				n := 16 + (i*7+p*13)%200
				s, err := r.Reserve(uint8(p+1), n)
				for try := 0; err != nil && try < 50; try++ {
					dropped.Add(1)
					retried.Add(1)
					time.Sleep(time.Microsecond)
					s, err = r.Reserve(uint8(p+1), n)
				}
				if err != nil {
					dropped.Add(1)
					continue
				}
				fillPattern(s.Bytes(), uint64(p), uint64(i))
				if i%97 == 0 {
					s.Abort()
					aborted.Add(1)
					continue
				}
				at[p].Store(s.Commit())
				written.Add(1)
			}
		})
	}
	counts := make([]uint64, len(readers))
	for k, rd := range readers {
		reading.Go(func() {
			defer rd.Close()
			var last [producers]uint64
			for rd.Wait(t.Context()) == nil {
				var end uint64
				for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
					p := rec.Kind - 1
					i, ok := checkPattern(rec.Data, uint64(p))
					if !ok || i < last[p] {
						t.Errorf("reader %d: bad record %d of producer %d after %d", k, i, p, last[p])
						return
					}
					last[p] = i + 1
					counts[k]++
					if end = rec.End; counts[k]%16 == uint64(k) {
						rd.Release(end)
					}
				}
				rd.Release(end)
				_ = r.Stats()
			}
		})
	}
	writing.Wait()
	for _, rd := range readers {
		for rd.Lag() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	mustClose(t, r)
	reading.Wait()
	st := r.Stats()
	if sum := written.Load() + dropped.Load() + aborted.Load(); sum != producers*each+retried.Load() {
		t.Errorf("written %d + dropped %d + aborted %d != %d + %d retries", written.Load(), dropped.Load(), aborted.Load(), producers*each, retried.Load())
	}
	if st.Refused != dropped.Load() || st.Aborted != aborted.Load() {
		t.Errorf("Stats count %d refused, %d aborted; want %d, %d", st.Refused, st.Aborted, dropped.Load(), aborted.Load())
	}
	for k, n := range counts {
		if n != written.Load() {
			t.Errorf("reader %d got %d of %d records", k, n, written.Load())
		}
	}
}

// fillPattern writes a record of at least 16 bytes that checkPattern knows.
func fillPattern(b []byte, p, i uint64) {
	for k := range b {
		b[k] = byte(p*31 + i*7 + uint64(k))
	}
	littleEndian.PutUint64(b, i)
}

func checkPattern(b []byte, p uint64) (i uint64, ok bool) {
	i = littleEndian.Uint64(b)
	for k := 8; k < len(b); k++ {
		if b[k] != byte(p*31+i*7+uint64(k)) {
			return i, false
		}
	}
	return i, true
}

// TestRing_CloseConcurrentSafe closes rings under producers, readers and
// waiters.
func TestRing_CloseConcurrentSafe(t *testing.T) {
	for round := range 10 {
		r := mustNew(t, 4096)
		if round%2 == 0 {
			r = mustOpen(t, ringPath(t), Options{Size: 4096, SyncInterval: time.Millisecond})
		}
		rd := mustReader(t, r, "a")
		var idle sync.WaitGroup
		for range 3 {
			idle.Go(func() {
				for {
					end, err := r.Write(4, make([]byte, 100))
					if errors.Is(err, ErrClosed) {
						return
					}
					if err == nil {
						err = r.SyncTo(t.Context(), end)
					}
					if err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, ErrFull) {
						t.Error(err)
					}
				}
			})
		}
		idle.Go(func() {
			for rd.Wait(t.Context()) == nil {
				for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
					if len(rec.Data) != 100 {
						t.Errorf("%d bytes", len(rec.Data))
					}
					rd.Release(rec.End)
				}
			}
		})
		time.Sleep(time.Duration(round) * time.Millisecond)
		mustClose(t, r)
		idle.Wait()
	}
}

func TestRing_HotPathAllocatesNothing(t *testing.T) {
	payload := make([]byte, 300)
	for _, r := range []*Ring{mustNew(t, 1<<20), mustOpen(t, ringPath(t), quiet(1<<20))} {
		rd := mustReader(t, r, "a")
		step := func() {
			s, err := r.Reserve(4, 300)
			if err != nil {
				t.Fatal(err)
			}
			copy(s.Bytes(), payload)
			s.Commit()
			if s, err = r.Reserve(4, 300); err != nil {
				t.Fatal(err)
			}
			s.Abort()
			if _, err := r.Write(4, payload); err != nil {
				t.Fatal(err)
			}
			for rec, ok := rd.Next(); ok; rec, ok = rd.Next() {
				rd.Release(rec.End)
			}
		}
		if n := testing.AllocsPerRun(1000, step); n != 0 {
			t.Errorf("%v allocations per record", n)
		}
		full := func() { _, _ = r.Write(4, payload) }
		for _, err := r.Write(4, payload); err == nil; _, err = r.Write(4, payload) {
		}
		if n := testing.AllocsPerRun(100, full); n != 0 {
			t.Errorf("%v allocations per refused record", n)
		}
	}
}
