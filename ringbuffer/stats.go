package ringbuffer

import "fmt"

// Stats is the state of a ring at one moment, and what it counted since New or
// Open.
type Stats struct {
	// FileBacked is false for a ring in memory, also one that Open made where
	// files cannot be mapped.
	FileBacked bool
	// Size is the data area in bytes. Head is the position behind the newest
	// reservation, Tail that of the slowest reader, Used the bytes between.
	Size, Head, Tail, Used uint64
	// Records is the number of records given to the reader that was given
	// most: records still unread are not in it. Producers do not count, to
	// share no memory but the head.
	Records uint64
	// Refused and RefusedBytes count the calls of Reserve that got ErrFull,
	// Oversize those that got ErrTooLarge, Aborted the slots that were
	// aborted. What is refused is not lost: the caller may try again.
	Refused, RefusedBytes, Oversize, Aborted uint64

	// Recovered counts the records that Open found, Holes the ranges that were
	// reserved and never committed, Corrupt the records and definitions whose
	// checksum did not match. Lost is the bytes of positions below which a
	// cursor stood and which were overwritten: after power loss only.
	Recovered, Holes, Corrupt, Lost uint64
	// Damage says more of the first 64 of Corrupt.
	Damage []Damage
	// PowerLoss says that the machine went down while the ring was open.
	PowerLoss bool

	// Syncs and SyncErrors count syncs to disk.
	Syncs, SyncErrors uint64
	// CatalogEntries, CatalogBytes and CatalogSize tell how full the catalog
	// is.
	CatalogEntries            int
	CatalogBytes, CatalogSize uint64
	// Readers holds the registered readers.
	Readers []ReaderStats
}

// ReaderStats is the state of one reader.
type ReaderStats struct {
	Name string
	// Position is the released position and Lag the bytes between it and the
	// head. Records is the number of records given out since it was opened.
	Position, Lag, Records uint64
	Open                   bool
}

// Damage is one damaged place of a ring file. What is undamaged around it was
// kept.
type Damage struct {
	// Pos is the position in the ring, or the byte in the catalog.
	Pos     uint64
	Catalog bool
}

// String says where the damage is.
func (d Damage) String() string {
	if d.Catalog {
		return fmt.Sprintf("definition at catalog byte %d: checksum mismatch", d.Pos)
	}
	return fmt.Sprintf("record at position %d: checksum mismatch", d.Pos)
}

// findings is what Open counted.
type findings struct {
	recovered, holes, corrupt, lost uint64
	damage                          []Damage
	powerLoss                       bool
	records                         uint64 // of readers that were closed since
}

func (f *findings) damaged(d Damage) {
	f.corrupt++
	if len(f.damage) < maxDamage {
		f.damage = append(f.damage, d)
	}
}

// Stats returns a snapshot of the counters. It works after Close.
func (r *Ring) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	head, tail := r.headPos(), r.hdr.tail().Load()
	s := Stats{
		FileBacked: r.durable, Size: r.size, Head: head, Tail: tail, Used: r.distance(tail, head),
		Records: r.found.records,
		Refused: r.refused.Load(), RefusedBytes: r.refusedBytes.Load(),
		Oversize: r.oversize.Load(), Aborted: r.aborted.Load(),
		Recovered: r.found.recovered, Holes: r.found.holes, Corrupt: r.found.corrupt, Lost: r.found.lost,
		Damage: append([]Damage(nil), r.found.damage...), PowerLoss: r.found.powerLoss,
		Syncs: r.syncer.syncs.Load(), SyncErrors: r.syncer.errors.Load(),
	}
	for i, name := range r.names {
		if name == "" {
			continue
		}
		c := r.hdr.cursor(i).Load()
		rs := ReaderStats{Name: name, Position: c, Lag: r.distance(c, head), Open: r.readers[i] != nil}
		if rs.Open {
			rs.Records = r.readers[i].count.Load()
			s.Records = max(s.Records, rs.Records)
		}
		s.Readers = append(s.Readers, rs)
	}
	r.catalog.mu.RLock()
	defer r.catalog.mu.RUnlock()
	_, used := unpackCatalog(r.catalog.word.Load())
	s.CatalogEntries, s.CatalogBytes, s.CatalogSize = len(r.catalog.byID), uint64(used), uint64(r.catalog.limit)
	return s
}
