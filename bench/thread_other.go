//go:build !linux

package bench

import "time"

// threadTime returns the processor time of the process, as near as it gets here to
// that of the thread.
func threadTime() time.Duration { return cpuTime() }
