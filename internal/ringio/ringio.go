// Package ringio writes to a ring that may be full for a moment: the entry
// point is [Write].
package ringio

import (
	"errors"
	"time"

	"github.com/ttlog/ttlog/ringbuffer"
)

// The pauses between attempts double from the first to the last. The ring has
// no way to wake a producer, on purpose: its readers would pay for it with
// each record they release.
const (
	firstPause = 50 * time.Microsecond
	lastPause  = 2 * time.Millisecond
)

// Write writes one record and returns the position behind it. While the ring is
// full it tries again until wait has passed or done is closed, and returns
// ringbuffer.ErrFull then; with a
// wait of 0 or less it tries once. Other errors of the ring come back at once.
// Each attempt that fails counts in the ring's Stats.Refused.
func Write(ring *ringbuffer.Ring, kind uint8, payload []byte, wait time.Duration, done <-chan struct{}) (end uint64, err error) {
	end, err = ring.Write(kind, payload)
	if wait <= 0 || !errors.Is(err, ringbuffer.ErrFull) {
		return end, err
	}
	return retry(ring, kind, payload, wait, done)
}

func retry(ring *ringbuffer.Ring, kind uint8, payload []byte, wait time.Duration, done <-chan struct{}) (end uint64, err error) {
	deadline := time.Now().Add(wait)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		left := time.Until(deadline)
		if left <= 0 {
			return 0, ringbuffer.ErrFull
		}
		timer.Reset(min(pause, left))
		select {
		case <-done:
			return 0, ringbuffer.ErrFull
		case <-timer.C:
		}
		if end, err = ring.Write(kind, payload); !errors.Is(err, ringbuffer.ErrFull) {
			return end, err
		}
	}
}
