package storage

import (
	"fmt"
)

// Error is a constant error of this package, for use with errors.Is.
type Error string

// Error returns the text.
func (e Error) Error() string { return string(e) }

// The errors that callers branch on.
const (
	// ErrClosed is returned by calls on a closed store.
	ErrClosed Error = "storage: store is closed"
	// ErrReadOnly is returned by writing calls on a store that was opened
	// with Options.ReadOnly.
	ErrReadOnly Error = "storage: store is open for reading only"
	// ErrNotFound is returned by Trace for a trace that no partition holds.
	ErrNotFound Error = "storage: not found"
	// ErrIncomplete is wrapped by the error of ReadTrace for a trace of which
	// something could not be read: it emitted the rest.
	ErrIncomplete Error = "storage: incomplete"
	// ErrCorrupt is wrapped by every error about bytes on disk that are not
	// what the store wrote.
	ErrCorrupt Error = "storage: damaged"
	// ErrVersion is wrapped by the error of Open for a directory in a format
	// this program does not know, which it leaves untouched.
	ErrVersion Error = "storage: unknown format version"
	// ErrOrder is wrapped by the error of Append for a ring position before
	// one that the same signal already had: a replay could not tell such a
	// request from one that is already stored.
	ErrOrder Error = "storage: ring position went backwards"
	// ErrLocked is wrapped by the error of Open when another writer has the
	// directory.
	ErrLocked Error = "storage: another writer has the directory open"
)

func corruptf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}

// lockError says who holds the lock.
func lockError(dir, holder string, err error) error {
	if holder == "" {
		holder = "unknown holder"
	}
	return fmt.Errorf("%w: %s is held by %s: %w", ErrLocked, dir, holder, err)
}
