//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package vfs

import "golang.org/x/sys/unix"

// DescriptorLimit returns how many files and connections this process may have
// open, and false where that is not told or no limit.
func DescriptorLimit() (int, bool) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil || uint64(l.Cur) > 1<<30 { //nolint:unconvert // the types differ between systems
		return 0, false
	}
	return int(l.Cur), true
}
