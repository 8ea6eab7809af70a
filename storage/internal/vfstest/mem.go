// Package vfstest holds file systems for tests of the store: [Mem], in memory,
// which can be cloned as a crash would leave it, and [Fault], which fails the
// operations it is told to.
package vfstest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// Mem is a file system in memory. It remembers beside its content what of it
// is durable: a file's bytes up to its last Sync, a directory's names up to
// its last SyncDir. Its methods may be called by several goroutines.
type Mem struct {
	mu   sync.Mutex
	root *node
}

// node is a file or a directory; names is nil for a file.
type node struct {
	data, synced []byte
	names        map[string]*node
	syncedNames  map[string]*node
	owner        string // set while locked
}

func newDir() *node {
	return &node{names: map[string]*node{}, syncedNames: map[string]*node{}}
}

// NewMem returns an empty file system.
func NewMem() *Mem { return &Mem{root: newDir()} }

// Crash returns what a crash at this moment would leave. With nil only what
// was synced survives; with an rng any later content and any later set of
// names of a directory may have reached the disk as well. Locks are gone.
func (m *Mem) Crash(rng *rand.Rand) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Mem{root: m.root.crash(rng)}
}

func (n *node) crash(rng *rand.Rand) *node {
	if n.names == nil {
		data := n.synced
		if rng != nil && len(n.data) > len(data) {
			data = n.data[:len(data)+rng.IntN(len(n.data)-len(data)+1)]
		}
		data = append([]byte(nil), data...)
		return &node{data: data, synced: append([]byte(nil), data...)}
	}
	out := newDir()
	names := map[string]*node{}
	for name, child := range n.syncedNames {
		// A name that was replaced stands for the old or the new file, one
		// that was removed for the old one or none.
		now := n.names[name]
		switch {
		case rng == nil || now == child || rng.IntN(2) == 0:
			names[name] = child
		case now != nil:
			names[name] = now
		}
	}
	if rng != nil {
		for name, child := range n.names {
			if n.syncedNames[name] == nil && rng.IntN(2) == 0 {
				names[name] = child
			}
		}
	}
	for name, child := range names {
		c := child.crash(rng)
		out.names[name], out.syncedNames[name] = c, c
	}
	return out
}

// Clone returns a copy that has everything, synced or not.
func (m *Mem) Clone() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Mem{root: m.root.clone()}
}

func (n *node) clone() *node {
	if n.names == nil {
		data := append([]byte(nil), n.data...)
		return &node{data: data, synced: data}
	}
	out := newDir()
	for name, child := range n.names {
		c := child.clone()
		out.names[name], out.syncedNames[name] = c, c
	}
	return out
}

// Files returns the paths of all files, sorted.
func (m *Mem) Files() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	var walk func(prefix string, n *node)
	walk = func(prefix string, n *node) {
		for name, child := range n.names {
			if child.names == nil {
				out = append(out, prefix+name)
			} else {
				walk(prefix+name+"/", child)
			}
		}
	}
	walk("", m.root)
	sort.Strings(out)
	return out
}

// Get returns a copy of the content of a file, nil where there is none.
func (m *Mem) Get(name string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find(name)
	if err != nil || n.names != nil {
		return nil
	}
	return append([]byte{}, n.data...)
}

// Put makes a file of an existing directory hold data, durable.
func (m *Mem) Put(name string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent(name)
	if err != nil {
		panic(err)
	}
	n := &node{data: append([]byte(nil), data...)}
	n.synced = n.data
	dir.names[base], dir.syncedNames[base] = n, n
}

func split(name string) []string {
	name = strings.Trim(filepath.ToSlash(filepath.Clean(name)), "/")
	if name == "." || name == "" {
		return nil
	}
	return strings.Split(name, "/")
}

func (m *Mem) find(name string) (*node, error) {
	n := m.root
	for _, elem := range split(name) {
		child := n.names[elem]
		if child == nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		n = child
	}
	return n, nil
}

func (m *Mem) parent(name string) (*node, string, error) {
	dir, err := m.find(filepath.Dir(name))
	if err != nil {
		return nil, "", err
	}
	if dir.names == nil {
		return nil, "", &fs.PathError{Op: "open", Path: name, Err: errors.New("not a directory")}
	}
	return dir, filepath.Base(name), nil
}

// Create makes a new file.
func (m *Mem) Create(name string) (vfs.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent(name)
	if err != nil {
		return nil, err
	}
	if dir.names[base] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	n := &node{}
	dir.names[base] = n
	return &memFile{m: m, n: n}, nil
}

// Open opens a file for reading.
func (m *Mem) Open(name string) (vfs.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find(name)
	if err != nil {
		return nil, err
	}
	if n.names != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("is a directory")}
	}
	return &memFile{m: m, n: n}, nil
}

// Rename moves a file.
func (m *Mem) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	src, a, err := m.parent(from)
	if err != nil {
		return err
	}
	dst, b, err := m.parent(to)
	if err != nil {
		return err
	}
	n := src.names[a]
	if n == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	delete(src.names, a)
	dst.names[b] = n
	return nil
}

// Remove removes a file or an empty directory.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent(name)
	if err != nil {
		return err
	}
	n := dir.names[base]
	if n == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	if len(n.names) > 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: errors.New("directory not empty")}
	}
	delete(dir.names, base)
	return nil
}

// Mkdir makes a directory.
func (m *Mem) Mkdir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent(name)
	if err != nil {
		return err
	}
	if dir.names[base] != nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
	}
	dir.names[base] = newDir()
	return nil
}

// ReadDir lists a directory.
func (m *Mem) ReadDir(name string) ([]fs.DirEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find(name)
	if err != nil {
		return nil, err
	}
	if n.names == nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	out := make([]fs.DirEntry, 0, len(n.names))
	for base, child := range n.names {
		out = append(out, entry{name: base, size: int64(len(child.data)), dir: child.names != nil})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name() < out[j].Name() })
	return out, nil
}

// SyncDir makes the names of a directory durable.
func (m *Mem) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find(name)
	if err != nil {
		return err
	}
	n.syncedNames = make(map[string]*node, len(n.names))
	maps.Copy(n.syncedNames, n.names)
	return nil
}

// Lock takes the lock of a file.
func (m *Mem) Lock(name, owner string) (io.Closer, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.parent(name)
	if err != nil {
		return nil, "", err
	}
	n := dir.names[base]
	if n == nil {
		n = &node{}
		dir.names[base] = n
	}
	if n.owner != "" {
		return nil, n.owner, fmt.Errorf("lock %s: %w", name, vfs.ErrLocked)
	}
	n.owner = owner
	n.data = []byte(owner)
	return unlocker{m: m, n: n}, "", nil
}

type unlocker struct {
	m *Mem
	n *node
}

func (u unlocker) Close() error {
	u.m.mu.Lock()
	defer u.m.mu.Unlock()
	u.n.owner = ""
	return nil
}

type memFile struct {
	m *Mem
	n *node
}

func (f *memFile) Write(p []byte) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.n.data = append(f.n.data, p...)
	return len(p), nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	if off >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.n.synced = slices.Clip(f.n.data)
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return int64(len(f.n.data)), nil
}

func (f *memFile) Close() error { return nil }

type entry struct {
	name string
	size int64
	dir  bool
}

func (e entry) Name() string               { return e.name }
func (e entry) IsDir() bool                { return e.dir }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }
func (e entry) Size() int64                { return e.size }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) Sys() any                   { return nil }
func (e entry) Type() fs.FileMode          { return e.Mode().Type() }
func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o750
	}
	return 0o640
}
