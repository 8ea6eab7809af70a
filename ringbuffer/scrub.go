package ringbuffer

import (
	"context"
	"fmt"
	"time"
)

const (
	// scrubBytes is how much Scrub takes at once: readers pass over a slot in
	// one step, and producers come between.
	scrubBytes = 64 << 10
	// scrubPause is how long it waits for readers before it looks again.
	scrubPause = 2 * time.Millisecond
)

// Scrub overwrites what records that were committed before the call have left in
// the ring and its file, also those that readers passed long ago: a record's
// bytes stay until others take their place. It goes around the ring once with
// padding, beside producers, for whom it leaves a quarter of the space free, and
// waits for readers that still have to read what is in its way. It returns
// ErrClosed, or an error that wraps that of ctx when some was left.
func (r *Ring) Scrub(ctx context.Context) error {
	h := r.head.Load() &^ closeBit
	for end := h + r.size; h < end; {
		n, err := r.pad()
		if err != nil {
			return err
		}
		if n > 0 {
			h = r.head.Load() &^ closeBit // with what producers wrote meanwhile
			continue
		}
		select {
		case <-time.After(scrubPause):
		case <-ctx.Done():
			return fmt.Errorf("ringbuffer: scrub: %d bytes of old records are left, readers are behind: %w", end-h, ctx.Err())
		}
	}
	return nil
}

// pad turns some of the free space into padding of zeros. It returns 0 where
// there is little.
func (r *Ring) pad() (n uint64, err error) {
	h := r.head.Load()
	if h&closeBit != 0 {
		return 0, ErrClosed
	}
	// A slot does not run over the end of the buffer.
	n = min(scrubBytes, r.size/8, r.size-h&r.mask)
	if h+n+r.size/4 > r.limit.Load() || !r.head.CompareAndSwap(h, h+n) {
		return 0, nil
	}
	r.blank(h, n)
	r.wakeSleepers()
	return n, nil
}
