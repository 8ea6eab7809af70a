// Package recorder brings encoded records of one signal into a ring, and counts
// what became of them: what the processors for the SDK and the providers of our
// own have in common. The entry point is [New]. All methods may be called
// concurrently.
package recorder

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringio"
	"github.com/ttlog/ttlog/ringbuffer"
)

// Config is what a recorder is told.
type Config struct {
	// Block is how long a record that finds the ring full waits for room.
	Block time.Duration
	// Flush brings what is in the ring to where it goes; nil does nothing.
	Flush func(context.Context) error
	// Meter gets the self-metrics; nil is none.
	Meter metric.MeterProvider
}

// Recorder writes the records of one signal to one ring.
type Recorder struct {
	ring   *ringbuffer.Ring
	config Config
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

// New returns a recorder of a signal's records.
func New(ring *ringbuffer.Ring, signal otlpwire.Signal, config Config) *Recorder {
	c := &Recorder{
		ring: ring, config: config, limit: ring.MaxRecord(), scopes: newScopes(ring), done: make(chan struct{}), turn: make(chan struct{}, 1),
		what: "span", kind: otlpwire.KindSpan, whole: otlpwire.RequestKind(signal),
	}
	if signal == otlpwire.Logs {
		c.what, c.kind = "log record", otlpwire.KindLog
	}
	c.turn <- struct{}{}
	c.unregister = c.report(signal)
	return c
}

// Enter begins a record, which is to be ended by one other method. Guard is
// deferred before it.
func (c *Recorder) Enter() { c.count.entered.Add(1) }

// Unsampled ends a record that is not to be written.
func (c *Recorder) Unsampled() { c.count.unsampled.Add(1) }

// Refuses ends the record of a recorder that is shut down. It comes after Enter:
// so Shutdown, which does the two the other way round, waits for every record that
// got past here.
func (c *Recorder) Refuses() bool {
	if c.stopped.Load() {
		c.count.drop(c.what, shutdown, errShutdown)
		return true
	}
	return false
}

// Stopped tells whether Shutdown was called.
func (c *Recorder) Stopped() bool { return c.stopped.Load() }

// Stats returns what became of the records so far. It works after Shutdown.
func (c *Recorder) Stats() Stats { return c.count.stats() }

// ScopeID returns the catalog's id of a scope, which stays what it is while the
// ring is open, or 0 where the catalog has no room: its records are to be written
// as whole requests.
func (c *Recorder) ScopeID(r *resource.Resource, scope *instrumentation.Scope) (uint32, error) {
	return c.scopes.id(r, scope)
}

// Encoder returns an encoder for what the ring takes.
func (c *Recorder) Encoder() *otlpsdk.Encoder { return otlpsdk.Get(c.limit) }

var errShutdown = errors.New("the processor is shut down")

// Guard keeps a panic of the code that encodes a record from the application.
// It is to be deferred first.
func (c *Recorder) Guard() {
	if p := recover(); p != nil {
		c.count.drop(c.what, failed, fmt.Errorf("panic: %v", p))
	}
}

// Write writes an encoded record that refers to its scope; err is the encoder's.
func (c *Recorder) Write(payload []byte, err error) {
	if err == nil {
		_, err = ringio.Write(c.ring, c.kind, payload, c.config.Block, c.done)
	}
	c.ended(err)
}

// WriteRequest writes an encoded request of one record.
func (c *Recorder) WriteRequest(payload []byte, err error) {
	if err == nil {
		if _, err = ringio.Write(c.ring, c.whole, payload, c.config.Block, c.done); err == nil {
			c.count.whole.Add(1)
		}
	}
	c.ended(err)
}

// Message is a record that knows its size, and calls nothing of the application's
// while it is written.
type Message interface {
	Size() int
	// Put fills dst, which has Size bytes.
	Put(dst []byte)
}

// WriteMessage has a record that refers to its scope written in its place in the
// ring, without a copy in between.
func (c *Recorder) WriteMessage(m Message) {
	slot, err := c.ring.Reserve(c.kind, m.Size())
	if err == nil {
		c.ended(fill(slot, m))
		return
	}
	if c.config.Block > 0 && errors.Is(err, ringbuffer.ErrFull) {
		payload := make([]byte, m.Size())
		m.Put(payload)
		c.Write(payload, nil)
		return
	}
	c.ended(err)
}

// fill fills a slot, which readers wait for: it is given up rather than left open.
func fill(slot ringbuffer.Slot, m Message) error {
	done := false
	defer func() {
		if !done {
			slot.Abort()
		}
	}()
	m.Put(slot.Bytes())
	done = true
	if slot.Commit() == 0 {
		return ringbuffer.ErrClosed
	}
	return nil
}

// ended counts what became of a record.
func (c *Recorder) ended(err error) {
	switch {
	case err == nil:
		c.count.written.Add(1)
	case errors.Is(err, ringbuffer.ErrFull):
		c.count.drop(c.what, full, err)
	case errors.Is(err, ringbuffer.ErrTooLarge), errors.Is(err, otlpsdk.ErrTooLarge):
		c.count.drop(c.what, tooLarge, err)
	default: // ErrClosed
		c.count.drop(c.what, shutdown, err)
	}
}

// flush calls the function of Config.Flush.
func (c *Recorder) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.config.Flush == nil {
		return nil
	}
	return c.config.Flush(ctx)
}

// ForceFlush calls Config.Flush: the records themselves need no flush. It does
// nothing after Shutdown.
func (c *Recorder) ForceFlush(ctx context.Context) error {
	if c.stopped.Load() {
		return nil
	}
	return c.flush(ctx)
}

// Shutdown refuses new records, waits for those under way, and flushes. When that
// fails it may be called again.
func (c *Recorder) Shutdown(ctx context.Context) error {
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

// settle waits until the records that passed Refuses before stopped was set are
// done with. They have a few microseconds to go, as waiting ones were woken.
func (c *Recorder) settle(ctx context.Context) error {
	for entered := c.count.entered.Load(); c.count.done() < entered; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Microsecond):
		}
	}
	return nil
}
