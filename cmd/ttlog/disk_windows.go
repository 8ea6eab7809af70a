package main

import "golang.org/x/sys/windows"

// fileSystemBytes returns the size of the file system that holds dir.
func fileSystemBytes(dir string) (uint64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free, total, totalFree uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, &total, &totalFree); err != nil {
		return 0, err
	}
	return total, nil
}
