package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Damage is something in a data directory that cannot be read or is not as it
// should be. The store serves the rest and leaves it as it is.
type Damage struct {
	// File is the path, as the data directory was given and below it.
	File string
	// Err says what is wrong; most wrap ErrCorrupt.
	Err error
}

// loadSignal reads the partitions of a signal. For a store that is open for
// reading it may be called again, to see what the writer did since.
func (s *Store) loadSignal(signal Signal) error {
	// One that looks later knows no less: it must not be overtaken by one
	// whose list of partitions is older.
	s.loadMu.Lock()
	defer s.loadMu.Unlock()
	name, _ := signalDir(signal)
	root := filepath.Join(s.dir, name)
	if damage := notDir(s.fs, root); damage != nil && !s.opts.ReadOnly {
		if err := s.setAside(root, damage); err != nil {
			return err
		}
	}
	entries, err := s.fs.ReadDir(root)
	s.mu.Lock()
	delete(s.missing, signal)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && s.opts.ReadOnly {
		// A reader answers from the rest, and says so.
		s.missing[signal] = Damage{File: root, Err: err}
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("storage: list %s: %w", root, err)
	}
	var unknown []string
	found := map[key]bool{}
	for _, e := range entries {
		if isTempDir(e) {
			// A reader leaves it to the writer.
			odd := false
			if !s.opts.ReadOnly {
				if odd, err = s.sweepTempDir(filepath.Join(root, e.Name())); err != nil {
					return err
				}
			}
			if !odd {
				continue
			}
		}
		d, ok := parseDay(e.Name())
		if !ok || !e.IsDir() {
			unknown = append(unknown, filepath.ToSlash(filepath.Join(name, e.Name())))
			continue
		}
		k := key{signal: signal, day: d}
		found[k] = true
		s.mu.Lock()
		p := s.partitionLocked(k)
		s.mu.Unlock()
		if err := s.loadPartition(p); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.unknown = append(slices.DeleteFunc(s.unknown, func(f string) bool { return strings.HasPrefix(f, name+"/") }), unknown...)
	var lost []*partition
	for k, p := range s.partitions {
		if k.signal == signal && !found[k] && s.opts.ReadOnly {
			lost = append(lost, p)
			delete(s.partitions, k)
		}
	}
	s.mu.Unlock()
	for _, p := range lost {
		p.commitMu.Lock()
		s.replaceHandles(p, &manifest{key: p.key, next: 1}, loaded{})
		p.commitMu.Unlock()
	}
	return nil
}

// loadPartition reads a partition's manifest and opens its parts.
func (s *Store) loadPartition(p *partition) error {
	p.commitMu.Lock()
	defer p.commitMu.Unlock()
	p.fresh = false
	m, entries, err := s.readPartition(p)
	damaged := err != nil
	switch {
	case err == nil && s.opts.ReadOnly && p.ready && m.commit == p.man.commit && slices.Equal(m.parts, p.man.parts):
		return nil // as before
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) && s.opts.ReadOnly && !hasParts(entries):
		// The writer is just making or removing it.
		p.ready = false
		s.replaceHandles(p, &manifest{key: p.key, next: 1}, loaded{})
		return nil
	case errors.Is(err, fs.ErrNotExist):
		err = corruptf("%s is missing, so its parts are not served", p.path(manifestName))
	case errors.Is(err, ErrCorrupt), errors.Is(err, ErrVersion):
		p.spoiled = true
	case s.opts.ReadOnly:
		// A failing disk or missing rights: the rest can be read.
		p.spoiled = true
	default:
		return err // better no store to write to than half of one
	}
	if damaged {
		s.loadSpoiled(p, entries, err)
		return nil
	}
	p.ready = true
	l := s.loadParts(p, m)
	if !s.opts.ReadOnly {
		s.sweep(p, m, entries, &l)
	}
	s.replaceHandles(p, m, l)
	return nil
}

// readPartition reads a partition's manifest and lists its directory, unless
// it is to be read only and the manifest says everything. The manifest's error
// is the last look's: a writer may be making or removing the partition.
func (s *Store) readPartition(p *partition) (*manifest, []fs.DirEntry, error) {
	m, err := loadManifest(s.fs, p.dir, p.key)
	if err == nil && s.opts.ReadOnly {
		return m, nil, nil
	}
	entries, lerr := s.fs.ReadDir(p.dir)
	if errors.Is(lerr, fs.ErrNotExist) && s.opts.ReadOnly {
		return nil, nil, lerr // removed meanwhile
	}
	if lerr != nil {
		return nil, nil, fmt.Errorf("storage: list %s: %w", p.dir, lerr)
	}
	if errors.Is(err, fs.ErrNotExist) && hasManifest(entries) {
		m, err = loadManifest(s.fs, p.dir, p.key)
	}
	return m, entries, err
}

