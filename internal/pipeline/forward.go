package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline/spill"
)

// forwardSink sends to one collector. Two goroutines: read takes requests from
// the ring and hands each to send, one at a time, or puts it into the spill
// queue when send cannot keep up; send forwards what it is handed, and what
// the queue holds. As long as the queue holds anything, everything goes
// through it, which keeps the order.
type forwardSink struct {
	// Immutable after newForwardSink.
	name    string // on the disk
	title   string // in logs and errors
	in      *intake
	to      Forwarder
	opts    Options
	log     *slog.Logger
	queue   *spill.Queue // nil without a spill directory
	lagging uint64       // bytes of lag at which requests move to the queue
	direct  chan *delivery
	spilled chan struct{} // wakes send for the queue

	// Owned by read.
	asm      *assembler
	buf      []byte
	unsynced bool      // the queue took something since synced
	synced   time.Time // when the queue was last synced
	outgrown uint64    // records the queue has dropped at its limit

	// Owned by send.
	partials uint64 // partial successes that were told of
	rejected uint64 // records of them
	corrupt  uint64 // bytes of the queue that could not be read

	counters counters
}

// delivery is one request on its way from read to send. The bytes are a copy:
// the ring's may be released while a collector hangs.
type delivery struct {
	signal  otlpwire.Signal
	payload []byte
	cancel  context.CancelFunc
	ctx     context.Context
	done    chan struct{} // closed by send

	mu       sync.Mutex // guards what follows
	finished bool
	over     bool        // delivered, or refused for good and counted
	settled  int         // records of which that is true, where not over
	copied   bool        // it is in the queue as well
	frame    spill.Frame // where
}

// read is the goroutine that owns the ring's reader.
func (f *forwardSink) read(ctx context.Context) {
	for {
		b, err := f.in.next(ctx, f.tick())
		if err != nil {
			return
		}
		f.counters.holds(b.end > 0)
		if !f.consume(ctx, b) {
			return
		}
		f.in.rd.Release(b.end)
		f.counters.holds(false)
		if f.unsynced && time.Since(f.synced) >= syncInterval {
			_ = f.sync() // counted
		}
	}
}

// tick is how long to wait for a record before the queue has to be synced; 0,
// no limit, when it is.
func (f *forwardSink) tick() time.Duration {
	if f.unsynced {
		return syncInterval
	}
	return 0
}

// consume passes a batch on; false means that ctx ended first. With Durable it
// goes on until the disk has what went to the queue: after a sync that failed
// the requests are written once more, elsewhere.
func (f *forwardSink) consume(ctx context.Context, b *batch) bool {
	retry := newRetry(f.opts, f.in.notes)
	for {
		for _, c := range b.sorted() {
			if !f.pass(ctx, &c) {
				return false
			}
		}
		if !f.opts.Durable || !f.unsynced {
			return true
		}
		err := f.sync()
		if err == nil {
			return true
		}
		if !retry.pause(ctx, "pipeline: cannot sync the spill queue; its newest requests are written again", err) {
			return false
		}
	}
}

func (f *forwardSink) sync() error {
	f.unsynced, f.synced = false, time.Now()
	err := f.queue.Sync()
	if err != nil {
		f.counters.fail(err)
	}
	return err
}

// pass sees to it that a chunk is delivered, in the queue, or dropped and
// counted; false means that ctx ended first.
func (f *forwardSink) pass(ctx context.Context, c *chunk) bool {
	if f.queue != nil && !f.queue.Empty() {
		return f.enqueue(ctx, c)
	}
	return f.hand(ctx, c)
}

// hand gives a chunk to send and waits for what becomes of it.
func (f *forwardSink) hand(ctx context.Context, c *chunk) bool {
	d := &delivery{signal: c.signal, done: make(chan struct{})}
	d.ctx, d.cancel = context.WithCancel(ctx)
	defer func() {
		if !d.copied {
			d.cancel()
		}
	}()
	if d.payload = c.payload(f.asm, nil); c.records == nil {
		d.payload = bytes.Clone(d.payload)
	}
	select {
	case f.direct <- d:
	case <-ctx.Done():
		return false
	}
	return f.await(ctx, c, d)
}

// await waits until a delivery is done, or moves it out of the ring's way.
func (f *forwardSink) await(ctx context.Context, c *chunk, d *delivery) bool {
	tick := time.NewTicker(releaseInterval)
	defer tick.Stop()
	for {
		select {
		case <-d.done:
			return ctx.Err() == nil
		case <-ctx.Done():
			<-d.done
			return false
		case <-tick.C:
		}
		if f.in.rd.Lag() <= f.lagging {
			continue
		}
		if f.queue != nil {
			if err := f.copyToQueue(c, d); err == nil {
				return true
			} else if f.in.rd.Lag() <= f.lagging+f.lagging/2 {
				f.counters.fail(err)
				continue // the disk may take it again before it has to go
			}
		}
		// The oldest request makes room for what follows.
		d.cancel()
		<-d.done
		if ctx.Err() != nil {
			return false
		}
		if !d.over { // done is closed: send has no more to do with it
			f.drop(c.size()-d.settled, "no_room", errNoRoom)
		}
		return true
	}
}

