package datadir

import "golang.org/x/sys/windows"

const errQuota = windows.ERROR_DISK_FULL

// spaceOf returns how full the file system is that holds dir.
func spaceOf(dir string) (space, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return space{}, err
	}
	var free, total, totalFree uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, &total, &totalFree); err != nil {
		return space{}, err
	}
	return space{total: total, free: free}, nil
}
