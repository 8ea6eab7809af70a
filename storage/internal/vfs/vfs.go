// Package vfs is the small part of a file system that the store needs, as an
// interface, so that tests can inject errors and crashes (package vfstest).
//
// The contract is the pessimistic reading of POSIX: what was written to a file
// survives a crash only after File.Sync, and a name that was created, renamed
// or removed survives only after FS.SyncDir of its directory. A failed Sync or
// SyncDir leaves open which part of the data survives; calling it again proves
// nothing, the caller has to write a new file.
package vfs

import (
	"io"
	"io/fs"
)

// FS is a file system. Paths are those of the operating system. All methods
// may be called by several goroutines. Errors wrap those of io/fs
// (fs.ErrNotExist, fs.ErrExist).
type FS interface {
	// Create makes a new empty file for writing; an existing one is an error.
	Create(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Rename moves a file to a name in the same directory and replaces what
	// stood there.
	Rename(from, to string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// Mkdir makes one directory; an existing one is an error.
	Mkdir(name string) error
	// ReadDir lists a directory, sorted by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
	// Lock takes the exclusive lock of a file, which it creates if need be,
	// and writes owner into it. When another process (or another Lock of this
	// process) has it, the error wraps ErrLocked and holder is what that one
	// wrote.
	Lock(name, owner string) (lock io.Closer, holder string, err error)
}

// File is an open file: a new one takes Write, Sync and Close, an opened one
// ReadAt, Size and Close. ReadAt may be called by several goroutines.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	// Sync makes what was written durable.
	Sync() error
	// Size returns the length of the file in bytes.
	Size() (int64, error)
}

// Error is a constant error.
type Error string

// Error returns the text.
func (e Error) Error() string { return string(e) }

// ErrLocked is what the error of FS.Lock wraps when another holds the lock.
const ErrLocked Error = "locked by another process"

// ErrNotFile is what the error of FS.Open wraps for a directory.
const ErrNotFile Error = "is no regular file"

// ErrTooLarge is what the error of ReadFile wraps for a file above the limit.
const ErrTooLarge Error = "file too large"
