//go:build unix

package ringbuffer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"
)

// Open opens the ring file at path, or creates it with all its blocks: a full
// disk is an error here. It takes over every committed record that no reader
// has released. The file is locked against other writers until Close or the
// end of the process. The error wraps ErrLocked, ErrCorrupt or ErrVersion where
// that is the reason, and the file is then left as it is.
func Open(path string, o Options) (*Ring, error) {
	o = o.withDefaults()
	f, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	r, err := openLocked(path, f, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func openLocked(path string, f *os.File, o Options) (*Ring, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("ringbuffer: open: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", ErrCorrupt, path)
	}
	adviseFile(f, info.Size() > 0)
	fresh, err := unused(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("ringbuffer: read %s: %w", path, err)
	}
	if fresh {
		if err := create(path, f, o); err != nil {
			return nil, fmt.Errorf("ringbuffer: create %s: %w", path, err)
		}
		if info, err = f.Stat(); err != nil {
			return nil, fmt.Errorf("ringbuffer: open: %w", err)
		}
	}
	if err := checkFile(f, info.Size()); err != nil {
		return nil, fmt.Errorf("ringbuffer: open %s: %w", path, err)
	}
	// A copy of a ring file may be sparse.
	if err := allocate(f, info.Size()); err != nil {
		return nil, fmt.Errorf("ringbuffer: allocate %d bytes for %s: %w", info.Size(), path, err)
	}
	m, err := mapFile(path, f, info.Size())
	if err != nil {
		return nil, err
	}
	r, err := adopt(m, o)
	if err != nil {
		unmap(m.b)
		return nil, fmt.Errorf("ringbuffer: open %s: %w", path, err)
	}
	// Mapped memory is not the collector's: the cleanup gives it back when
	// Close could not.
	r.file.cleanup = runtime.AddCleanup(r, unmap, m.b)
	r.startSyncer(o.SyncInterval)
	return r, nil
}

// unused tells whether the file is new, or was left all zero by a crash while
// it was created. A file with any other byte is never overwritten.
func unused(f *os.File, size int64) (bool, error) {
	buf := make([]byte, 64<<10)
	for at := int64(0); at < size; at += int64(len(buf)) {
		n, err := f.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		for _, c := range buf[:n] {
			if c != 0 {
				return false, nil
			}
		}
	}
	return true, nil
}

// create lays out an empty ring. The header is written last and in one piece.
func create(path string, f *os.File, o Options) error {
	size := int64(fileHeaderBytes) + o.CatalogSize + o.Size
	if err := f.Truncate(0); err != nil {
		return err
	}
	if err := allocate(f, size); err != nil {
		// What could be allocated is given back.
		return errors.Join(fmt.Errorf("allocate %d bytes: %w", size, err), f.Truncate(0))
	}
	id, key, err := newIdentity()
	if err != nil {
		return err
	}
	h := newHeader()
	h.init(id, key, uint64(o.Size), uint64(o.CatalogSize), uint64(time.Now().UnixNano()))
	h.state().Store(fileClean)
	h.putDynamicCRC(h.dynamicCRC())
	if _, err := f.WriteAt(h.b, 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir brings the name of a new file to disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// checkFile verifies the header's fixed fields before anything is mapped.
func checkFile(f *os.File, size int64) error {
	if size < fileHeaderBytes {
		return fmt.Errorf("%w: %d bytes, the header alone has %d", ErrCorrupt, size, fileHeaderBytes)
	}
	h := newHeader()
	if _, err := f.ReadAt(h.b, 0); err != nil {
		return fmt.Errorf("read header: %w", err)
	}
	return h.checkStatic(size)
}

// adopt makes a ring of a mapped file. A read error of the disk arrives as a
// fault in mapped memory; it is returned, not died of.
func adopt(m *mapping, o Options) (r *Ring, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			fault, ok := p.(interface{ Addr() uintptr })
			if !ok {
				panic(p)
			}
			r, err = nil, fmt.Errorf("%w: cannot read its memory at %x", ErrCorrupt, fault.Addr())
		}
	}()
	h := header{m.b[:fileHeaderBytes]}
	catalogBytes := h.static(offCatalogBytes)
	data := m.b[fileHeaderBytes+catalogBytes:]
	r = newRing(h, data, h.static(offID), h.static(offKey))
	r.durable, r.file = true, m
	r.catalog.init(m.b[fileHeaderBytes:fileHeaderBytes+catalogBytes], int64(catalogBytes), h.catalog(), r.key)
	boot := bootID()
	if o.boot != nil {
		boot = *o.boot
	}
	if err := r.recover(boot); err != nil {
		return nil, err
	}
	return r, m.syncHeader()
}

// detachFile ends the ring's use of the file. Clean says that every slot is
// settled and on disk, quiet that nobody refers to the memory either.
func (r *Ring) detachFile(clean, quiet bool) error {
	m := r.file
	var errs []error
	r.publishHint()
	if clean {
		r.hdr.state().Store(fileClean)
		r.hdr.putDynamicCRC(r.hdr.dynamicCRC())
		errs = append(errs, m.syncHeader())
	} else {
		// A producer that wakes up late must not write into a file that
		// somebody else may have opened by then.
		errs = append(errs, m.seclude())
	}
	h := newHeader()
	copy(h.b, r.hdr.b)
	r.hdr = h
	if quiet {
		m.cleanup.Stop()
		unmap(m.b)
	}
	if err := errors.Join(append(errs, m.unlock())...); err != nil {
		return fmt.Errorf("ringbuffer: close %s: %w", m.path, err)
	}
	return nil
}
