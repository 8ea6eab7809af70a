//go:build unix

package datadir

import "golang.org/x/sys/unix"

const errQuota = unix.EDQUOT

// spaceOf returns how full the file system is that holds dir.
func spaceOf(dir string) (space, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return space{}, err
	}
	block := uint64(st.Bsize)
	used, free := uint64(st.Blocks)-uint64(st.Bfree), uint64(st.Bavail) //nolint:unconvert // the types differ between systems
	return space{total: (used + free) * block, free: free * block}, nil
}
