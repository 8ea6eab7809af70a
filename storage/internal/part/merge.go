package part

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ttlog/ttlog/storage/encoding"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// Merge writes the rows of parts, which must be of one signal, as one part,
// packed tight. It goes through the rows by time and holds only the row groups in
// memory whose time ranges overlap where it stands. What is full and packed
// already stays as it is.
func Merge(w io.Writer, o Options, parts ...*Part) (Info, error) {
	if len(parts) == 0 {
		return Info{}, errors.New("part: merge: no parts")
	}
	m := merger{w: newWriter(w, o, parts[0].info.Signal, encoding.Best)}
	defer m.w.release()
	for _, p := range parts {
		if p.info.Signal != parts[0].info.Signal {
			return Info{}, fmt.Errorf("part: merge: parts of %s and %s", parts[0].info.Signal, p.info.Signal)
		}
		for i := range p.footer.groups {
			m.waiting = append(m.waiting, pendingGroup{part: p, group: &p.footer.groups[i], keep: o.packed(p)})
		}
	}
	m.markFull()
	return m.run()
}

// run writes the row groups that wait.
func (m *merger) run() (Info, error) {
	m.most = m.w.opts.evenly(m.rowsToEncode())
	slices.SortStableFunc(m.waiting, func(a, b pendingGroup) int { return cmp.Compare(a.group.minTime, b.group.minTime) })
	for m.more() {
		if err := m.next(); err != nil {
			return Info{}, err
		}
	}
	return m.w.finish()
}

// merger walks row groups by time.
type merger struct {
	w       *writer
	waiting []pendingGroup // not loaded yet, by their first time
	loaded  cursors        // with rows left
	number  int            // of row groups loaded so far
	most    int            // rows of a row group
}

type pendingGroup struct {
	part  *Part
	group *rowGroup
	keep  bool     // it is taken over as it is
	gone  []uint32 // otherwise rows that are left out, ascending
}

// rowsToEncode returns how many rows are not taken over as they are.
func (m *merger) rowsToEncode() (rows int) {
	for _, g := range m.waiting {
		if !g.keep {
			rows += g.group.rows.n - len(g.gone)
		}
	}
	return rows
}

// cursor stands in the rows of a loaded row group.
type cursor struct {
	chunk  *table.Chunk
	number int      // order among rows of equal time
	rows   []uint32 // rows left, by time
	weight func(row uint32) int
	bytes  int64 // a row's memory, about
}

func (c *cursor) time() int64 { return c.chunk.Time(int(c.rows[0])) }

// cursors is a heap with the earliest row on top.
type cursors []*cursor //nolint:recvcheck // container/heap wants it so

func (c cursors) Len() int      { return len(c) }
func (c cursors) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c cursors) Less(i, j int) bool {
	a, b := c[i].time(), c[j].time()
	return a < b || a == b && c[i].number < c[j].number
}
func (c *cursors) Push(x any) { *c = append(*c, x.(*cursor)) }
func (c *cursors) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

func (m *merger) more() bool { return len(m.waiting) > 0 || len(m.loaded) > 0 }

// next writes one row group.
func (m *merger) next() error {
	var chunks []*table.Chunk
	index := map[*table.Chunk]uint32{}
	var locs []table.Loc
	weight, bytes := 0, int64(0)
	for len(locs) < m.most {
		if err := m.load(); err != nil {
			return err
		}
		if len(m.loaded) == 0 {
			break
		}
		c := m.loaded[0]
		row := c.rows[0]
		weight += c.weight(row)
		bytes += c.bytes
		if len(locs) > 0 && (weight > groupWeight || bytes > m.w.opts.GroupBytes) {
			break
		}
		src, ok := index[c.chunk]
		if !ok {
			src = uint32(len(chunks))
			index[c.chunk] = src
			chunks = append(chunks, c.chunk)
		}
		locs = append(locs, table.Loc{Src: src, Row: row})
		if c.rows = c.rows[1:]; len(c.rows) == 0 {
			heap.Pop(&m.loaded)
		} else {
			heap.Fix(&m.loaded, 0)
		}
	}
	if len(locs) == 0 {
		return nil // all that was left is taken over
	}
	return m.w.gather(chunks, locs)
}

// load loads the row groups that may have the next row, and takes those over on
// the way that stay as they are.
func (m *merger) load() error {
	for len(m.waiting) > 0 && (len(m.loaded) == 0 || m.waiting[0].group.minTime <= m.loaded[0].time()) {
		g := m.waiting[0]
		m.waiting = m.waiting[1:]
		if g.keep {
			if err := m.w.copy(g.part, g.group); err != nil {
				return fmt.Errorf("part: merge: %w", err)
			}
			continue
		}
		c := source{p: g.part}.rowGroup(g.group)
		if err := c.EnsureAll(); err != nil {
			return fmt.Errorf("part: merge: %w", err)
		}
		heap.Push(&m.loaded, &cursor{
			chunk: c, number: m.number, rows: without(rowsByTime(c), g.gone), weight: c.Weight(), bytes: max(int64(c.Bytes()), g.group.memory) / int64(c.Rows.N),
		})
		m.number++
	}
	return nil
}

// rowsByTime returns the rows of a chunk in order of time.
func rowsByTime(c *table.Chunk) []uint32 {
	rows := make([]uint32, c.Rows.N)
	for i := range rows {
		rows[i] = uint32(i)
	}
	slices.SortStableFunc(rows, func(a, b uint32) int {
		x, y := c.Time(int(a)), c.Time(int(b))
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return rows
}
