package storage

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ttlog/ttlog/storage/internal/vfs"
	"github.com/ttlog/ttlog/storage/internal/vfstest"
)

// faulty makes a model whose store runs on a file system that can fail.
func faulty(t *testing.T, seed uint64) (*model, *vfstest.Fault) {
	m := newModel(t, seed, manual)
	mustClose(t, m.s)
	m.days = 1
	f := vfstest.NewFault(m.base, nil)
	m.wrap = func(base *vfstest.Mem) vfs.FS {
		f.FS = base
		return f
	}
	m.open()
	return m, f
}

// script is what runs under injected errors: flushes that make partitions and
// add to them, merges, and scans between. It goes on after errors, as a
// program would.
func script(m *model) {
	for range 2 {
		m.produce(2)
		m.mustDrain() // there is room in memory
		_ = m.s.Flush(m.t.Context())
		m.release()
	}
	m.verifyIfReadable()
	_ = m.s.Compact(m.t.Context())
	_ = m.delete()
	m.verifyIfReadable()
	m.produce(1)
	m.mustDrain()
	_ = m.s.Flush(m.t.Context())
	m.release()
}

// verifyIfReadable compares the rows, unless the scan itself fails.
func (m *model) verifyIfReadable() {
	sc, err := m.s.Scan(m.t.Context(), ScanRequest{Signal: Traces})
	if err != nil {
		return
	}
	for _, err := range sc.Blocks() {
		if err != nil {
			_ = sc.Close()
			return
		}
	}
	_ = sc.Close()
	m.verify()
}

// TestStore_EachOperationFails fails each file operation of the script in
// turn, once or from there on, and accounts for all rows: at once when the
// disk works again, and after a crash.
func TestStore_EachOperationFails(t *testing.T) {
	for _, sticky := range []bool{false, true} {
		t.Run(fmt.Sprintf("sticky=%v", sticky), func(t *testing.T) {
			step := 1
			if sticky {
				step = 3
			}
			for k := 0; ; k += step {
				m, f := faulty(t, 5)
				f.Set(func(i int, op vfstest.Op, _ string) error {
					if (i == k || sticky && i > k) && op != vfstest.OpRead && op != vfstest.OpOpen {
						return syscall.ENOSPC
					}
					return nil
				})
				script(m)
				reached := f.Ops() > k
				survivor := m.base.Crash(nil)
				ring := append([]ringRecord(nil), m.ring...)
				f.Set(nil)
				if err := m.s.Flush(t.Context()); err != nil {
					t.Fatalf("operation %d: flush when the disk works again: %v", k, err)
				}
				m.verify()
				if st := m.s.Status(); st.Degraded() {
					t.Fatalf("operation %d: still degraded: %v", k, st.FlushError)
				}
				m.reopen()
				m.mustDrain()
				m.verify()
				mustClose(t, m.s)

				m.base, m.ring, m.next, m.maybe = survivor, ring, 0, m.chosen
				m.open()
				m.mustDrain()
				m.verify()
				mustClose(t, m.s)
				if t.Failed() {
					t.Fatalf("operation %d", k)
				}
				if !reached {
					if k < 50 {
						t.Fatalf("the script has only %d operations", k)
					}
					return
				}
			}
		})
	}
}

