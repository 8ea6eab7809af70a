package storage

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ttlog/ttlog/storage/internal/vfs"
	"github.com/ttlog/ttlog/storage/internal/vfstest"
)

// ringRecord is a record of the model's ring: one request with its rows.
type ringRecord struct {
	signal Signal
	data   []byte
	ids    []rowID
	end    uint64
}

// model drives a store as a pipeline over a ring does, and knows what has to
// be in it. Its ring survives everything, and forgets what the store says is
// durable.
type model struct {
	t    testing.TB
	rng  *rand.Rand
	base *vfstest.Mem
	wrap func(*vfstest.Mem) vfs.FS
	opts func(vfs.FS) Options

	s    *Store
	ring []ringRecord // not released, in order
	next int          // first record of ring that the store did not get
	pos  uint64
	id   rowID
	days int // rows fall on that many days
	want map[Signal]map[rowID]bool
	// maybe are rows whose deletion failed on the way: each is there or not.
	// chosen are all that were ever to be deleted.
	maybe, chosen map[rowID]bool
}

func newModel(t testing.TB, seed uint64, opts func(vfs.FS) Options) *model {
	m := &model{
		t: t, days: 3, rng: rand.New(rand.NewPCG(seed, 1)), base: newFS(), opts: opts,
		wrap:  func(f *vfstest.Mem) vfs.FS { return f },
		want:  map[Signal]map[rowID]bool{Traces: {}, Logs: {}, Metrics: {}},
		maybe: map[rowID]bool{}, chosen: map[rowID]bool{},
	}
	m.open()
	return m
}

func (m *model) open() { m.s = mustOpen(m.t, m.opts(m.wrap(m.base))) }

// produce puts n records into the ring.
func (m *model) produce(n int) {
	for range n {
		signal := []Signal{Traces, Traces, Logs, Metrics}[m.rng.IntN(4)]
		ids := make([]rowID, 1+m.rng.IntN(6))
		at := testDay.Add(time.Duration(m.rng.IntN(m.days)-1) * 24 * time.Hour)
		for i := range ids {
			m.id++
			ids[i] = m.id
			m.want[signal][m.id] = true
		}
		data := request(signal, at, ids...)
		if cut := len(ids) / 2; cut > 0 && m.rng.IntN(2) == 0 { // rows of two days in one record
			data = append(request(signal, at, ids[:cut]...), request(signal, at.Add(24*time.Hour), ids[cut:]...)...)
		}
		m.pos += uint64(len(data)) + 16
		m.ring = append(m.ring, ringRecord{signal: signal, data: data, ids: ids, end: m.pos})
	}
}

// drain hands what is in the ring to the store: each record by itself below
// the watermark, then some at a time, one request for each signal. It stops at
// the first error.
func (m *model) drain() error {
	for m.next < len(m.ring) {
		n := 1
		if m.ring[m.next].end > m.s.Watermark() {
			n = min(1+m.rng.IntN(5), len(m.ring)-m.next)
		}
		batch := m.ring[m.next : m.next+n]
		for _, signal := range []Signal{Metrics, Traces, Logs} {
			var data []byte
			var end uint64
			for _, r := range batch {
				if r.signal == signal {
					data = append(data, r.data...)
					end = r.end
				}
			}
			if data == nil {
				continue
			}
			if _, err := m.s.Append(m.t.Context(), signal, data, end); err != nil {
				return err
			}
		}
		m.next += n
		m.release()
	}
	return nil
}

// release forgets the records that are durable.
func (m *model) release() {
	durable := m.s.Durable()
	for len(m.ring) > 0 && m.next > 0 && m.ring[0].end <= durable {
		m.ring = m.ring[1:]
		m.next--
	}
}

// verify compares the store with what was put into the ring and handed over.
func (m *model) verify() {
	m.t.Helper()
	pending := map[Signal]map[rowID]bool{Traces: {}, Logs: {}, Metrics: {}}
	for _, r := range m.ring[m.next:] {
		for _, id := range r.ids {
			pending[r.signal][id] = true
		}
	}
	for signal, ids := range m.want {
		wantSet(m.t, m.s, signal, m.maybe, func(yield func(rowID) bool) {
			for id := range ids {
				if !m.maybe[id] && !pending[signal][id] && !yield(id) {
					return
				}
			}
		})
	}
}

