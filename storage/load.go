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
	name, _ := signalDir(signal)
	root := filepath.Join(s.dir, name)
	entries, err := s.fs.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("storage: list %s: %w", root, err)
	}
	var unknown []string
	found := map[key]bool{}
	for _, e := range entries {
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
		s.replaceHandles(p, &manifest{key: p.key, next: 1}, nil, nil)
		p.commitMu.Unlock()
	}
	return nil
}

// loadPartition reads a partition's manifest and opens its parts.
func (s *Store) loadPartition(p *partition) error {
	p.commitMu.Lock()
	defer p.commitMu.Unlock()
	m, err := loadManifest(s.fs, p.dir, p.key)
	damaged := err != nil
	switch {
	case err == nil && s.opts.ReadOnly && p.ready && m.commit == p.man.commit && slices.Equal(m.parts, p.man.parts):
		return nil // as before
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) && s.opts.ReadOnly:
		return nil // the writer is just making or removing it
	case errors.Is(err, fs.ErrNotExist):
		err = corruptf("%s is missing, so its parts are not served", p.path(manifestName))
	case errors.Is(err, ErrCorrupt), errors.Is(err, ErrVersion):
		p.spoiled = true
	default:
		return err // a failing disk or missing rights: better no store than half of one
	}
	entries, lerr := s.fs.ReadDir(p.dir)
	if lerr != nil {
		return fmt.Errorf("storage: list %s: %w", p.dir, lerr)
	}
	if damaged {
		s.loadSpoiled(p, entries, err)
		return nil
	}
	p.ready = true
	handles, damage := s.loadParts(p, m)
	if !s.opts.ReadOnly {
		damage = append(damage, s.sweep(p, m, entries)...)
	}
	s.replaceHandles(p, m, handles, damage)
	return nil
}

// loadSpoiled takes in a directory whose manifest is missing or unreadable.
// Its part files are left alone for good: the new manifest will keep them.
func (s *Store) loadSpoiled(p *partition, entries []fs.DirEntry, err error) {
	m := &manifest{key: p.key, next: 1}
	parts := 0
	for _, e := range entries {
		if id, _, ok := parsePartName(e.Name()); ok {
			m.next = max(m.next, id+1)
			parts++
		}
	}
	m.keep = m.next
	p.next = m.next
	if !p.spoiled && parts == 0 {
		return // a crash came between the directory and its first manifest
	}
	s.log.Error("storage: partition cannot be served", "partition", p.key.String(), "error", err)
	s.replaceHandles(p, m, nil, []Damage{{File: p.path(manifestName), Err: err}})
}

// loadParts returns handles for the parts of a manifest, those that are there
// already reused. A writer opens each once, to know what is damaged.
func (s *Store) loadParts(p *partition, m *manifest) (handles []*handle, damage []Damage) {
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
				damage = append(damage, Damage{File: h.path, Err: err})
				s.log.Error("storage: part cannot be served", "file", h.path, "error", err)
				if errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
					continue
				}
			}
		}
		handles = append(handles, h)
	}
	return handles, damage
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
func (s *Store) sweep(p *partition, m *manifest, entries []fs.DirEntry) (damage []Damage) {
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
				damage = append(damage, Damage{File: p.path(name), Err: corruptf("part is in no manifest since the manifest was damaged")})
				continue
			}
			s.removeFile(p.path(name))
		case name == manifestTemp:
			s.removeFile(p.path(name))
		case name == manifestName || ok:
		default:
			damage = append(damage, Damage{File: p.path(name), Err: errUnknownFile})
		}
	}
	return damage
}

const errUnknownFile Error = "storage: not a file of the store; left alone"

// replaceHandles sets what a partition consists of. p.commitMu is held.
func (s *Store) replaceHandles(p *partition, m *manifest, handles []*handle, damage []Damage) {
	s.mu.Lock()
	old := p.handles
	p.man, p.handles, p.damage = m, handles, damage
	s.mu.Unlock()
	p.next = max(p.next, m.next)
	for _, h := range old {
		if !slices.Contains(handles, h) {
			h.retire()
		}
	}
}