// TestStore_CrashAtEachOperation cuts the power before each operation: all
// that is not synced may be lost, or not.
func TestStore_CrashAtEachOperation(t *testing.T) {
	for k := 0; ; k++ {
		m, f := faulty(t, 9)
		var images []*vfstest.Mem
		var ring []ringRecord
		f.Set(func(i int, _ vfstest.Op, _ string) error {
			if i == k {
				images = []*vfstest.Mem{m.base.Crash(nil)}
				switch k % 4 {
				case 0:
					images = append(images, m.base.Clone()) // all of it survived
				case 2:
					images = append(images, m.base.Crash(m.rng))
				}
				ring = append([]ringRecord(nil), m.ring...)
			}
			return nil
		})
		script(m)
		want := m.want
		f.Set(nil)
		mustClose(t, m.s)
		if images == nil {
			return
		}
		for n, image := range images {
			m.base, m.ring, m.next, m.maybe = image, ring, 0, m.chosen
			m.want = map[Signal]map[rowID]bool{Traces: {}, Logs: {}, Metrics: {}}
			last := uint64(0)
			for _, r := range ring {
				last = max(last, r.end)
			}
			m.open()
			m.mustDrain()
			// The rows produced before the crash: all in want up to the
			// newest of the ring.
			newest := rowID(0)
			for _, r := range ring {
				newest = max(newest, r.ids[len(r.ids)-1])
			}
			for signal, ids := range want {
				for id := range ids {
					if id <= newest {
						m.want[signal][id] = true
					}
				}
			}
			if len(ring) > 0 {
				m.verify()
			}
			mustClose(t, m.s)
			if t.Failed() {
				t.Fatalf("operation %d, image %d", k, n)
			}
		}
	}
}

// TestStore_FailedSyncKeepsServing checks what an operator sees of a full disk.
func TestStore_FailedSyncKeepsServing(t *testing.T) {
	for _, op := range []vfstest.Op{vfstest.OpWrite, vfstest.OpSync, vfstest.OpRename, vfstest.OpSyncDir, vfstest.OpCreate} {
		t.Run(string(op), func(t *testing.T) {
			f := vfstest.NewFault(newFS(), nil)
			s := mustOpen(t, manual(f))
			f.Set(func(_ int, o vfstest.Op, _ string) error {
				if o == op {
					return syscall.EIO
				}
				return nil
			})
			mustAppend(t, s, Traces, 100, testDay, 1, 2)
			if err := s.Flush(t.Context()); !errors.Is(err, syscall.EIO) {
				t.Fatalf("flush: %v, want EIO", err)
			}
			mustAppend(t, s, Traces, 200, testDay, 3)
			wantRows(t, s, Traces, 1, 2, 3)
			if st := s.Status(); !st.Degraded() || !errors.Is(st.FlushError, syscall.EIO) || st.Counters.FlushErrors == 0 || st.Durable != 0 {
				t.Errorf("status: degraded %v, error %v, errors %d, durable %d", st.Degraded(), st.FlushError, st.Counters.FlushErrors, st.Durable)
			}
			f.Set(nil)
			mustFlush(t, s)
			if st := s.Status(); st.Degraded() || st.Durable != 200 || st.Signals[Traces].Rows != 3 {
				t.Errorf("after recovery: %+v", st)
			}
			wantRows(t, s, Traces, 1, 2, 3)
			mustClose(t, s)
		})
	}
}

// TestFlush_OneSignalIsRefused has a signal whose directory cannot be made:
// the rows of the others reach the disk.
func TestFlush_OneSignalIsRefused(t *testing.T) {
	f := vfstest.NewFault(newFS(), nil)
	s := mustOpen(t, manual(f))
	f.Set(func(_ int, op vfstest.Op, name string) error {
		if op == vfstest.OpMkdir && strings.HasSuffix(name, "/spans") {
			return syscall.EACCES
		}
		return nil
	})
	for i, signal := range []Signal{Traces, Logs, Metrics} {
		mustAppend(t, s, signal, uint64(i+1), testDay, 1)
	}
	if err := s.Flush(t.Context()); !errors.Is(err, syscall.EACCES) {
		t.Errorf("flush: %v, want EACCES", err)
	}
	if st := s.Status(); st.Signals[Logs].Rows != 1 || st.Signals[Metrics].Rows != 1 || st.MemoryRows != 1 {
		t.Errorf("durable %v, %d rows in memory", st.Signals, st.MemoryRows)
	}
	f.Set(nil)
	mustFlush(t, s)
	wantRows(t, s, Traces, 1)
	mustClose(t, s)
}

