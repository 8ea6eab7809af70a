//go:build unix && !linux && !darwin

package ringbuffer

import "os"

// allocate gives the file its blocks by writing them, so that a full disk is
// an error here and not a SIGBUS later.
func allocate(f *os.File, size int64) error { return fill(f, size) }

// flushDevice is taken for a part of msync.
func flushDevice(*os.File) error { return nil }

// bootID is unknown: every crash is taken for a power loss.
func bootID() (id [16]byte) { return id }