// delete deletes some of a signal's rows, which have to be in the store.
func (m *model) delete() error {
	signal := []Signal{Traces, Logs, Metrics}[m.rng.IntN(3)]
	some := rowID(1 + m.rng.IntN(4))
	doomed := map[rowID]bool{}
	for id := range m.want[signal] {
		if (id+id/7)%some == 0 {
			doomed[id], m.chosen[id] = true, true
		}
	}
	done, err := m.s.Delete(m.t.Context(), Deletion{ScanRequest: ScanRequest{Signal: signal}, Match: matchRows(m.t, signal, doomed)})
	if err != nil {
		maps.Copy(m.maybe, doomed)
		return err
	}
	for id := range doomed {
		delete(m.want[signal], id)
		if m.maybe[id] {
			delete(m.maybe, id)
			done.Rows = max(done.Rows, int64(len(doomed))) // some were gone
		}
	}
	if done.Rows != int64(len(doomed)) {
		m.t.Fatalf("%d rows were deleted, want %d", done.Rows, len(doomed))
	}
	return nil
}

func (m *model) mustDrain() {
	m.t.Helper()
	if err := m.drain(); err != nil {
		m.t.Fatalf("append: %v", err)
	}
}

func (m *model) reopen() {
	mustClose(m.t, m.s)
	m.next = 0
	m.open()
}

// crash goes on with what a crash would leave.
func (m *model) crash() {
	after := m.base.Crash(m.rng)
	if m.rng.IntN(2) == 0 {
		after = m.base.Crash(nil)
	}
	_ = m.s.Close() // on a disk that no longer counts
	m.base = after
	m.next = 0
	m.open()
}

func (m *model) step() string {
	switch op := m.rng.IntN(22); {
	case op < 9:
		m.produce(1 + m.rng.IntN(6))
		m.mustDrain()
		return "append"
	case op < 13:
		mustFlush(m.t, m.s)
		m.release()
		return "flush"
	case op < 15:
		if err := m.s.Compact(m.t.Context()); err != nil {
			m.t.Fatalf("Compact: %v", err)
		}
		return "compact"
	case op < 17:
		m.reopen()
		m.mustDrain()
		return "reopen"
	case op < 19:
		m.produce(m.rng.IntN(3))
		m.crash()
		m.mustDrain()
		return "crash"
	case op < 21:
		if err := m.delete(); err != nil {
			m.t.Fatalf("Delete: %v", err)
		}
		m.release()
		return "delete"
	}
	m.verify()
	return "verify"
}

// metamorphicOptions are the configurations that must all give the same rows.
var metamorphicOptions = map[string]func(vfs.FS) Options{
	"manual": manual,
	"tiny memtable": func(f vfs.FS) Options {
		o := manual(f)
		o.FlushRows, o.MaxPendingBytes = 5, 1
		return o
	},
	"eager compaction": func(f vfs.FS) Options {
		o := manual(f)
		o.NoBackgroundCompaction, o.FlushRows = false, 8
		return o
	},
	"small parts": func(f vfs.FS) Options {
		o := manual(f)
		o.MaxPartRows, o.FlushBytes = 20, 2000
		return o
	},
}

func TestStore_Metamorphic(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(metamorphicOptions)) {
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%s/seed=%d", name, seed), func(t *testing.T) {
				t.Parallel()
				m := newModel(t, seed, metamorphicOptions[name])
				var ops []string
				defer func() {
					if t.Failed() {
						t.Logf("operations: %v", ops)
					}
				}()
				for range 80 {
					ops = append(ops, m.step())
				}
				m.verify()
				m.reopen()
				m.mustDrain()
				m.verify()
				mustFlush(t, m.s)
				m.release()
				if len(m.ring) != 0 {
					t.Errorf("%d records of the ring not released after a flush", len(m.ring))
				}
				mustClose(t, m.s)
			})
		}
	}
}
