package processor

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringio"
	"github.com/ttlog/ttlog/ringbuffer"
)

// core is what the processors of the two signals share.
type core struct {
	ring   *ringbuffer.Ring
	config config
	what   string // "span" or "log record"
	kind   otlpwire.Kind
	whole  otlpwire.Kind
	limit  int
	scopes *scopes

	count   counters
	stopped atomic.Bool
	done    chan struct{} // closed when stopped is set

	turn       chan struct{} // holds a token while no Shutdown is under way
	flushed    bool          // guarded by turn: a Shutdown has succeeded
	unregister func() error
}

func newCore(ring *ringbuffer.Ring, signal otlpwire.Signal, opts []Option) *core {
	c := &core{
		ring: ring, config: newConfig(opts), limit: ring.MaxRecord(), scopes: newScopes(ring), done: make(chan struct{}), turn: make(chan struct{}, 1),
		what: "span", kind: otlpwire.KindSpan, whole: otlpwire.RequestKind(signal),
	}
	if signal == otlpwire.Logs {
		c.what, c.kind = "log record", otlpwire.KindLog
	}
	c.turn <- struct{}{}
	c.unregister = c.report(signal)
	return c
}

// refuses drops the record of a processor that is shut down. It comes after the
// record was counted in entered: so Shutdown, which does the two the other way
// round, waits for every record that got past here.
func (c *core) refuses() bool {
	if c.stopped.Load() {
		c.count.drop(c.what, shutdown, errShutdown)
		return true
	}
	return false
}

var errShutdown = errors.New("the processor is shut down")

// guard keeps a panic of the code that encodes a record from the application.
// It is to be deferred first.
func (c *core) guard() {
	if p := recover(); p != nil {
		c.count.drop(c.what, failed, fmt.Errorf("panic: %v", p))
	}
}

// write brings the encoded record into the ring, and counts it where it cannot.
func (c *core) write(kind otlpwire.Kind, payload []byte, err error) {
	if err == nil {
		_, err = ringio.Write(c.ring, kind, payload, c.config.block, c.done)
	}
	switch {
	case err == nil:
		if kind == c.whole {
			c.count.whole.Add(1)
		}
		c.count.written.Add(1)
	case errors.Is(err, ringbuffer.ErrFull):
		c.count.drop(c.what, full, err)
	case errors.Is(err, ringbuffer.ErrTooLarge), errors.Is(err, otlpsdk.ErrTooLarge):
		c.count.drop(c.what, tooLarge, err)
	default: // ErrClosed
		c.count.drop(c.what, shutdown, err)
	}
}

// flush calls the function of WithFlush.
func (c *core) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.config.flush == nil {
		return nil
	}
	return c.config.flush(ctx)
}

func (c *core) forceFlush(ctx context.Context) error {
	if c.stopped.Load() {
		return nil
	}
	return c.flush(ctx)
}

// stop refuses new records, waits for those under way, and flushes.
func (c *core) stop(ctx context.Context) error {
	if !c.stopped.Swap(true) {
		close(c.done)
	}
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.flushed {
		return nil
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	if err := c.flush(ctx); err != nil {
		return err
	}
	c.flushed = true
	return c.unregister()
}

// settle waits until the records that passed refuses before stopped was set are
// done with. They have a few microseconds to go, as waiting ones were woken.
func (c *core) settle(ctx context.Context) error {
	for entered := c.count.entered.Load(); c.count.done() < entered; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Microsecond):
		}
	}
	return nil
}
