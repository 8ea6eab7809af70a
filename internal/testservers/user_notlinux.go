//go:build unix && !linux

package testservers

import "syscall"

func endWithParent(*syscall.SysProcAttr) {}
