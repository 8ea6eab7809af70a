package storage

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// partition is one signal and day: a directory with a manifest and parts.
type partition struct {
	key key
	dir string

	// commitMu is held over each replacement of the manifest, and comes
	// before Store.mu.
	commitMu sync.Mutex
	// next is the number of the next part file, at least man.next. Guarded by
	// commitMu.
	next uint64
	// debris are part files of commits that failed after the manifest may
	// have been replaced; they are removed once a later commit is durable.
	// Guarded by commitMu.
	debris []string
	// fresh is set while there is no directory and none was tried to make.
	// Guarded by commitMu.
	fresh bool
	// ready is set when the directory is there, durably. Guarded by commitMu.
	ready bool

	// man and handles are written with commitMu and Store.mu held, and read
	// with either. Both are replaced, never changed in place. handles has the
	// parts of man that can be read, in the same order.
	man     *manifest
	handles []*handle

	// damage is what of this partition cannot be read, and losses what scans
	// lack for it. Guarded by Store.mu.
	damage []Damage
	losses []span
	// spoiled is set while MANIFEST holds something unreadable, until the
	// first commit moves it aside. Guarded by commitMu.
	spoiled bool
}

// span is the time from the earliest to the latest of some rows, both in.
type span struct{ first, last int64 }

// overlaps tells whether rows of the span may be at or after from and before
// to. The last moment there is stands for no bound.
func (s span) overlaps(from, to int64) bool {
	return s.last >= from && (s.first < to || to == math.MaxInt64)
}

// at returns the span of one instant.
func at(t time.Time) span { return span{t.UnixNano(), t.UnixNano()} }

// union returns the span from the earlier beginning to the later end.
func (s span) union(o span) span { return span{min(s.first, o.first), max(s.last, o.last)} }

func (e *entry) span() span { return span{e.minTime, e.maxTime} }

// span returns the times that rows of the partition can have.
func (k key) span() span {
	if k.day == invalidDay {
		return span{math.MinInt64, math.MaxInt64}
	}
	const day = secondsPerDay * int64(time.Second)
	return span{int64(k.day) * day, (int64(k.day)+1)*day - 1}
}

func newPartition(root string, k key) *partition {
	return &partition{key: k, dir: filepath.Join(root, filepath.FromSlash(k.String())), man: &manifest{key: k, next: 1}, next: 1, fresh: true}
}

func (p *partition) path(name string) string { return filepath.Join(p.dir, name) }

// reserve returns the path of a new part file and of the temporary file it is
// to be written to. Each try gets a number of its own: what a failed sync left
// behind is never written to again.
func (p *partition) reserve() (id uint64) {
	p.commitMu.Lock()
	defer p.commitMu.Unlock()
	id = p.next
	p.next++
	return id
}

// loadManifest reads the manifest of a partition's directory. It returns
// fs.ErrNotExist where there is none.
func loadManifest(fsys vfs.FS, dir string, k key) (*manifest, error) {
	name := filepath.Join(dir, manifestName)
	data, err := vfs.ReadFile(fsys, name, maxManifestBytes)
	if errors.Is(err, vfs.ErrTooLarge) || errors.Is(err, vfs.ErrNotFile) {
		return nil, corruptf("%v", err)
	}
	if err != nil {
		return nil, fmt.Errorf("storage: read %s: %w", name, err)
	}
	m, err := decodeManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if m.key != k {
		return nil, corruptf("%s is that of partition %s", name, m.key)
	}
	return m, nil
}

