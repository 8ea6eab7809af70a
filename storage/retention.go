package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ttlog/ttlog/storage/internal/table"
)

// retain removes what Options.Retention, its rules and Options.MaxDiskBytes say. Parts
// that cannot be read are never removed. compactMu is held.
func (s *Store) retain(ctx context.Context, now time.Time) error {
	errs := []error{s.remove(s.expired(now), "older than the retention"), s.retainServices(ctx, now)}
	held := s.DiskBytes()
	if limit := s.diskLimit(held); limit > 0 {
		r := s.surplus(held, limit)
		s.announce(r, limit)
		errs = append(errs, s.remove(r, "the store is larger than its limit"))
	}
	errs = append(errs, s.removeEmpty())
	return errors.Join(errs...)
}

// diskLimit returns how many bytes the parts may take, which take held now; 0 or
// less for no limit.
func (s *Store) diskLimit(held int64) int64 {
	if s.opts.DiskLimit == nil {
		return s.opts.MaxDiskBytes
	}
	return s.opts.DiskLimit(held)
}

// DiskBytes returns what the parts take on the disk, those included that were
// removed and are still being read.
func (s *Store) DiskBytes() int64 {
	s.mu.Lock()
	var held int64
	for _, p := range s.partitions {
		for _, h := range p.handles {
			held += h.entry.size
		}
	}
	s.mu.Unlock()
	return held + s.files.leavingBytes()
}

// announce says what goes, and why, before the first part goes for the sake of
// the store's size. A limit that nobody meant is noticed then, and not when
// somebody looks for what is gone. compactMu is held.
func (s *Store) announce(r removal, limit int64) {
	if len(r) == 0 || s.announced {
		return
	}
	s.announced = true
	var sum Totals
	oldest, newest := int64(math.MaxInt64), int64(math.MinInt64)
	s.mu.Lock()
	for p, ids := range r {
		for _, h := range p.handles {
			if ids[h.entry.id] {
				sum.add(h.entry)
				oldest, newest = min(oldest, h.entry.received.first), max(newest, h.entry.received.last)
			}
		}
	}
	s.mu.Unlock()
	setting := cmp.Or(s.opts.DiskLimitSetting, "storage.Options.MaxDiskBytes")
	s.log.Warn("storage: what was received first is removed from now on, since the disk that ttlog may take is used up; "+setting+" changes how much that is",
		"limit_of_parts", limit, "parts", sum.Parts, "rows", sum.Rows, "bytes", sum.Bytes,
		"received_from", time.Unix(0, oldest).UTC(), "received_to", time.Unix(0, newest).UTC())
}

// day returns the day by which the part gets old, in days since the Unix
// epoch: that of its rows, or when they were received if that is earlier or if
// they have no meaningful time. A sender's clock that is ahead keeps nothing.
func (h *handle) day() int64 {
	received := int64(table.Day(h.entry.received.last))
	if h.key.day == invalidDay {
		return received
	}
	return min(int64(h.key.day), received)
}

// expired returns the parts to be removed because of their age.
func (s *Store) expired(now time.Time) removal {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := removal{}
	ages := map[Signal]time.Duration{}
	for _, d := range signalDirs {
		ages[d.signal] = s.opts.agesOf(d.signal).longest()
	}
	for _, p := range s.partitions {
		age := ages[p.key.signal]
		for _, h := range p.handles {
			if over(age, h.dayEnd(), now) {
				out.add(p, h)
			}
		}
	}
	return out
}

// surplus returns the parts to be removed because of the store's size: those
// that were received first, of whatever signal and day, but never the last one
// there is. When rows came is what the store knows by itself. By their own
// times, one record that is dated in the future would take today's place, and
// an import of old logs would go while it comes in. Rows that are not flushed
// yet stay where they are.
//
// The limit is an answer for held bytes. For what came while it was asked for
// others may yet make room: that is for the next time.
func (s *Store) surplus(held, limit int64) removal {
	s.mu.Lock()
	defer s.mu.Unlock()
	var total int64
	var all []*handle
	for _, p := range s.partitions {
		for _, h := range p.handles {
			total += h.entry.size
			all = append(all, h)
		}
	}
	slices.SortFunc(all, compareAge)
	total = min(total, held)
	out := removal{}
	for len(all) > 1 && total > limit {
		out.add(s.partitions[all[0].key], all[0])
		total -= all[0].entry.size
		all = all[1:]
	}
	return out
}

