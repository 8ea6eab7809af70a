package storage

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// retain removes what Options.Retention and Options.MaxDiskBytes say. Parts
// that cannot be read are never removed. compactMu is held.
func (s *Store) retain(now time.Time) error {
	var errs []error
	if s.opts.Retention > 0 {
		for _, p := range s.expired(now) {
			errs = append(errs, s.removeParts(p, nil, "older than the retention"))
		}
	}
	if s.opts.MaxDiskBytes > 0 {
		errs = append(errs, s.shrink())
	}
	errs = append(errs, s.removeEmpty())
	return errors.Join(errs...)
}

// endOf returns when the partition's day ended, in seconds since the Unix
// epoch. That of rows without a meaningful time ends when they were written.
func (p *partition) endOf() int64 {
	if p.key.day != invalidDay {
		return (int64(p.key.day) + 1) * secondsPerDay
	}
	var end int64
	for _, h := range p.handles {
		end = max(end, h.entry.created)
	}
	return end
}

// expired returns the partitions to be removed because of their age.
func (s *Store) expired(now time.Time) (out []*partition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := now.Add(-s.opts.Retention).Unix()
	for _, p := range s.sortedLocked() {
		if len(p.handles) > 0 && p.endOf() <= limit {
			out = append(out, p)
		}
	}
	return out
}

// shrink removes the oldest days of all signals until the parts fit, but not
// the newest. When only that is left, the parts with the oldest rows go, but
// never the last one. Rows that are not flushed yet stay where they are, also
// those of a day that goes.
func (s *Store) shrink() error {
	for {
		victims, ids := s.victims()
		if len(victims) == 0 {
			return nil
		}
		for _, p := range victims {
			if err := s.removeParts(p, ids, "the store is larger than its limit"); err != nil {
				return err
			}
		}
	}
}

// victims returns the partitions to remove next because of the store's size,
// or one partition and which of its parts.
func (s *Store) victims() (out []*partition, only map[uint64]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var total int64
	days := map[int64][]*partition{}
	var oldest *handle
	parts := 0
	for _, p := range s.sortedLocked() {
		for _, h := range p.handles {
			total += h.entry.size
			parts++
			if oldest == nil || cmp.Or(cmp.Compare(h.age(), oldest.age()), cmp.Compare(h.entry.id, oldest.entry.id)) < 0 {
				oldest = h
			}
		}
		if len(p.handles) > 0 {
			end := p.endOf()
			days[end] = append(days[end], p)
		}
	}
	if total <= s.opts.MaxDiskBytes || parts < 2 {
		return nil, nil
	}
	if len(days) > 1 {
		return days[slices.Min(slices.Collect(maps.Keys(days)))], nil
	}
	return []*partition{s.partitions[oldest.key]}, map[uint64]bool{oldest.entry.id: true}
}

// age returns the time by which a part is older than another, in nanoseconds:
// that of its latest row, or when it was written where rows have no meaningful
// time. Only that they have none makes the latter right: a merge writes the
// oldest rows last.
func (h *handle) age() int64 {
	if h.key.day == invalidDay {
		return h.entry.created * int64(time.Second)
	}
	return h.entry.maxTime
}

// bufferedLocked tells whether the memtable has rows of a partition.
func (s *Store) bufferedLocked(k key) bool {
	if s.active.tables[k] != nil {
		return true
	}
	return s.sealed != nil && s.sealed.tables[k] != nil
}

// removeParts removes the parts of a partition that can be read, or those of
// them that only names. The watermarks stay.
func (s *Store) removeParts(p *partition, only map[uint64]bool, why string) error {
	s.mu.Lock()
	drop := map[uint64]bool{}
	var sum Totals
	for _, h := range p.handles {
		if only == nil || only[h.entry.id] {
			drop[h.entry.id] = true
			sum.add(h.entry)
		}
	}
	s.mu.Unlock()
	err := s.commit(p, func(m *manifest) {
		m.parts = slices.DeleteFunc(slices.Clone(m.parts), func(e entry) bool { return drop[e.id] })
	}, nil, drop, func() {
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
