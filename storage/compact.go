package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/ttlog/ttlog/storage/internal/part"
)

// settleAfter is how long after its day and its last flush a partition is
// merged as far as it pays.
const settleAfter = time.Hour

// Compact merges the parts of each partition into as few as the limits and the
// times at which their rows came allow (see byReceipt), beside appends, flushes and scans. Unflushed rows stay where they are.
func (s *Store) Compact(ctx context.Context) error {
	if s.opts.ReadOnly {
		return ErrReadOnly
	}
	s.compactMu.Lock()
	defer s.compactMu.Unlock()
	return s.mergeUntilDone(ctx, true)
}

// maxMergeErrors is how many partitions may fail before a round of merges ends.
const maxMergeErrors = 3

// mergeUntilDone merges until no partition has anything left to merge, and
// returns what failed. A partition whose merge fails is left for the next
// round: one that always fails must not keep the others from being merged.
// compactMu is held.
func (s *Store) mergeUntilDone(ctx context.Context, all bool) error {
	failed := map[key]bool{}
	var errs []error
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.compactErr = errors.Join(errs...)
	}()
	for len(errs) < maxMergeErrors {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, fmt.Errorf("storage: compact: %w", err))...)
		}
		p, handles, err := s.nextMerge(all, failed)
		if err != nil || p == nil {
			return errors.Join(append(errs, err)...)
		}
		began := time.Now()
		err = s.mergeParts(ctx, p, handles)
		s.spentMerging(time.Since(began))
		if errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
			s.blameMerge(handles)
		}
		for _, h := range handles {
			h.release()
		}
		if err != nil {
			failed[p.key] = true
			errs = append(errs, err)
			s.count(func(c *Counters) { c.CompactionErrors++ })
		}
	}
	return errors.Join(errs...)
}

// nextMerge picks parts to merge and takes references to them. It passes over
// partitions whose merge failed.
func (s *Store) nextMerge(all bool, failed map[key]bool) (*partition, []*handle, error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, nil, ErrClosed
	}
	for _, p := range s.sortedLocked() {
		if failed[p.key] {
			continue
		}
		group := s.planLocked(p, now, all)
		if group == nil {
			continue
		}
		byID := map[uint64]*handle{}
		for _, h := range p.handles {
			byID[h.entry.id] = h
		}
		handles := make([]*handle, len(group))
		for i, e := range group {
			handles[i] = byID[e.id]
			handles[i].acquire()
		}
		return p, handles, nil
	}
	return nil, nil, nil
}

// planLocked returns the parts of a partition that are to be merged next, none
// where there is nothing to win.
func (s *Store) planLocked(p *partition, now time.Time, all bool) []entry {
	var sound []entry
	for _, h := range p.handles {
		if h.mergeable() {
			sound = append(sound, h.entry)
		}
	}
	how := mergeGrowing
	switch {
	case all:
		how = mergeAll
	case p.settled(sound, now):
		how = mergeSettled
	}
	for _, together := range byReceipt(sound, now) {
		if group := planMerge(together, s.opts.MaxPartRows, s.opts.MaxPartBytes, how); group != nil {
			return group
		}
	}
	return nil
}

func (s *Store) spentMerging(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.compactTime += d
}

// settled tells whether the partition will hardly get rows any more.
func (p *partition) settled(parts []entry, now time.Time) bool {
	if now.Unix() < (int64(p.key.day)+1)*secondsPerDay+int64(settleAfter/time.Second) {
		return false
	}
	for _, e := range parts {
		if now.Unix()-e.created < int64(settleAfter/time.Second) {
			return false
		}
	}
	return true
}

