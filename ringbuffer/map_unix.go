//go:build unix

package ringbuffer

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapping is an open, locked and mapped ring file.
type mapping struct {
	path string
	file *os.File
	b    []byte

	cleanup runtime.Cleanup
}

// lockFile opens the file for writing, creating it when asked, and takes the
// lock that keeps other writers out. The kernel drops it with the process.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ringbuffer: open: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", ErrLocked, path)
		}
		return nil, fmt.Errorf("ringbuffer: lock %s: %w", path, err)
	}
	return f, nil
}

// mapFile maps the whole file for reading and writing.
func mapFile(path string, f *os.File, size int64) (*mapping, error) {
	if int64(int(size)) != size {
		return nil, fmt.Errorf("ringbuffer: map %s: %d bytes exceed the address space", path, size)
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("ringbuffer: map %d bytes of %s: %w", size, path, err)
	}
	adviseMapping(b)
	return &mapping{path: path, file: f, b: b}, nil
}

// sync writes the changed pages to disk and waits for it.
func (m *mapping) sync() error {
	if err := unix.Msync(m.b, unix.MS_SYNC); err != nil {
		return err
	}
	return flushDevice(m.file)
}

// syncHeader does the same for the header alone.
func (m *mapping) syncHeader() error {
	if err := unix.Msync(m.b[:fileHeaderBytes], unix.MS_SYNC); err != nil {
		return err
	}
	return flushDevice(m.file)
}

// seclude puts private pages in place of the shared ones: who still writes
// here, writes no longer to the file.
func (m *mapping) seclude() error {
	_, err := unix.MmapPtr(int(m.file.Fd()), 0, unsafe.Pointer(&m.b[0]), uintptr(len(m.b)),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED)
	return err
}

// unlock lets another writer in. Closing alone would not: a mapping that is
// still there holds the open file, and with it the lock.
func (m *mapping) unlock() error {
	return errors.Join(unix.Flock(int(m.file.Fd()), unix.LOCK_UN), m.file.Close())
}

// unmap takes the memory away.
func unmap(b []byte) { _ = unix.Munmap(b) }
