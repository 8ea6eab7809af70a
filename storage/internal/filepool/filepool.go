// Package filepool bounds how many part files are open at once. Any number may
// be in use: one is closed when another needs its place, and opened again when
// it is read from the next time.
//
// A file is open while it is read from, and only then must it be, so whoever
// waits for a place waits for reads that are under way and never for a client.
// The entry point is [New]; a [Pool] is safe for concurrent use.
package filepool

import (
	"container/list"
	"errors"
	"io/fs"
	"sync"
	"syscall"

	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// Pool opens files of a file system for reading.
type Pool struct {
	fs  vfs.FS
	max int

	mu   sync.Mutex
	free *sync.Cond // a file has become idle, was opened, or was closed
	open int        // files that are open or being opened
	idle *list.List // of *file: open, and not being read; the oldest first
}

// New returns a pool of at most limit files.
func New(fsys vfs.FS, limit int) *Pool {
	p := &Pool{fs: fsys, max: max(limit, 1), idle: list.New()}
	p.free = sync.NewCond(&p.mu)
	return p
}

// Open opens a file. As long as it is not closed it has to stay where it is.
func (p *Pool) Open(name string) (vfs.File, error) {
	f := &file{pool: p, name: name}
	if _, err := f.pin(); err != nil {
		return nil, err
	}
	f.unpin()
	return f, nil
}

// Stats returns how many files are open.
func (p *Pool) Stats() (open int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

// file is an open file of the caller's, which may be closed meanwhile.
type file struct {
	pool *Pool
	name string

	// All below is guarded by pool.mu.
	vfs.File               // nil while it is closed
	users    int           // reads under way
	opening  bool          // somebody does it
	closed   bool          // by the caller
	idle     *list.Element // where users is 0 and File is not nil
}

// ReadAt reads from the file.
func (f *file) ReadAt(b []byte, off int64) (int, error) {
	in, err := f.pin()
	if err != nil {
		return 0, err
	}
	defer f.unpin()
	return in.ReadAt(b, off)
}

// Size returns the length of the file.
func (f *file) Size() (int64, error) {
	in, err := f.pin()
	if err != nil {
		return 0, err
	}
	defer f.unpin()
	return in.Size()
}

// Close closes the file. Nobody may be reading from it.
func (f *file) Close() error {
	p := f.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	f.closed = true
	return f.shutLocked()
}

// pin returns the open file, which stays open until unpin.
func (f *file) pin() (vfs.File, error) {
	p := f.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case f.closed:
			return nil, &fs.PathError{Op: "read", Path: f.name, Err: fs.ErrClosed}
		case f.File != nil:
			if f.idle != nil {
				p.idle.Remove(f.idle)
				f.idle = nil
			}
			f.users++
			return f.File, nil
		case f.opening:
			p.free.Wait()
		case p.open >= p.max && !p.shutOldestLocked():
			p.free.Wait()
		default:
			if err := f.openLocked(); err != nil {
				return nil, err
			}
		}
	}
}

// openLocked opens the file, without the lock meanwhile. Where the process has no
// descriptor left, because others have taken them, an idle file gives up its own.
func (f *file) openLocked() error {
	p := f.pool
	p.open++
	f.opening = true
	p.mu.Unlock()
	in, err := p.fs.Open(f.name)
	p.mu.Lock()
	f.opening = false
	p.free.Broadcast()
	if err != nil {
		p.open--
		if (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) && p.shutOldestLocked() {
			return nil // the caller tries again
		}
		return err
	}
	f.File = in
	return nil
}

func (f *file) unpin() {
	p := f.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.users--; f.users == 0 {
		f.idle = p.idle.PushBack(f)
		p.free.Broadcast()
	}
}

// shutOldestLocked closes the file that was not read from for the longest time,
// and returns false where every one is being read.
func (p *Pool) shutOldestLocked() bool {
	oldest := p.idle.Front()
	if oldest == nil {
		return false
	}
	_ = oldest.Value.(*file).shutLocked() // open for reading: nothing can be lost
	return true
}

func (f *file) shutLocked() error {
	if f.File == nil {
		return nil
	}
	if f.idle != nil {
		f.pool.idle.Remove(f.idle)
		f.idle = nil
	}
	err := f.File.Close()
	f.File = nil
	f.pool.open--
	f.pool.free.Broadcast()
	return err
}
