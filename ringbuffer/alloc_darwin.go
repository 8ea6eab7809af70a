package ringbuffer

import (
	"encoding/hex"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// allocate gives the file its blocks, so that a full disk is an error here and
// not a SIGBUS later. Blocks that exist keep their content.
func allocate(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() >= size {
		return nil
	}
	// The request may fail on file systems that know no preallocation; the
	// zeros decide.
	_ = unix.FcntlFstore(f.Fd(), unix.F_PREALLOCATE, &unix.Fstore_t{
		Flags: unix.F_ALLOCATEALL, Posmode: unix.F_PEOFPOSMODE, Length: size - info.Size(),
	})
	return fill(f, size)
}

// flushDevice asks the drive itself: msync stops at its cache.
func flushDevice(f *os.File) error {
	_, err := unix.FcntlInt(f.Fd(), unix.F_FULLFSYNC, 0)
	return err
}

// bootID tells one run of the machine from the next; zero when unknown.
func bootID() (id [16]byte) {
	text, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return id
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err == nil {
		copy(id[:], raw)
	}
	return id
}
