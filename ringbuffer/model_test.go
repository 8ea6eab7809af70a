//go:build unix

package ringbuffer

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// modelSlot is what the model knows of one reservation.
type modelSlot struct {
	pos, end uint64
	kind     uint8
	data     []byte
	slot     Slot
	state    int // 0 open, else a state of the layout
}

type modelReader struct {
	name string
	rd   *Reader
	next int       // index of the next slot to read
	held []*Record // given out and not released
	upTo uint64    // released
}

// model runs random operations on a ring and on a slice side by side.
type model struct {
	t       *testing.T
	rnd     *rand.Rand
	r       *Ring
	path    string // "" in memory
	opts    Options
	slots   []*modelSlot
	head    uint64
	readers []*modelReader

	given, full, aborted int
}

func TestRing_Model(t *testing.T) {
	for _, size := range []int{1, 64, 128, 256, 1000, 4096, 1 << 16} {
		for readers := 1; readers <= 3; readers++ {
			for _, file := range []bool{false, true} {
				t.Run(fmt.Sprintf("size=%d/readers=%d/file=%v", size, readers, file), func(t *testing.T) {
					// Each ring has a key of its own; the smaller the ring, the
					// closer are its stale words to those that come next.
					for seed := range modelRuns(size, file) {
						m := &model{t: t, rnd: rand.New(rand.NewPCG(uint64(size), uint64(8*seed+readers)))}
						m.run(size, readers, file)
					}
				})
			}
		}
	}
}

func modelRuns(size int, file bool) int {
	if file || size > 256 {
		return 1
	}
	return 20
}

func (m *model) run(size, readers int, file bool) {
	steps := 4000
	if file {
		m.path, m.opts = ringPath(m.t), quiet(int64(size))
		m.r = mustOpen(m.t, m.path, m.opts)
	} else {
		m.r = mustNew(m.t, size)
	}
	for i := range readers {
		name := fmt.Sprint("reader", i)
		m.readers = append(m.readers, &modelReader{name: name, rd: mustReader(m.t, m.r, name)})
	}
	for range steps {
		switch n := m.rnd.IntN(100); {
		case n < 40:
			m.reserve()
		case n < 65:
			m.finish()
		case n < 98:
			rd := m.readers[m.rnd.IntN(len(m.readers))]
			m.read(rd)
			m.release(rd)
		case file && n < 99:
			m.reopen(m.rnd.IntN(2) == 0)
		}
		if m.t.Failed() {
			return
		}
	}
	m.settle()
	for _, rd := range m.readers {
		m.read(rd)
	}
	st := m.r.Stats()
	if !file && (st.Refused != uint64(m.full) || st.Aborted != uint64(m.aborted)) {
		m.t.Errorf("Stats: refused %d, aborted %d; want %d, %d", st.Refused, st.Aborted, m.full, m.aborted)
	}
	if m.given == 0 || m.head < 4*m.r.size && size <= 4096 {
		m.t.Errorf("the run was too tame: head %d, full %d", m.head, m.full)
	}
}

// tail is the slowest release.
func (m *model) tail() uint64 {
	low := m.readers[0].rd.Position()
	for _, rd := range m.readers[1:] {
		low = min(low, rd.rd.Position())
	}
	return low
}

func (m *model) reserve() {
	n := m.rnd.IntN(m.r.MaxRecord() + 1)
	if m.rnd.IntN(3) > 0 {
		n = m.rnd.IntN(min(n, 40) + 1)
	}
	kind := uint8(1 + m.rnd.IntN(31))
	start := m.head
	if room := m.r.size - start%m.r.size; room < slotBytes(uint64(n)) {
		start += room
	}
	end := start + slotBytes(uint64(n))
	fits := end-m.tail() <= m.r.size
	s, err := m.r.Reserve(kind, n)
	if fits != (err == nil) || err != nil && !errors.Is(err, ErrFull) {
		m.t.Fatalf("Reserve(%d) at head %d, tail %d: %v, want fits = %v", n, m.head, m.tail(), err, fits)
	}
	if err != nil {
		m.full++
		return
	}
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(m.rnd.Uint32())
	}
	copy(s.Bytes(), data)
	m.slots = append(m.slots, &modelSlot{pos: start, end: end, kind: kind, data: data, slot: s})
	m.head = end
}

// finish commits or aborts a random open slot.
func (m *model) finish() {
	var open []*modelSlot
	for _, s := range m.slots {
		if s.state == 0 {
			open = append(open, s)
		}
	}
	if len(open) == 0 {
		return
	}
	// Mostly the oldest, so that readers get on.
	s := open[0]
	if m.rnd.IntN(3) == 0 {
		s = open[m.rnd.IntN(len(open))]
	}
	m.finishOne(s)
}