var errNoRoom = errors.New("the collector does not keep up and there is no room to keep its requests")

// copyToQueue puts a request that is being sent into the queue, unless it is
// done meanwhile.
func (f *forwardSink) copyToQueue(c *chunk, d *delivery) error {
	records := c.size()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.finished {
		return nil
	}
	frame, err := f.queue.Append(d.signal, records, d.payload)
	if err != nil {
		return err
	}
	d.copied, d.frame, f.unsynced = true, frame, true
	f.in.notes.tell(slog.LevelWarn, "pipeline: the collector does not keep up; its requests are kept on disk", "", uint64(records), nil)
	return nil
}

// enqueue puts a chunk into the queue. Where that fails, and all before it is
// sent meanwhile, it needs no queue any more.
func (f *forwardSink) enqueue(ctx context.Context, c *chunk) bool {
	payload := c.payload(f.asm, f.buf)
	if c.records != nil {
		f.buf = payload
	}
	retry := newRetry(f.opts, f.in.notes)
	for {
		_, err := f.queue.Append(c.signal, c.size(), payload)
		if err == nil {
			f.unsynced = true
			f.wake()
			f.noticeLimit()
			return true
		}
		f.counters.fail(err)
		if f.queue.Empty() {
			return f.hand(ctx, c)
		}
		if errors.Is(err, spill.ErrTooLarge) || f.in.rd.Lag() > f.lagging+f.lagging/2 {
			f.drop(c.size(), "spill", err)
			return true
		}
		if !retry.pause(ctx, "pipeline: cannot write the spill queue", err) {
			return false
		}
	}
}

const dropped = "pipeline: records for the collector are dropped"

func (f *forwardSink) drop(records int, reason string, err error) {
	f.counters.dropped(records, reason)
	f.counters.fail(err)
	f.in.notes.tell(slog.LevelError, dropped, reason, uint64(records), err)
}

var errLimit = errors.New("the spill queue is at its limit and its oldest requests are dropped")

// noticeLimit tells of what the queue has dropped, and counted, itself.
func (f *forwardSink) noticeLimit() {
	if n := f.queue.Stats().Outgrown.Records.Sum(); n > f.outgrown {
		f.counters.fail(errLimit)
		f.in.notes.tell(slog.LevelError, dropped, "spill_limit", n-f.outgrown, errLimit)
		f.outgrown = n
	}
}

var errYield = errors.New("the disk is needed for what is stored; the oldest requests kept for the collector are dropped")

// yield gives up the oldest of the queue to make n bytes free, and returns how
// many it did.
func (f *forwardSink) yield(n uint64) uint64 {
	if f.queue == nil {
		return 0
	}
	freed, records, err := f.queue.Yield(n)
	if records > 0 || err != nil {
		err = cmp.Or(err, errYield)
		f.counters.fail(err)
		f.in.notes.tell(slog.LevelWarn, dropped, "spill_yielded", records, err)
	}
	return freed
}

// noticeCorrupt tells of what the queue has stepped over since it is damaged.
func (f *forwardSink) noticeCorrupt() {
	if n := f.queue.Stats().CorruptBytes; n > f.corrupt {
		f.in.notes.tell(slog.LevelError, "pipeline: requests kept on disk are damaged and cannot be sent", "damaged", 0,
			fmt.Errorf("%d bytes are no whole request", n-f.corrupt))
		f.corrupt = n
	}
}

// noticePartial tells of what the collector said about a request that it took.
func (f *forwardSink) noticePartial() {
	p, ok := f.to.(partial)
	if !ok {
		return
	}
	answers, rejected, message := p.PartialSuccesses()
	if answers > f.partials {
		f.in.notes.tell(slog.LevelWarn, "pipeline: the collector took a request but not all of it, or warns about it", "partial_success",
			rejected-f.rejected, errors.New(message))
		f.partials, f.rejected = answers, rejected
	}
}

func (f *forwardSink) wake() {
	select {
	case f.spilled <- struct{}{}:
	default:
	}
}

// send is the goroutine that talks to the collector.
func (f *forwardSink) send(ctx context.Context) {
	var buf []byte
	for {
		if buf = f.sendQueue(ctx, buf); ctx.Err() != nil {
			f.refuse()
			return
		}
		select {
		case d := <-f.direct:
			f.sendDirect(d)
		case <-f.spilled:
		case <-ctx.Done():
		}
	}
}

