package storage

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/storage/internal/filepool"
	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/vfs"
)

// handle is a part file of a manifest. The file is opened when it is first
// needed; it is removed when the part was replaced and no scan uses it.
type handle struct {
	key   key
	entry entry
	path  string
	files *files
	// number is the part's alone as long as the process lives, whatever store it
	// is of.
	number uint64

	// columns is the part's attribute columns, once somebody asked.
	columns atomic.Pointer[partListing]
	// aged is for how many retentions that have passed the part was looked at; see
	// Store.retainServices.
	aged atomic.Int32

	// All below is guarded by files.mu, except that part stays as it is while
	// the caller holds a reference and a call to load has succeeded.
	refs   int  // scans and compactions, and 1 while the part is in a manifest
	gone   bool // replaced: remove the file with the last reference
	keep   bool // replaced, but the file is not ours to remove (read-only)
	busy   chan struct{}
	file   vfs.File
	part   *part.Part
	broken error // why the part cannot be read; final
	unfit  bool  // not to be merged: some of its blocks are damaged
	idle   *list.Element
}

// files opens and closes part files. Its mutex comes after Store.mu.
type files struct {
	pool   *filepool.Pool
	remove func(name string)
	traces *part.TraceCache // of the parts that are open
	// footers is what the open parts take themselves: half a megabyte each where
	// there are thousands of attributes.
	footers *membudget.Cache
	// maxIdle bounds those of idle parts.
	maxIdle int64

	mu     sync.Mutex
	idle   *list.List // loaded handles that only their manifest refers to, oldest first
	held   int64      // Part.Memory of them, at most maxIdle
	closed bool       // the store is closed: nothing stays open when idle
	// leaving is the size of the files that are gone from the manifests and
	// still read by somebody.
	leaving int64
}

func (f *files) leavingBytes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leaving
}

func newFiles(o *Options, pool *filepool.Pool, remove func(name string)) *files {
	f := &files{pool: pool, remove: remove, traces: part.NewTraceCache(o.traceCache, o.Memory), maxIdle: o.idleParts, idle: list.New()}
	f.footers = o.Memory.Cache("footers", f.shrink)
	return f
}

// shrink closes what is idle, until want bytes are free.
func (f *files) shrink(want int64) {
	f.mu.Lock()
	var shut []vfs.File
	for want > 0 && f.idle.Len() > 0 {
		h := f.idle.Front().Value.(*handle)
		want -= h.part.Memory()
		shut = h.unloadLocked(shut)
	}
	f.mu.Unlock()
	for _, file := range shut {
		_ = file.Close() // open for reading: nothing can be lost
	}
}

// add returns the handle of a part, with the manifest's reference.
func (f *files) add(k key, path string, e entry) *handle {
	return &handle{key: k, entry: e, path: path, files: f, refs: 1, number: handles.Add(1)}
}

// handles counts the handles that there ever were.
var handles atomic.Uint64

// acquire takes a reference. The caller must know that the part is in a
// manifest now, which Store.mu held guarantees.
func (h *handle) acquire() {
	h.files.mu.Lock()
	defer h.files.mu.Unlock()
	h.refs++
	h.wakeLocked()
}

// wakeLocked takes a handle out of the list of those that are idle.
func (h *handle) wakeLocked() {
	if h.idle != nil {
		h.files.idle.Remove(h.idle)
		h.files.held -= h.part.Memory()
		h.idle = nil
	}
}

// release gives a reference back.
func (h *handle) release() { h.drop(false) }

// retire gives the manifest's reference back.
func (h *handle) retire() { h.drop(true) }

func (h *handle) drop(gone bool) {
	f := h.files
	f.mu.Lock()
	h.refs--
	h.gone = h.gone || gone
	var shut []vfs.File
	remove := false
	switch {
	case h.refs == 0:
		remove = h.gone && !h.keep
		shut = h.unloadLocked(shut)
	case h.refs == 1 && !h.gone && h.part != nil && f.closed:
		shut = h.unloadLocked(shut)
	case h.refs == 1 && !h.gone && h.part != nil:
		h.idle = f.idle.PushBack(h)
		f.held += h.part.Memory()
		for f.held > f.maxIdle {
			shut = f.idle.Front().Value.(*handle).unloadLocked(shut)
		}
	}
	switch {
	case gone && h.refs > 0:
		f.leaving += h.entry.size
	case !gone && h.gone && h.refs == 0:
		f.leaving -= h.entry.size
	}
	f.mu.Unlock()
	for _, file := range shut {
		_ = file.Close() // open for reading: nothing can be lost
	}
	if remove {
		f.remove(h.path)
	}
}

func (h *handle) unloadLocked(shut []vfs.File) []vfs.File {
	h.wakeLocked()
	if h.file != nil {
		shut = append(shut, h.file)
	}
	if h.part != nil {
		h.files.footers.Force(-h.part.Memory())
	}
	h.files.traces.Drop(h.part)
	h.file, h.part = nil, nil
	return shut
}

// close closes what is idle and keeps nothing open from now on.
func (f *files) close() {
	f.mu.Lock()
	f.closed = true
	var shut []vfs.File
	for f.idle.Len() > 0 {
		shut = f.idle.Front().Value.(*handle).unloadLocked(shut)
	}
	f.mu.Unlock()
	for _, file := range shut {
		_ = file.Close() // open for reading: nothing can be lost
	}
}

// load opens the part, if it is not yet. The caller holds a reference and may
// use the part as long as it does. An error that wraps ErrCorrupt is final.
func (h *handle) load() (*part.Part, error) {
	f := h.files
	f.mu.Lock()
	for h.busy != nil {
		busy := h.busy
		f.mu.Unlock()
		<-busy
		f.mu.Lock()
	}
	if h.part != nil || h.broken != nil {
		defer f.mu.Unlock()
		return h.part, h.broken
	}
	h.busy = make(chan struct{})
	f.mu.Unlock()

	file, p, err := openPart(f.pool, h.path, h.entry)

	f.mu.Lock()
	defer f.mu.Unlock()
	close(h.busy)
	h.busy = nil
	if err != nil {
		if errors.Is(err, ErrCorrupt) {
			h.broken = err
		}
		return nil, err
	}
	h.file, h.part = file, p
	f.footers.Force(p.Memory())
	return p, nil
}

// opener is a file system, or a pool of its files.
type opener interface {
	Open(name string) (vfs.File, error)
}

// openPart opens a part file and checks that it is the one the manifest means.
func openPart(from opener, path string, e entry) (vfs.File, *part.Part, error) {
	file, err := from.Open(path)
	if errors.Is(err, vfs.ErrNotFile) {
		return nil, nil, corruptf("%v", err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("storage: open part: %w", err)
	}
	p, err := checkPart(file, path, e)
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, p, nil
}

func checkPart(file vfs.File, path string, e entry) (*part.Part, error) {
	size, err := file.Size()
	if err != nil {
		return nil, fmt.Errorf("storage: open part: %w", err)
	}
	if size != e.size {
		return nil, corruptf("%s has %d bytes, its manifest says %d", path, size, e.size)
	}
	p, err := part.Open(file, size)
	var disk *fs.PathError
	if err != nil && !errors.As(err, &disk) && !errors.Is(err, part.ErrCorrupt) {
		// Not the disk's fault and not damage: a version we do not know.
		return nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, path, err)
	}
	if err != nil {
		return nil, partError(path, err)
	}
	return p, nil
}
