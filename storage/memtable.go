package storage

import (
	"slices"
	"time"

	"github.com/ttlog/ttlog/storage/internal/table"
)

// generation is the memtable: the rows that came between two seals, one table
// for each partition. All of it is guarded by Store.mu, except that the tables
// of a sealed generation no longer change and may be read by anyone.
type generation struct {
	seq    uint64 // rises by one with each generation
	tables map[key]*memTable
	rows   int64
	input  int64 // bytes of the requests the rows came in
	born   time.Time
	// low is for each signal a ring position that all rows of this
	// generation are behind.
	low map[Signal]uint64
}

// memTable is the table of one partition.
type memTable struct {
	table *table.Table
	end   uint64 // highest ring position of its rows
	// received is when the first and the last of its rows came.
	received span
	// pins is the number of snapshots that show its rows, and flushed tells
	// that nobody else needs them any more.
	pins    int
	flushed bool
}

// unpin takes a snapshot back. What scans alone kept in memory is no longer.
func (s *Store) unpin(tables []*memTable) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tables {
		if t.pins--; t.pins == 0 && t.flushed {
			s.scanned.Force(-int64(t.table.Bytes()))
		}
	}
}

// letGo says that the rows of a table are in a part. As long as scans show
// them from memory, that memory is theirs. mu is held.
func (s *Store) letGo(t *memTable) {
	t.flushed = true
	if t.pins > 0 {
		s.scanned.Force(int64(t.table.Bytes()))
	}
}

func newGeneration(seq uint64) *generation {
	return &generation{seq: seq, tables: map[key]*memTable{}, low: map[Signal]uint64{}}
}

func (g *generation) empty() bool { return g == nil || len(g.tables) == 0 }

// bytes returns the memory the rows take, about.
func (g *generation) bytes() int64 {
	if g == nil {
		return 0
	}
	var n int64
	for _, t := range g.tables {
		n += int64(t.table.Bytes())
	}
	return n
}

// keys returns the partitions in order.
func (g *generation) keys() []key {
	keys := make([]key, 0, len(g.tables))
	for k := range g.tables {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, key.compare)
	return keys
}

// full tells whether the generation is to be sealed.
func (g *generation) full(o *Options, now time.Time) bool {
	return g.rows >= int64(o.FlushRows) || g.input >= int64(o.FlushBytes) || g.bytes() >= o.flushMemory || len(g.tables) > maxOpenTables ||
		(o.FlushInterval > 0 && !g.empty() && now.Sub(g.born) >= o.FlushInterval)
}
