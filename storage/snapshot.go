package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/part"
)

// snapshot is the rows of a signal at one instant. Whoever made it releases it.
type snapshot struct {
	parts   []scanPart
	memory  []column.Block
	tables  []*memTable // that memory is of
	store   *Store
	total   int // parts of the signal, also those that do not match
	damaged int // parts that may match and cannot be read
}

// scanPart is a part with the snapshot's reference to it.
type scanPart struct {
	h *handle
	p *part.Part
}

func (sn *snapshot) release() {
	for _, p := range sn.parts {
		p.h.release()
	}
	sn.forget()
}

// forget lets go of the rows in memory.
func (sn *snapshot) forget() {
	if len(sn.tables) > 0 {
		sn.store.unpin(sn.tables)
	}
	sn.tables, sn.memory = nil, nil
}

// snapshot returns the rows of a signal that may have a timestamp at or after
// from and before to. A store that is open for reading looks first at what the
// writer did, and starts over when a part was replaced before it was open.
func (s *Store) snapshot(ctx context.Context, signal Signal, from, to int64) (*snapshot, error) {
	if _, ok := signalDir(signal); !ok {
		return nil, fmt.Errorf("storage: scan: unknown signal %d", signal)
	}
	for try := 1; ; try++ {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("storage: scan: %w", err)
		}
		if s.opts.ReadOnly {
			if err := s.loadSignal(signal); err != nil {
				return nil, err
			}
		}
		sn, handles, err := s.pin(signal, from, to)
		if err != nil {
			return nil, err
		}
		// What a reader misses once may have been merged away; what is
		// missing again and again, although listed, is lost. Nobody but the
		// writer takes parts away from it.
		err = s.loadAll(sn, handles, !s.opts.ReadOnly || try == staleRetries)
		if err == nil {
			return sn, nil
		}
		sn.release()
		if !s.opts.ReadOnly || !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
}

// pin takes references to the matching parts and the memtable's blocks in one
// step, so that no row is seen twice or not at all while a flush or a merge
// goes on.
func (s *Store) pin(signal Signal, from, to int64) (*snapshot, []*handle, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, nil, ErrClosed
	}
	sn := &snapshot{store: s}
	var handles []*handle
	for _, p := range s.sortedLocked(signal) {
		sn.total += len(p.handles) + len(p.losses)
		for _, l := range p.losses {
			if l.overlaps(from, to) {
				sn.damaged++
			}
		}
		for _, h := range p.handles {
			if h.entry.span().overlaps(from, to) {
				h.acquire()
				handles = append(handles, h)
			}
		}
	}
	for _, g := range []*generation{s.sealed, s.active} {
		if g.empty() {
			continue
		}
		for _, k := range g.keys() {
			m := g.tables[k]
			t := m.table
			if k.signal == signal && (span{t.MinTime(), t.MaxTime()}).overlaps(from, to) {
				sn.memory = append(sn.memory, t.Blocks()...)
				sn.tables = append(sn.tables, m)
				m.pins++
			}
		}
	}
	sn.memory = append(sn.memory, s.overlayLocked(signal)...)
	return sn, handles, nil
}

// loadAll opens the pinned parts into the snapshot, which takes over their
// references. Damaged ones are left out and noted, missing ones only if lost.
func (s *Store) loadAll(sn *snapshot, handles []*handle, lost bool) error {
	for i, h := range handles {
		p, err := h.load()
		switch {
		case err == nil:
			sn.parts = append(sn.parts, scanPart{h: h, p: p})
		case errors.Is(err, ErrCorrupt), lost && errors.Is(err, fs.ErrNotExist):
			s.noteDamage(h, err)
			sn.damaged++
			h.release()
		default:
			for _, h := range handles[i:] {
				h.release()
			}
			return err
		}
	}
	return nil
}

// noteDamage remembers a part that turned out to be unreadable.
func (s *Store) noteDamage(h *handle, err error) {
	s.mu.Lock()
	p := s.partitions[h.key]
	known := p == nil || slices.ContainsFunc(p.damage, func(d Damage) bool { return d.File == h.path })
	if !known {
		p.damage = append(p.damage, Damage{File: h.path, Err: err})
	}
	s.mu.Unlock()
	if !known {
		s.log.Error("storage: part cannot be served", "file", h.path, "error", err)
	}
}

// sortedLocked returns the partitions of some signals, all where none is named, by
// signal and day.
func (s *Store) sortedLocked(signals ...Signal) []*partition {
	out := make([]*partition, 0, len(s.partitions))
	for _, p := range s.partitions {
		if len(signals) == 0 || slices.Contains(signals, p.key.signal) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *partition) int { return a.key.compare(b.key) })
	return out
}