func (m *model) finishOne(s *modelSlot) {
	if m.rnd.IntN(8) == 0 {
		s.slot.Abort()
		s.state = stateAborted
		m.aborted++
		return
	}
	s.state = stateCommitted
	if end := s.slot.Commit(); end != s.end {
		m.t.Errorf("Commit = %d, want %d", end, s.end)
	}
}

func (m *model) settle() {
	for _, s := range m.slots {
		if s.state == 0 {
			m.finishOne(s)
		}
	}
}

// read reads until Next has nothing, and compares with the model.
func (m *model) read(rd *modelReader) {
	for range 1 + m.rnd.IntN(20) {
		for rd.next < len(m.slots) && m.slots[rd.next].state == stateAborted {
			rd.next++
		}
		rec, ok := rd.rd.Next()
		if want := rd.next < len(m.slots) && m.slots[rd.next].state == stateCommitted; ok != want {
			m.t.Fatalf("Next = %v, want %v: slot %d of %d", ok, want, rd.next, len(m.slots))
		}
		if !ok {
			return
		}
		s := m.slots[rd.next]
		rd.next++
		m.given++
		if rec.Pos != s.pos || rec.End != s.end || rec.Kind != s.kind || !bytes.Equal(rec.Data, s.data) {
			m.t.Fatalf("Next = %d..%d kind %d, want %d..%d kind %d", rec.Pos, rec.End, rec.Kind, s.pos, s.end, s.kind)
		}
		rd.held = append(rd.held, &rec)
	}
}

// release gives up some of what was read, after checking that it is still
// there.
func (m *model) release(rd *modelReader) {
	if len(rd.held) == 0 || m.rnd.IntN(3) == 0 {
		return
	}
	for i, rec := range rd.held {
		s := m.slots[rd.next-1]
		for j := rd.next - 1; s.pos != rec.Pos; j-- {
			s = m.slots[j]
		}
		if !bytes.Equal(rec.Data, s.data) {
			m.t.Fatalf("record %d of %d at %d changed before its release", i, len(rd.held), rec.Pos)
		}
	}
	n := 1 + m.rnd.IntN(len(rd.held))
	rd.upTo = rd.held[n-1].End
	rd.rd.Release(rd.upTo)
	rd.held = rd.held[n:]
	got := rd.rd.Position()
	if got < rd.upTo || len(rd.held) > 0 && got > rd.held[0].Pos {
		m.t.Fatalf("Position = %d after Release(%d)", got, rd.upTo)
	}
}

// reopen closes the ring, or leaves it as a killed process would, and goes on
// with what Open finds.
func (m *model) reopen(crash bool) {
	positions := map[string]uint64{}
	for _, rd := range m.readers {
		positions[rd.name] = rd.rd.Position()
	}
	old, tail := m.r, m.tail()
	if crash {
		m.path = crashed(m.t, m.path)
	}
	var kept []*modelSlot
	m.head = tail
	holes := false
	for _, s := range m.slots {
		if s.state == 0 && crash {
			s.slot.Abort()
			holes = true
			continue
		}
		if s.state == 0 {
			m.finishOne(s)
		}
		m.head = max(m.head, s.end)
		kept = append(kept, s)
	}
	m.slots = kept
	if err := old.Close(); err != nil {
		m.t.Fatal(err)
	}
	m.r = mustOpen(m.t, m.path, m.opts)
	st := m.r.Stats()
	if st.Corrupt != 0 || st.Lost != 0 || !holes && st.Holes > 1 {
		m.t.Fatalf("Stats after reopen: %+v", st)
	}
	if crash {
		// A slot at the end that was never committed is no part of the ring,
		// but padding before it may be.
		m.head = st.Head
	}
	if st.Head != m.head || st.Tail != tail {
		m.t.Fatalf("head %d, tail %d after reopen; want %d, %d", st.Head, st.Tail, m.head, tail)
	}
	for _, rd := range m.readers {
		rd.rd, rd.held = mustReader(m.t, m.r, rd.name), nil
		if got := rd.rd.Position(); got != positions[rd.name] {
			m.t.Fatalf("Position = %d after reopen, want %d", got, positions[rd.name])
		}
		rd.next = len(m.slots)
		for i := len(m.slots) - 1; i >= 0 && m.slots[i].end > positions[rd.name]; i-- {
			rd.next = i
		}
	}
}
