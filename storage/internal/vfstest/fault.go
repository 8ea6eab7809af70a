package vfstest

import (
	"io"
	"io/fs"
	"sync"

	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// Op names a kind of operation of a file system or of its files.
type Op string

// The operations a Fault sees.
const (
	OpCreate  Op = "create"
	OpOpen    Op = "open"
	OpRename  Op = "rename"
	OpRemove  Op = "remove"
	OpMkdir   Op = "mkdir"
	OpReadDir Op = "readdir"
	OpSyncDir Op = "syncdir"
	OpLock    Op = "lock"
	OpWrite   Op = "write"
	OpRead    Op = "read"
	OpSync    Op = "sync"
	OpClose   Op = "close"
)

// Fault is a file system that asks before each operation whether to fail it.
type Fault struct {
	vfs.FS
	mu   sync.Mutex
	n    int
	hook func(index int, op Op, name string) error
}

// NewFault wraps a file system. hook may be nil; see Set.
func NewFault(base vfs.FS, hook func(index int, op Op, name string) error) *Fault {
	return &Fault{FS: base, hook: hook}
}

// Set replaces the hook and starts counting at 0. The hook is called before
// each operation, one at a time; the error it returns is that of the
// operation, which then does nothing, except that a failing write writes half.
func (f *Fault) Set(hook func(index int, op Op, name string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n, f.hook = 0, hook
}

// Ops returns the number of operations since the hook was set.
func (f *Fault) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

func (f *Fault) before(op Op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.n
	f.n++
	if f.hook == nil {
		return nil
	}
	if err := f.hook(i, op, name); err != nil {
		return &fs.PathError{Op: string(op), Path: name, Err: err}
	}
	return nil
}

// Create makes a new file.
func (f *Fault) Create(name string) (vfs.File, error) {
	if err := f.before(OpCreate, name); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, f: f, name: name}, nil
}

// Open opens a file for reading.
func (f *Fault) Open(name string) (vfs.File, error) {
	if err := f.before(OpOpen, name); err != nil {
		return nil, err
	}
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &faultFile{File: file, f: f, name: name}, nil
}

// Rename moves a file.
func (f *Fault) Rename(from, to string) error {
	if err := f.before(OpRename, to); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

// Remove removes a file or an empty directory.
func (f *Fault) Remove(name string) error {
	if err := f.before(OpRemove, name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

// Mkdir makes a directory.
func (f *Fault) Mkdir(name string) error {
	if err := f.before(OpMkdir, name); err != nil {
		return err
	}
	return f.FS.Mkdir(name)
}

// ReadDir lists a directory.
func (f *Fault) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.before(OpReadDir, name); err != nil {
		return nil, err
	}
	return f.FS.ReadDir(name)
}

// SyncDir makes the names of a directory durable.
func (f *Fault) SyncDir(name string) error {
	if err := f.before(OpSyncDir, name); err != nil {
		return err
	}
	return f.FS.SyncDir(name)
}

// Lock takes the lock of a file.
func (f *Fault) Lock(name, owner string) (io.Closer, string, error) {
	if err := f.before(OpLock, name); err != nil {
		return nil, "", err
	}
	return f.FS.Lock(name, owner)
}

type faultFile struct {
	vfs.File
	f    *Fault
	name string
}

func (f *faultFile) Write(p []byte) (int, error) {
	if err := f.f.before(OpWrite, f.name); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, err
	}
	return f.File.Write(p)
}

func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.f.before(OpRead, f.name); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *faultFile) Sync() error {
	if err := f.f.before(OpSync, f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultFile) Close() error {
	err := f.f.before(OpClose, f.name)
	if cerr := f.File.Close(); err == nil {
		err = cerr
	}
	return err
}