// commit makes the manifest that change derives from the present one durable
// (change must not write to the slices it finds),
// and then, in one step for every reader, replaces the parts that drop names
// by add and calls swap. On an error nothing has changed for readers.
func (s *Store) commit(p *partition, change func(m *manifest), add []*handle, drop map[uint64]bool, swap func()) error {
	p.commitMu.Lock()
	defer p.commitMu.Unlock()
	next := *p.man
	change(&next)
	next.parts = slices.Clone(next.parts)
	// A flush and a merge end in another order than they took their numbers.
	slices.SortFunc(next.parts, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
	next.commit++
	next.next = p.next
	if err := s.prepareDir(p); err != nil {
		return err
	}
	renamed, err := vfs.ReplaceFile(s.fs, p.dir, p.path(manifestName), p.path(manifestTemp), next.append(nil))
	if err != nil {
		err = fmt.Errorf("storage: commit manifest of %s: %w", p.key, err)
		s.removeFile(p.path(manifestTemp))
		for _, h := range add {
			if renamed {
				p.debris = append(p.debris, h.path)
			} else {
				s.removeFile(h.path)
			}
		}
		return err
	}
	s.publish(p, &next, add, drop, swap)
	for _, name := range p.debris {
		s.removeFile(name)
	}
	p.debris = nil
	return nil
}

// prepareDir makes the partition's directory with an empty manifest: it is
// durable before the first part, so that a directory with parts and without a
// manifest is known to be damaged, and not what a crash left. p.commitMu is held.
func (s *Store) prepareDir(p *partition) error {
	if p.ready {
		return nil
	}
	if err := ensureDir(s.fs, p.dir); err != nil {
		return fmt.Errorf("storage: create partition %s: %w", p.key, err)
	}
	if p.spoiled {
		if err := s.moveSpoiled(p); err != nil {
			return err
		}
	}
	m := *p.man
	m.next = p.next
	if _, err := vfs.ReplaceFile(s.fs, p.dir, p.path(manifestName), p.path(manifestTemp), m.append(nil)); err != nil {
		s.removeFile(p.path(manifestTemp))
		return fmt.Errorf("storage: create manifest of %s: %w", p.key, err)
	}
	p.ready = true
	return nil
}

// moveSpoiled moves an unreadable manifest aside before the first write.
func (s *Store) moveSpoiled(p *partition) error {
	err := s.setAside(p.path(manifestName), errSpoiled)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		p.spoiled = false
		return nil
	}
	return err
}

const errSpoiled Error = "storage: unreadable manifest"

// publish makes a durable manifest the present one. p.commitMu is held.
func (s *Store) publish(p *partition, next *manifest, add []*handle, drop map[uint64]bool, swap func()) {
	var dropped []*handle
	s.mu.Lock()
	handles := make([]*handle, 0, len(p.handles)+len(add))
	for _, h := range p.handles {
		if drop[h.entry.id] {
			dropped = append(dropped, h)
		} else {
			handles = append(handles, h)
		}
	}
	handles = append(handles, add...)
	slices.SortFunc(handles, func(a, b *handle) int { return cmp.Compare(a.entry.id, b.entry.id) })
	p.handles = handles
	p.man = next
	if swap != nil {
		swap()
	}
	s.mu.Unlock()
	for _, h := range dropped {
		h.retire()
	}
}

// removeFile removes a file of ours that nothing refers to any more. What
// cannot be removed now is tried again later, at last by the next Open.
func (s *Store) removeFile(name string) {
	if err := s.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.mu.Lock()
		s.counters.RemoveErrors++
		if len(s.trash) < maxTrash {
			s.trash = append(s.trash, name)
		}
		s.mu.Unlock()
		s.log.Warn("storage: cannot remove a file that is no longer needed", "file", name, "error", err)
	}
}

// emptyTrash tries again to remove what could not be removed.
func (s *Store) emptyTrash() {
	s.mu.Lock()
	trash := s.trash
	s.trash = nil
	s.mu.Unlock()
	for _, name := range trash {
		s.removeFile(name)
	}
}

// settleDebris commits the present manifest again where an earlier commit left
// open which one is durable, so that what that commit added can go.
func (s *Store) settleDebris() error {
	s.mu.Lock()
	partitions := s.sortedLocked()
	s.mu.Unlock()
	var errs []error
	for _, p := range partitions {
		p.commitMu.Lock()
		some := len(p.debris) > 0
		p.commitMu.Unlock()
		if some {
			errs = append(errs, s.commit(p, func(*manifest) {}, nil, nil, nil))
		}
	}
	return errors.Join(errs...)
}