// refuse ends a delivery that was handed over while the sink stops.
func (f *forwardSink) refuse() {
	select {
	case d := <-f.direct:
		close(d.done)
	default:
	}
}

func (f *forwardSink) sendDirect(d *delivery) {
	over, settled := f.deliver(d.ctx, d.signal, d.payload)
	d.mu.Lock()
	d.finished, d.over, d.settled = true, over, settled
	if d.copied && over {
		if err := f.queue.Ack(d.frame); err != nil {
			f.counters.fail(err)
		}
	}
	d.mu.Unlock()
	d.cancel()
	close(d.done)
}

// sendQueue sends what the queue holds. It returns its buffer for reuse.
func (f *forwardSink) sendQueue(ctx context.Context, buf []byte) []byte {
	if f.queue == nil {
		return nil
	}
	retry := newRetry(f.opts, f.in.notes)
	for ctx.Err() == nil {
		frame, ok, err := f.queue.Peek(buf)
		if err != nil {
			f.counters.fail(err)
			if !retry.pause(ctx, "pipeline: cannot read the spill queue", err) {
				return buf
			}
			continue
		}
		if !ok {
			f.noticeCorrupt()
			return nil // let go of the buffer: the next outage may be far
		}
		f.noticeCorrupt()
		buf = frame.Payload
		if over, _ := f.deliver(ctx, frame.Signal, frame.Payload); !over {
			return buf
		}
		if err := f.queue.Ack(frame); err != nil {
			f.counters.fail(err)
		}
	}
	return buf
}

// maxRefused is how many parts, and parts of parts, are sent of a request that
// the collector refuses as a whole, those that it takes left out: enough to
// find one bad record among thousands by halves, and few enough that a
// collector which refuses everything is not asked once a record. maxParts is
// how many with those that it takes: some dozens of bad records are found.
const (
	maxRefused = 64
	maxParts   = 1024
)

// Resources and scopes stand in both halves. What that may add to a request is
// bounded: parts of one that is a large resource above all are hardly smaller.
const (
	minRepeated    = 4 << 20 // bytes that any request may grow by
	repeatedFactor = 4       // times its length that a large one may
)

// division is how far the delivery of a request has come.
type division struct {
	refused  int // parts that may still be made if none of them is taken
	parts    int // parts that may still be made
	repeated int // bytes that they may still add
	settled  int // records of parts that were taken or refused for good
}

// deliver sends until the collector takes the request or refuses it for good.
// Where ctx ends first, over is false, and settled says for how many records
// that is so all the same.
func (f *forwardSink) deliver(ctx context.Context, signal otlpwire.Signal, payload []byte) (over bool, settled int) {
	d := division{refused: maxRefused, parts: maxParts, repeated: max(minRepeated, repeatedFactor*len(payload))}
	over = f.deliverPart(ctx, &chunk{signal: signal, whole: payload}, &d)
	return over, d.settled
}

// deliverPart delivers a part of a request, in halves where it is too large or
// something in it is refused.
func (f *forwardSink) deliverPart(ctx context.Context, c *chunk, d *division) bool {
	retry := newRetry(f.opts, f.in.notes)
	for {
		err := f.counters.guard(f.log, func() error { return f.to.Forward(ctx, c.signal, c.whole) })
		switch {
		case err == nil:
			retry.succeeded("pipeline: the collector takes requests again")
			f.counters.took(0, len(c.whole))
			f.noticePartial()
			if d.parts < maxParts {
				d.settled += c.size()
				d.refused = min(d.refused+2, maxRefused)
			}
			return true
		case permanent(err):
			if first, second, ok := halves(c, err, d); ok {
				return f.deliverPart(ctx, first, d) && f.deliverPart(ctx, second, d)
			}
			records := c.size()
			f.drop(records, cmp.Or(reasonOf(err), "refused"), err)
			d.settled += records
			return true
		case ctx.Err() != nil:
			return false
		}
		f.counters.fail(err)
		if !retry.pause(ctx, "pipeline: the collector does not take a request; it is sent again until it does", err) {
			return false
		}
	}
}

// halves cuts what was refused, if that can help.
func halves(c *chunk, err error, d *division) (first, second *chunk, ok bool) {
	if !divisible(err) || min(d.refused, d.parts) < 2 {
		return nil, nil, false
	}
	a, b, ok := otlpwire.Halve(c.whole)
	if !ok || len(a)+len(b)-len(c.whole) > d.repeated {
		return nil, nil, false
	}
	d.parts -= 2
	d.refused -= 2
	d.repeated -= len(a) + len(b) - len(c.whole)
	return &chunk{signal: c.signal, whole: a}, &chunk{signal: c.signal, whole: b}, true
}

// drained tells whether everything below target is delivered.
func (f *forwardSink) drained(target uint64) bool {
	f.in.hasten()
	return f.in.rd.Position() >= target && (f.queue == nil || f.queue.Empty())
}
