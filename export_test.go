package ttlog

import "time"

// SetFlushLimit replaces the limit of flushes without a deadline and returns
// what puts it back.
func SetFlushLimit(d time.Duration) (restore func()) {
	old := flushLimit
	flushLimit = d
	return func() { flushLimit = old }
}