// TestFlush_SyncsFewTimes counts the syncs of a flush whose rows are scattered
// over many days, each new, and of one that adds to them.
func TestFlush_SyncsFewTimes(t *testing.T) {
	const days = 100
	f := vfstest.NewFault(newFS(), nil)
	s := mustOpen(t, manual(f))
	scattered := func(first rowID) (request []byte) {
		for i := range rowID(days) {
			at := testDay.Add(time.Duration(i) * 24 * time.Hour)
			request = append(request, requestAt(Logs, uint64(at.UnixNano()), first+i)...)
		}
		return request
	}
	for round, most := range []int{3*days + 5, 4 * days} {
		syncs := 0
		f.Set(func(_ int, op vfstest.Op, _ string) error {
			if op == vfstest.OpSync || op == vfstest.OpSyncDir {
				syncs++
			}
			return nil
		})
		if _, err := s.Append(t.Context(), Logs, scattered(rowID(round*days)), uint64(round+1)); err != nil {
			t.Fatal(err)
		}
		mustFlush(t, s)
		f.Set(nil)
		if syncs > most {
			t.Errorf("flush %d of %d partitions took %d syncs, want at most %d", round+1, days, syncs, most)
		}
	}
	if st := s.Status(); st.Signals[Logs].Rows != 2*days || st.Durable != 2 {
		t.Errorf("%d rows, durable up to %d", st.Signals[Logs].Rows, st.Durable)
	}
	mustClose(t, s)
}

// TestOpen_EachOperationFails fails each operation of Open, Close among them:
// Open fails, or the store has all rows, or it says what it cannot read; and
// nothing is lost by the try.
func TestOpen_EachOperationFails(t *testing.T) {
	clean := damaged(t)
	for k := 0; ; k++ {
		base := clean.Clone()
		f := vfstest.NewFault(base, func(i int, _ vfstest.Op, _ string) error {
			if i == k {
				return syscall.EIO
			}
			return nil
		})
		s, err := Open(root, manual(f))
		reached := f.Ops() > k
		f.Set(nil)
		if err == nil {
			wantRows(t, s, Traces, 1, 2, 3, 4, 5, 6, 7)
			mustClose(t, s)
		} else if !errors.Is(err, syscall.EIO) {
			t.Errorf("operation %d: %v, want EIO", k, err)
		}
		s = mustOpen(t, manual(base))
		wantRows(t, s, Traces, 1, 2, 3, 4, 5, 6, 7)
		mustClose(t, s)
		if !reached {
			return
		}
	}
}

// TestScan_ReadErrorsAreNotSilent fails each read of a scan: no rows go
// missing without an error.
func TestScan_ReadErrorsAreNotSilent(t *testing.T) {
	base := damaged(t)
	for k := 0; ; k++ {
		f := vfstest.NewFault(base, nil)
		s := mustOpen(t, manual(f))
		f.Set(func(i int, _ vfstest.Op, _ string) error {
			if i == k {
				return syscall.EIO
			}
			return nil
		})
		rows, err := countRows(t, s)
		reached := f.Ops() > k
		f.Set(nil)
		if reached && !errors.Is(err, syscall.EIO) || !reached && (err != nil || rows != 7) {
			t.Errorf("operation %d (reached %v): %d rows, %v", k, reached, rows, err)
		}
		wantRows(t, s, Traces, 1, 2, 3, 4, 5, 6, 7)
		mustClose(t, s)
		if !reached {
			return
		}
	}
}

func countRows(t *testing.T, s *Store) (rows int, err error) {
	sc, err := s.Scan(t.Context(), ScanRequest{Signal: Traces})
	if err != nil {
		return 0, err
	}
	defer sc.end()
	for b, err := range sc.Blocks() {
		if err != nil {
			return rows, err
		}
		if _, err := b.AppendOTLP(nil, nil); err != nil {
			return rows, err
		}
		rows += b.Rows()
	}
	return rows, nil
}
