package receiver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/hops"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/ringbuffer"
)

// Receiver commits requests to a ring. It is safe for concurrent use.
type Receiver struct {
	// Immutable after New.
	ring     *ringbuffer.Ring
	requests *ringpack.Writer // to the ring
	opts     Options
	decoders chan struct{} // a place for each decompression under way
	services *services

	inFlight budget
	repeats  *repeats // nil where they are not looked for
	stats    stats
}

// New returns a receiver that writes to ring.
func New(ring *ringbuffer.Ring, o Options) *Receiver {
	o = o.withDefaults(ring.MaxRecord())
	r := &Receiver{ring: ring, requests: ringpack.NewWriter(ring), opts: o, services: newServices(o.Ready)}
	r.decoders = make(chan struct{}, min(2*runtime.GOMAXPROCS(0), maxDecoders))
	r.inFlight.limit = o.MaxInFlightBytes
	if o.DedupWindow > 0 {
		r.repeats = newRepeats(o.DedupWindow, o.DedupBytes)
	}
	return r
}

// Shutdown makes health checks say that nothing is served any more and ends the
// watches, which would keep a server from shutting down. Requests are taken as
// before.
func (r *Receiver) Shutdown() { r.services.stop() }

// refusal is why a request is not taken.
type refusal struct {
	reason reason
	text   string
}

func (f *refusal) Error() string { return f.text }

func refuse(why reason, format string, args ...any) *refusal {
	// What a client sent may be in the text, and a Status holds UTF-8 only.
	return &refusal{reason: why, text: strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD")}
}

// enter is what is asked before anything of a request is read.
func (r *Receiver) enter(req *http.Request) *refusal {
	if err := r.opts.Allow(req); err != nil {
		return refuse(forbidden, "%s", err)
	}
	if err := r.opts.Trail.Check(req.Header.Get(hops.Header)); err != nil {
		return refuse(circle, "%s", err)
	}
	return nil
}

// accept checks one request and commits it, mended where it has to be: what it
// acknowledges, the store keeps. payload is not kept. The refusal is nil when the
// request may be acknowledged, but for the records that the admission refuses.
func (r *Receiver) accept(ctx context.Context, s otlpwire.Signal, payload []byte) (a otlpwire.Admission, f *refusal) {
	if len(payload) > r.opts.MaxBodyBytes {
		return a, r.tooLarge()
	}
	limits := otlpwire.Limits{Received: time.Now(), Retention: r.opts.Retention}
	found, err := otlpwire.Inspect(s, payload, limits)
	if err != nil {
		return a, refuse(malformed, "%s", err)
	}
	a = otlpwire.Admission{Request: payload, Records: found.Records}
	if !found.Sound() {
		l := &lease{budget: &r.inFlight}
		defer l.end()
		if a, err = found.Admit(s, payload, limits, l.take); err != nil {
			return a, r.noRoom(l)
		}
	}
	switch {
	case a.Records == 0:
		return a, nil // nothing to keep
	case len(a.Request) > r.opts.MaxBodyBytes:
		return a, r.tooLarge()
	}
	if err := r.opts.Room(); err != nil {
		return a, refuse(diskFull, "%s; send it again later", err)
	}
	repeat, f := r.commit(ctx, s, a.Request)
	if f != nil {
		return a, f
	}
	if r.opts.Durable {
		// Whatever was committed by now is on the disk then. A repeat waits as
		// well: the one before it may not be there yet.
		if err := r.ring.SyncTo(ctx, 1); err != nil {
			return a, refuse(notSynced, "not yet on disk: %s", err)
		}
	}
	if repeat {
		r.repeats.counts[s].Add(1)
		a.Records = 0 // they are counted with the first
	}
	return a, nil
}

// commit writes a request to the ring, but for one that was written before.
func (r *Receiver) commit(ctx context.Context, s otlpwire.Signal, request []byte) (repeat bool, f *refusal) {
	if r.repeats == nil {
		return false, r.write(ctx, s, request)
	}
	id := r.repeats.fingerprint(s, request)
	first, err := r.repeats.claim(ctx, id)
	if err != nil {
		return false, refuse(aborted, "wait for the same request on its way: %s", err)
	}
	if !first {
		return true, nil
	}
	committed := false
	defer func() { r.repeats.settle(id, committed) }()
	f = r.write(ctx, s, request)
	committed = f == nil
	return false, f
}

// write writes a request to the ring. It waits a moment for room: a burst that
// the sinks work off within it would otherwise cost a round of retries.
func (r *Receiver) write(ctx context.Context, s otlpwire.Signal, request []byte) *refusal {
	_, err := r.requests.Write(s, request, r.opts.FullWait, ctx.Done())
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ringbuffer.ErrFull):
		if err := r.opts.FullCause(); err != nil {
			return refuse(full, "no room: %s; send it again later", err)
		}
		return refuse(full, "no room: the ring is full, send it again later")
	case errors.Is(err, ringbuffer.ErrTooLarge):
		return r.tooLarge()
	}
	return refuse(closing, "not stored: %s", err)
}

func (r *Receiver) tooLarge() *refusal {
	return refuse(tooLarge, "request of more than %d bytes", r.opts.MaxBodyBytes)
}

// noRoom is the refusal of a request that needed more memory than is left: for
// good when it would not fit either if it were alone.
func (r *Receiver) noRoom(l *lease) *refusal {
	if l.asked > r.opts.MaxInFlightBytes {
		return refuse(tooLarge, "request that takes %d bytes of memory to read, of %d in all: send fewer records at a time", l.asked, r.opts.MaxInFlightBytes)
	}
	return r.busy()
}

func (r *Receiver) busy() *refusal {
	return refuse(busy, "too many requests in flight, send it again later")
}
