//go:build unix

package main

import "golang.org/x/sys/unix"

// fileSystemBytes returns the size of the file system that holds dir.
func fileSystemBytes(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return uint64(st.Blocks) * uint64(st.Bsize), nil //nolint:unconvert // the types differ between systems
}
