package ringbuffer

import "errors"

// Errors that callers tell apart. Those of Reserve are returned bare, without
// allocation; the others are wrapped with what and where.
var (
	// ErrFull says that the slowest reader has not released enough space. The
	// attempt is counted in Stats.Refused; the caller may retry or drop it.
	ErrFull = errors.New("ringbuffer: full")
	// ErrTooLarge says that the payload exceeds MaxRecord.
	ErrTooLarge = errors.New("ringbuffer: record too large")
	// ErrKind says that the kind is 0 or above 31, or the length negative.
	ErrKind = errors.New("ringbuffer: kind must be 1 to 31 and the length not negative")
	// ErrClosed says that the ring or the reader is closed.
	ErrClosed = errors.New("ringbuffer: closed")
	// ErrCatalogFull says that a definition does not fit; the catalog is
	// emptied at an Open that finds every record consumed.
	ErrCatalogFull = errors.New("ringbuffer: catalog full")
	// ErrLocked says that another Ring, here or in another process, has the
	// file open for writing.
	ErrLocked = errors.New("ringbuffer: file is open for writing elsewhere")
	// ErrCorrupt says that a file is not a ring file, or that its header
	// contradicts itself. The file is left as it is.
	ErrCorrupt = errors.New("ringbuffer: not a valid ring file")
	// ErrVersion says that the file has a version this code does not know.
	ErrVersion = errors.New("ringbuffer: unknown version of ring file")
	// ErrReader says that a reader cannot be registered, opened or removed.
	ErrReader = errors.New("ringbuffer: reader")
)