func hasManifest(entries []fs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == manifestName })
}

func hasParts(entries []fs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		_, temp, ok := parsePartName(e.Name())
		return ok && !temp
	})
}

// loaded is what was found in a partition's directory.
type loaded struct {
	handles []*handle
	damage  []Damage
	losses  []span // what is not in handles, though it should be
}

// loadSpoiled takes in a directory whose manifest is missing or unreadable.
// Its part files are left alone for good: the new manifest will keep them.
func (s *Store) loadSpoiled(p *partition, entries []fs.DirEntry, err error) {
	m := &manifest{key: p.key, next: 1}
	parts := 0
	for _, e := range entries {
		if id, temp, ok := parsePartName(e.Name()); ok {
			m.next = max(m.next, id+1)
			if !temp {
				parts++
			}
		}
	}
	m.keep = m.next
	p.next = m.next
	if !p.spoiled && parts == 0 {
		return // a crash came between the directory and its first manifest
	}
	s.log.Error("storage: partition cannot be served", "partition", p.key.String(), "error", err)
	l := loaded{damage: []Damage{{File: p.path(manifestName), Err: err}}}
	for range max(parts, 1) {
		l.losses = append(l.losses, p.key.span())
	}
	s.replaceHandles(p, m, l)
}

// loadParts returns handles for the parts of a manifest, those that are there
// already reused. A writer opens each once, to know what is damaged.
func (s *Store) loadParts(p *partition, m *manifest) (l loaded) {
	known := map[uint64]*handle{}
	for _, h := range p.handles {
		known[h.entry.id] = h
	}
	for _, e := range m.parts {
		h := known[e.id]
		if h == nil || h.entry != e {
			h = s.files.add(p.key, p.path(partName(e.id)), e)
			h.keep = s.opts.ReadOnly
		}
		if !s.opts.ReadOnly {
			if err := h.probe(); err != nil {
				l.damage = append(l.damage, Damage{File: h.path, Err: err})
				s.log.Error("storage: part cannot be served", "file", h.path, "error", err)
				if errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
					l.losses = append(l.losses, e.span())
					continue
				}
			}
		}
		l.handles = append(l.handles, h)
	}
	return l
}

// probe opens the part to see whether it can be.
func (h *handle) probe() error {
	h.acquire()
	defer h.release()
	_, err := h.load()
	return err
}

// sweep removes part files and temporary files that no manifest lists: what a
// crash or a failed write left. Only names of the store's own making are
// touched; all else is reported.
func (s *Store) sweep(p *partition, m *manifest, entries []fs.DirEntry, l *loaded) {
	p.next = max(p.next, m.next)
	listed := map[uint64]bool{}
	for _, e := range m.parts {
		listed[e.id] = true
	}
	for _, e := range entries {
		name := e.Name()
		id, temp, ok := parsePartName(name)
		switch {
		case ok && !e.IsDir() && (temp || !listed[id]):
			p.next = max(p.next, id+1)
			if id < m.keep {
				l.damage = append(l.damage, Damage{File: p.path(name), Err: corruptf("part is in no manifest since the manifest was damaged")})
				if !temp {
					l.losses = append(l.losses, p.key.span())
				}
				continue
			}
			s.removeFile(p.path(name))
		case name == manifestTemp:
			s.removeFile(p.path(name))
		case name == manifestName || ok:
		default:
			l.damage = append(l.damage, Damage{File: p.path(name), Err: errUnknownFile})
		}
	}
}

const errUnknownFile Error = "storage: not a file of the store; left alone"

// replaceHandles sets what a partition consists of. p.commitMu is held.
func (s *Store) replaceHandles(p *partition, m *manifest, l loaded) {
	s.mu.Lock()
	old := p.handles
	p.man, p.handles, p.damage, p.losses = m, l.handles, l.damage, l.losses
	s.mu.Unlock()
	p.next = max(p.next, m.next)
	for _, h := range old {
		if !slices.Contains(l.handles, h) {
			h.retire()
		}
	}
}
