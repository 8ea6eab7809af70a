package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// OS is the file system of the operating system.
type OS struct{}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Create makes a new file that only its owner and group may read.
func (OS) Create(name string) (File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Open opens a file for reading.
func (OS) Open(name string) (File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: ErrNotFile}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return osFile{f}, nil
}

// Rename moves a file.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove removes a file or an empty directory.
func (OS) Remove(name string) error { return os.Remove(name) }

// Mkdir makes a directory.
func (OS) Mkdir(name string) error { return os.Mkdir(name, 0o750) }

// ReadDir lists a directory.
func (OS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

// SyncDir makes the names in a directory durable. Windows has no such call and
// journals names by itself.
func (OS) SyncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Lock takes the lock of a file with the operating system's advisory lock: the
// kernel gives it up when the process dies, so that a stale lock cannot be.
func (OS) Lock(name, owner string) (io.Closer, string, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, "", err
	}
	if err := lockFile(f); err != nil {
		holder := readOwner(f)
		return nil, holder, errors.Join(fmt.Errorf("lock %s: %w", name, err), f.Close())
	}
	// The owner is a help for people; that it could not be written is no
	// reason to refuse the lock.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt([]byte(owner), 0)
	}
	return f, "", nil
}

func readOwner(f *os.File) string {
	buf := make([]byte, 256)
	n, _ := f.ReadAt(buf, 0)
	return strings.TrimSpace(string(buf[:n]))
}

// ReadFile returns the content of a file that may be at most limit bytes long;
// the error about one that is longer wraps ErrTooLarge.
func ReadFile(fsys FS, name string, limit int64) (data []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, at most %d are read", ErrTooLarge, name, size, limit)
	}
	data = make([]byte, size)
	n, err := f.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return data[:n], nil
}

// ReplaceFile makes name hold data, whole or not at all: it writes temp, syncs
// it, renames it and syncs the directory. renamed tells whether the rename was
// tried, after which an error leaves open whether the old or the new content
// survives a crash.
func ReplaceFile(fsys FS, dir, name, temp string, data []byte) (renamed bool, err error) {
	// What an earlier try left is of no use.
	if err := fsys.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	f, err := fsys.Create(temp)
	if err != nil {
		return false, err
	}
	if err := WriteAndClose(f, data); err != nil {
		return false, err
	}
	if err := fsys.Rename(temp, name); err != nil {
		return true, err
	}
	return true, fsys.SyncDir(dir)
}

// WriteAndClose writes data, syncs and closes the file.
func WriteAndClose(f File, data []byte) error {
	n, err := f.Write(data)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
