package storage

import (
	"slices"
	"time"
)

// Counters count what a store did since it was opened.
type Counters struct {
	// Appends is the number of requests taken in, AppendedRows their rows,
	// SkippedRows the rows that a replay found in parts already, Rejected the
	// requests that were malformed.
	Appends, AppendedRows, SkippedRows, Rejected int64
	// Stalls is how often an Append waited for a flush.
	Stalls int64
	// Flushes is the number of generations written, FlushErrors that of
	// attempts that failed; FlushedRows and FlushedBytes are what reached
	// parts.
	Flushes, FlushErrors, FlushedRows, FlushedBytes int64
	// Compactions is the number of merges, CompactionErrors that of those
	// that failed; CompactedParts the parts that went into merges and
	// CompactedRows their rows, CompactedBytes the parts that came out.
	Compactions, CompactionErrors, CompactedParts, CompactedRows, CompactedBytes int64
	// RemovedParts, RemovedRows and RemovedBytes are what retention removed.
	RemovedParts, RemovedRows, RemovedBytes int64
	// DeletedRows is the number of rows that Delete deleted.
	DeletedRows int64
	// RemoveErrors is the number of files that could not be removed.
	RemoveErrors int64
}

// Totals are the figures of some parts.
type Totals struct {
	Parts int
	Rows  int64
	Bytes int64
}

func (t *Totals) add(e entry) {
	t.Parts++
	t.Rows += e.rows
	t.Bytes += e.size
}

// PartitionStatus describes one partition.
type PartitionStatus struct {
	Signal Signal
	// Day is the name of the partition's directory, YYYY-MM-DD.
	Day string
	Totals
	// MinTime and MaxTime bound the timestamps of its rows in parts, in
	// nanoseconds since the Unix epoch.
	MinTime, MaxTime int64
	// Levels is the number of parts by how often their rows were merged.
	Levels []int
	// Watermark is its durable position in the ring of Options.Ring.
	Watermark uint64
	// Damaged is the number of findings in Status.Damage about it.
	Damaged int
}

// Status describes a store at one instant.
type Status struct {
	Dir      string
	ReadOnly bool
	// Signals has the totals of the durable parts of each signal that has any.
	Signals map[Signal]Totals
	// Partitions are in order of signal and day.
	Partitions []PartitionStatus
	// MemoryRows, MemoryBytes and MemoryTables describe the rows that are not
	// in parts yet; Sealed tells that some are being written.
	MemoryRows, MemoryBytes int64
	MemoryTables            int
	Sealed                  bool
	// MemorySince is when the oldest of them came; zero without any.
	MemorySince time.Time
	// Durable and Watermark are as the methods of Store return them.
	Durable, Watermark uint64
	Counters           Counters
	// FlushError is why rows cannot be written at present: the store is
	// degraded, but serves what it has. CompactError is why parts cannot be
	// merged.
	FlushError, CompactError error
	// LastFlush is when rows were last made durable, zero where none were since
	// the store was opened. FlushTime and CompactTime were spent on all attempts
	// to write and to merge.
	LastFlush              time.Time
	FlushTime, CompactTime time.Duration
	// MergeBacklog are the parts that wait to be merged.
	MergeBacklog Totals
	// OpenFiles are the files of parts that are open, of MaxOpenFiles at most.
	OpenFiles, MaxOpenFiles int
	// Damage lists what cannot be read.
	Damage []Damage
	// Unknown lists files that are not the store's, relative to Dir.
	Unknown []string
}

// Degraded tells whether appended rows cannot be made durable at present.
func (st *Status) Degraded() bool { return st.FlushError != nil }

// FlushError returns why rows cannot be written at present; nil where they can.
func (s *Store) FlushError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flushErr
}

// Status returns what the store consists of and what it did. A store that is
// open for reading looks at the directory again first, and keeps its old view
// of a signal it cannot look at.
func (s *Store) Status() Status {
	if s.opts.ReadOnly {
		for _, d := range signalDirs {
			if err := s.loadSignal(d.signal); err != nil {
				s.log.Warn("storage: cannot look at the store again", "error", err)
			}
		}
	}
	st := Status{Dir: s.dir, ReadOnly: s.opts.ReadOnly, Signals: map[Signal]Totals{}, Durable: s.Durable(), Watermark: s.watermark}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Counters, st.FlushError, st.CompactError = s.counters, s.flushErr, s.compactErr
	st.LastFlush, st.FlushTime, st.CompactTime = s.lastFlush, s.flushTime, s.compactTime
	st.OpenFiles, st.MaxOpenFiles = s.files.pool.Stats(), s.opts.MaxOpenFiles
	st.Unknown = slices.Clone(s.unknown)
	st.Sealed = s.sealed != nil
	for _, g := range []*generation{s.sealed, s.active} {
		if g == nil {
			continue
		}
		if st.MemorySince.IsZero() && !g.empty() {
			st.MemorySince = g.born // the sealed one is the older one
		}
		for _, t := range g.tables {
			st.MemoryRows += int64(t.table.Rows())
			st.MemoryTables++
		}
		st.MemoryBytes += g.bytes()
	}
	st.Damage = slices.Clone(s.found)
	for _, d := range signalDirs {
		if damage, ok := s.missing[d.signal]; ok {
			st.Damage = append(st.Damage, damage)
		}
	}
	now := time.Now()
	for _, p := range s.sortedLocked() {
		for _, e := range s.planLocked(p, now, false) {
			st.MergeBacklog.add(e)
		}
		ps := p.statusLocked(s.opts.Ring)
		if ps.Parts == 0 && ps.Damaged == 0 {
			continue
		}
		st.Partitions = append(st.Partitions, ps)
		st.Damage = append(st.Damage, p.damage...)
		t := st.Signals[p.key.signal]
		t.Parts, t.Rows, t.Bytes = t.Parts+ps.Parts, t.Rows+ps.Rows, t.Bytes+ps.Bytes
		st.Signals[p.key.signal] = t
	}
	return st
}

// ImportedOnly tells whether there are rows and none of them came from a ring,
// of Options.Ring or any other.
func (s *Store) ImportedOnly() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := int64(0)
	for _, p := range s.partitions {
		if len(p.man.marks) > 0 {
			return false
		}
		for _, e := range p.man.parts {
			rows += e.rows
		}
	}
	return rows > 0
}

// MemoryBytes returns the memory of the rows that are not in parts yet.
func (s *Store) MemoryBytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sealed.bytes() + s.active.bytes()
}

func (p *partition) statusLocked(ring uint64) PartitionStatus {
	ps := PartitionStatus{Signal: p.key.signal, Day: p.key.day.String(), Watermark: p.man.position(ring), Damaged: len(p.damage)}
	for i, h := range p.handles {
		e := h.entry
		if i == 0 {
			ps.MinTime, ps.MaxTime = e.minTime, e.maxTime
		}
		ps.MinTime, ps.MaxTime = min(ps.MinTime, e.minTime), max(ps.MaxTime, e.maxTime)
		ps.add(e)
		for len(ps.Levels) <= int(min(e.level, maxLevel)) {
			ps.Levels = append(ps.Levels, 0)
		}
		ps.Levels[min(e.level, maxLevel)]++
	}
	return ps
}

// count changes the counters.
func (s *Store) count(change func(c *Counters)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.counters)
}
