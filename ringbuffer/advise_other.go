//go:build !linux

package ringbuffer

import "os"

// adviseFile and adviseMapping have nothing to say to kernels that cache single
// pages.
func adviseFile(*os.File, bool) {}
func adviseMapping([]byte)      {}