// compareAge puts what goes first before the rest. Of parts that came at the
// same time, the one with the oldest rows goes first.
func compareAge(a, b *handle) int {
	return cmp.Or(
		cmp.Compare(a.entry.received.last, b.entry.received.last),
		cmp.Compare(a.entry.received.first, b.entry.received.first),
		cmp.Compare(a.entry.maxTime, b.entry.maxTime),
		cmp.Compare(a.key.signal, b.key.signal),
		cmp.Compare(a.entry.id, b.entry.id),
	)
}

// removal names parts to be removed, by partition: one commit each.
type removal map[*partition]map[uint64]bool

func (r removal) add(p *partition, h *handle) {
	if r[p] == nil {
		r[p] = map[uint64]bool{}
	}
	r[p][h.entry.id] = true
}

// remove removes the parts, partition by partition.
func (s *Store) remove(r removal, why string) error {
	var errs []error
	for _, p := range slices.SortedFunc(maps.Keys(r), func(a, b *partition) int { return a.key.compare(b.key) }) {
		errs = append(errs, s.removeParts(p, r[p], why))
	}
	return errors.Join(errs...)
}

// bufferedLocked tells whether the memtable has rows of a partition.
func (s *Store) bufferedLocked(k key) bool {
	if s.active.tables[k] != nil {
		return true
	}
	return s.sealed != nil && s.sealed.tables[k] != nil
}

// removeParts removes parts of a partition. The watermarks stay.
func (s *Store) removeParts(p *partition, drop map[uint64]bool, why string) error {
	s.mu.Lock()
	var sum Totals
	for _, h := range p.handles {
		if drop[h.entry.id] {
			sum.add(h.entry)
		}
	}
	s.mu.Unlock()
	err := s.commit(p, without(drop), nil, drop, func() {
		s.counters.RemovedParts += int64(sum.Parts)
		s.counters.RemovedRows += sum.Rows
		s.counters.RemovedBytes += sum.Bytes
	})
	if err != nil {
		return fmt.Errorf("remove parts of %s: %w", p.key, err)
	}
	s.log.Info("storage: removed data", "partition", p.key.String(), "reason", why, "parts", sum.Parts, "rows", sum.Rows, "bytes", sum.Bytes)
	return nil
}

// removeEmpty removes the directories of partitions that have no parts left.
// Their watermarks go too: when a ring is replayed that far back, rows that
// retention removed can come back, until it removes them again.
func (s *Store) removeEmpty() error {
	s.mu.Lock()
	var empty []*partition
	for _, p := range s.sortedLocked() {
		if len(p.man.parts) == 0 && len(p.damage) == 0 && !s.bufferedLocked(p.key) {
			empty = append(empty, p)
		}
	}
	s.mu.Unlock()
	var errs []error
	for _, p := range empty {
		if err := s.removeDir(p); err != nil {
			errs = append(errs, fmt.Errorf("remove partition %s: %w", p.key, err))
		}
	}
	return errors.Join(errs...)
}

// removeDir removes a partition's directory when nothing but its manifest is
// left in it; a scan may still use files of it, and it goes the next time.
func (s *Store) removeDir(p *partition) error {
	p.commitMu.Lock()
	defer p.commitMu.Unlock()
	s.mu.Lock()
	// A flush may have come between: its table is in the memtable until its
	// part is in the manifest.
	if !p.ready || len(p.man.parts) > 0 || s.bufferedLocked(p.key) {
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	entries, err := s.fs.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || len(entries) != 1 || entries[0].Name() != manifestName {
		return err
	}
	// Parts whose removal a crash undoes must find their manifest there, or
	// they were damage.
	if err := s.fs.SyncDir(p.dir); err != nil {
		return err
	}
	p.ready = false
	if err := s.fs.Remove(p.path(manifestName)); err != nil {
		return err
	}
	return s.fs.Remove(p.dir)
}
