package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// newborn is a partition with its first part, complete and durable in a
// directory that has yet to get its name. Making it so takes three syncs, and
// naming any number of them one more for each signal; a directory, a manifest,
// a part and a manifest made one after another would take eight. A flush of
// rows that are scattered over hundreds of days consists of nothing else.
type newborn struct {
	p    *partition
	man  *manifest
	part *handle
}

// newborns are those of a flush. Its workers add to it.
type newborns struct {
	mu   sync.Mutex
	list []*newborn
}

func (b *newborns) add(n *newborn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.list = append(b.list, n)
}

// claimFresh tells whether the partition has no directory yet and may be made
// as a newborn, which is tried once: what a failed try leaves is for prepareDir.
func (p *partition) claimFresh() bool {
	p.commitMu.Lock()
	defer p.commitMu.Unlock()
	fresh := p.fresh
	p.fresh = false
	return fresh
}

// bear writes a partition's first part and manifest into a directory under a
// temporary name.
func (s *Store) bear(p *partition, t *memTable) (n *newborn, err error) {
	dir := p.dir + tempSuffix
	if err := s.fs.Mkdir(dir); err != nil {
		return nil, fmt.Errorf("storage: create partition %s: %w", p.key, err)
	}
	id := p.reserve()
	defer func() {
		if err != nil {
			s.removeTempDir(dir, partName(id), manifestName)
		}
	}()
	f, err := s.fs.Create(filepath.Join(dir, partName(id)))
	if err != nil {
		return nil, fmt.Errorf("storage: create part: %w", err)
	}
	e := entry{id: id, received: t.received}
	err = e.fill(context.Background(), f, func(w io.Writer) (part.Info, error) {
		return part.Write(w, s.partOptions(), t.table)
	})
	if err != nil {
		return nil, fmt.Errorf("storage: write %s in %s: %w", partName(id), dir, err)
	}
	man := &manifest{key: p.key, commit: 1, next: id + 1, marks: withMark(nil, s.opts.Ring, t.end), parts: []entry{e}}
	f, err = s.fs.Create(filepath.Join(dir, manifestName))
	if err == nil {
		err = vfs.WriteAndClose(f, man.append(nil))
	}
	if err == nil {
		err = s.fs.SyncDir(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("storage: create manifest in %s: %w", dir, err)
	}
	return &newborn{p: p, man: man, part: s.files.add(p.key, p.path(partName(id)), e)}, nil
}

// name gives the newborns of a flush their names, and publishes them.
func (s *Store) name(g *generation, list []*newborn) error {
	var errs []error
	for _, d := range signalDirs {
		var named []*newborn
		for _, n := range list {
			if n.p.key.signal != d.signal {
				continue
			}
			if err := s.fs.Rename(n.p.dir+tempSuffix, n.p.dir); err != nil {
				n.doubt()
				s.removeTempDir(n.p.dir+tempSuffix, partName(n.part.entry.id), manifestName)
				errs = append(errs, fmt.Errorf("storage: create partition %s: %w", n.p.key, err))
				continue
			}
			named = append(named, n)
		}
		if len(named) == 0 {
			continue
		}
		if err := s.fs.SyncDir(filepath.Join(s.dir, d.name)); err != nil {
			for _, n := range named {
				n.doubt()
			}
			errs = append(errs, fmt.Errorf("storage: create %d partitions of %s: %w", len(named), d.name, err))
			continue
		}
		for _, n := range named {
			n.p.commitMu.Lock()
			n.p.ready = true
			s.publish(n.p, n.man, []*handle{n.part}, nil, func() { s.tableFlushed(g, n.p.key, n.part.entry) })
			n.p.commitMu.Unlock()
		}
	}
	return errors.Join(errs...)
}

// doubt notes that the newborn may be there after a crash, or not. Its rows
// are written again, as another part of a manifest that does not list this one.
func (n *newborn) doubt() {
	n.p.commitMu.Lock()
	defer n.p.commitMu.Unlock()
	n.p.debris = append(n.p.debris, n.part.path)
}

// isTempDir tells whether a directory's name is that of a newborn.
func isTempDir(e fs.DirEntry) bool {
	name, temp := strings.CutSuffix(e.Name(), tempSuffix)
	_, ok := parseDay(name)
	return temp && ok && e.IsDir()
}

// removeTempDir removes the directory of a newborn that did not come to be,
// with the files that it may hold.
func (s *Store) removeTempDir(dir string, names ...string) {
	for _, name := range names {
		s.removeFile(filepath.Join(dir, name))
	}
	s.removeFile(dir)
}

// sweepTempDir removes the directory of a newborn that a crash left. With a
// file in it that is not the store's, it stays, and is unknown.
func (s *Store) sweepTempDir(dir string) (unknown bool, err error) {
	entries, err := s.fs.ReadDir(dir)
	if err != nil {
		return false, fmt.Errorf("storage: list %s: %w", dir, err)
	}
	var names []string
	for _, e := range entries {
		if _, _, ok := parsePartName(e.Name()); !ok && e.Name() != manifestName {
			return true, nil
		}
		names = append(names, e.Name())
	}
	s.removeTempDir(dir, names...)
	return false, nil
}
