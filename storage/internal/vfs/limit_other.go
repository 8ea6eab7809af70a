//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd

package vfs

// DescriptorLimit returns false: there is no limit that could be told.
func DescriptorLimit() (int, bool) { return 0, false }
