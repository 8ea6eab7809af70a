package receiver

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringio"
	"github.com/ttlog/ttlog/ringbuffer"
)

// Receiver commits requests to a ring. It is safe for concurrent use.
type Receiver struct {
	// Immutable after New.
	ring     *ringbuffer.Ring
	opts     Options
	decoders chan struct{} // a place for each decompression under way

	inFlight budget
	stats    stats
}

// New returns a receiver that writes to ring.
func New(ring *ringbuffer.Ring, o Options) *Receiver {
	o = o.withDefaults(ring.MaxRecord())
	r := &Receiver{ring: ring, opts: o}
	r.decoders = make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	r.inFlight.limit = o.MaxInFlightBytes
	return r
}

// refusal is why a request is not taken.
type refusal struct {
	reason reason
	text   string
}

func (f *refusal) Error() string { return f.text }

func refuse(why reason, format string, args ...any) *refusal {
	return &refusal{reason: why, text: fmt.Sprintf(format, args...)}
}

// accept checks one request and commits it. payload is not kept. The error is
// nil when the request may be acknowledged.
func (r *Receiver) accept(ctx context.Context, s otlpwire.Signal, payload []byte) (records int, f *refusal) {
	if len(payload) > r.opts.MaxBodyBytes {
		return 0, r.tooLarge()
	}
	n, err := otlpwire.Validate(s, payload)
	if err != nil {
		return 0, refuse(malformed, "%s", err)
	}
	if n.Records == 0 {
		return 0, nil // nothing to keep
	}
	// It waits a moment for room: a burst that the sinks work off within it
	// would otherwise cost a round of retries.
	end, err := ringio.Write(r.ring, otlpwire.RequestKind(s), payload, r.opts.FullWait, ctx.Done())
	switch {
	case err == nil:
	case errors.Is(err, ringbuffer.ErrFull):
		return 0, refuse(full, "no room: the ring is full, send it again later")
	case errors.Is(err, ringbuffer.ErrTooLarge):
		return 0, r.tooLarge()
	default:
		return 0, refuse(closing, "not stored: %s", err)
	}
	if !r.opts.Durable {
		return n.Records, nil
	}
	if err := r.ring.SyncTo(ctx, end); err != nil {
		return 0, refuse(notSynced, "not yet on disk: %s", err)
	}
	return n.Records, nil
}

func (r *Receiver) tooLarge() *refusal {
	return refuse(tooLarge, "request of more than %d bytes", r.opts.MaxBodyBytes)
}

func (r *Receiver) busy() *refusal {
	return refuse(busy, "too many requests in flight, send it again later")
}