// mergeParts writes one part with the rows of several and publishes it in
// their place.
func (s *Store) mergeParts(ctx context.Context, p *partition, handles []*handle) error {
	parts := make([]*part.Part, len(handles))
	for i, h := range handles {
		pt, err := h.load()
		if err != nil {
			return fmt.Errorf("storage: compact %s: %w", p.key, err)
		}
		parts[i] = pt
	}
	n, memory := s.mergeable(parts, handles)
	if n < 2 {
		return nil // the next plan leaves out those that are too large
	}
	parts, handles = parts[:n], handles[:n]
	held, err := s.opts.Memory.ReserveSlowly(ctx, "merges", memory)
	if err != nil {
		return fmt.Errorf("storage: compact %s: %w", p.key, err)
	}
	defer held.Close()
	drop := map[uint64]bool{}
	var rows int64
	packed := map[*part.Part]bool{}
	into := entry{received: handles[0].entry.received}
	for i, h := range handles {
		drop[h.entry.id] = true
		packed[parts[i]] = h.entry.level > 0
		rows += h.entry.rows
		into.level = max(into.level, h.entry.level+1)
		into.received = into.received.union(h.entry.received)
	}
	merged, err := s.writePart(ctx, p, into, func(w io.Writer) (part.Info, error) {
		o := s.partOptions()
		o.Packed = func(p *part.Part) bool { return packed[p] }
		info, err := part.Merge(w, o, parts...)
		if err == nil && info.Rows != rows {
			err = corruptf("merge of parts with %d rows has %d", rows, info.Rows)
		}
		return info, err
	})
	if err != nil {
		return fmt.Errorf("storage: compact %s: %w", p.key, partError("", err))
	}
	return s.commit(p, replaced(drop, merged.entry), []*handle{merged}, drop, func() {
		s.counters.Compactions++
		s.counters.CompactedParts += int64(len(handles))
		s.counters.CompactedRows += rows
		s.counters.CompactedBytes += merged.entry.size
	})
}

// without is the change of a manifest that takes parts out.
func without(drop map[uint64]bool) func(m *manifest) {
	return func(m *manifest) {
		m.parts = slices.DeleteFunc(slices.Clone(m.parts), func(e entry) bool { return drop[e.id] })
	}
}

// replaced is the change of a manifest that puts a part in the place of others.
func replaced(drop map[uint64]bool, with entry) func(m *manifest) {
	return func(m *manifest) {
		without(drop)(m)
		m.parts = append(m.parts, with)
	}
}

// mergeable returns how many of the first parts can be merged within the
// memory of the budget, and what that takes: a row group of each, with a
// quarter for the order of its rows, and the one that is written twice, as
// rows and as bytes. Parts whose row groups are too large for any merge, which
// were written with a larger budget, stay as they are.
func (s *Store) mergeable(parts []*part.Part, handles []*handle) (n int, memory int64) {
	if s.opts.Memory == nil {
		return len(parts), 0
	}
	most := s.opts.Memory.Pool() / 4 * 3 // queries go on meanwhile
	fair := most
	if s.opts.Memory.Usage().Waiting > 0 {
		fair = most / 3 * 2 // and begin meanwhile
	}
	memory = 2 * s.opts.groupBytes
	for i, pt := range parts {
		need := pt.GroupMemory() * 5 / 4
		if need > (most-2*s.opts.groupBytes)/2 {
			handles[i].refuseMerge()
			return 0, 0
		}
		if memory+need > most || i >= 2 && memory+need > fair {
			return i, memory
		}
		memory += need
	}
	return len(parts), memory
}

// blameMerge finds out which parts made a merge fail, so that the next one
// leaves them out.
func (s *Store) blameMerge(handles []*handle) {
	for _, h := range handles {
		pt, err := h.load()
		if err == nil {
			err = partError(h.path, pt.Verify())
		}
		if err != nil {
			h.refuseMerge()
			s.noteDamage(h, err)
		}
	}
}

// mergeable tells whether compaction may use the part. It may be called with
// Store.mu held.
func (h *handle) mergeable() bool {
	h.files.mu.Lock()
	defer h.files.mu.Unlock()
	return h.broken == nil && !h.unfit
}

func (h *handle) refuseMerge() {
	h.files.mu.Lock()
	defer h.files.mu.Unlock()
	h.unfit = true
}

// runMaintenance is the goroutine for retention and compaction. Open starts
// it; it ends with the context.
func (s *Store) runMaintenance(ctx context.Context) {
	defer s.wg.Done()
	ticker := time.NewTicker(s.opts.MaintenanceInterval)
	defer ticker.Stop()
	for {
		s.maintainOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-s.maintain:
		case <-ticker.C:
		}
	}
}

func (s *Store) maintainOnce(ctx context.Context) {
	s.compactMu.Lock()
	defer s.compactMu.Unlock()
	if err := s.retain(ctx, time.Now()); err != nil && ctx.Err() == nil {
		s.log.Error("storage: retention", "error", err)
	}
	if err := s.settleDebris(); err != nil {
		s.log.Error("storage: commit", "error", err)
	}
	s.emptyTrash()
	if s.opts.NoBackgroundCompaction {
		return
	}
	err := s.mergeUntilDone(ctx, false)
	if err != nil && ctx.Err() == nil && !errors.Is(err, ErrClosed) {
		s.log.Error("storage: compaction; the parts stay as they are", "error", err)
	}
}

func (s *Store) wakeMaintenance() {
	select {
	case s.maintain <- struct{}{}:
	default:
	}
}
