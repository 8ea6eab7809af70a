package exporter

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/ttlog/ttlog/internal/otlpsdk"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/ringpack"
	"github.com/ttlog/ttlog/ringbuffer"
)

// core is what the three exporters share.
type core struct {
	ring    *ringpack.Writer
	config  config
	signal  otlpwire.Signal
	limit   int
	stopped atomic.Bool
}

func newCore(ring *ringbuffer.Ring, signal otlpwire.Signal, opts []Option) *core {
	return &core{ring: ringpack.NewWriter(ring), config: newConfig(opts), signal: signal, limit: ring.MaxRecord()}
}

// tooLarge tells whether err says that a request must be split.
func tooLarge(err error) bool {
	return errors.Is(err, otlpsdk.ErrTooLarge) || errors.Is(err, ringbuffer.ErrTooLarge)
}

// write brings one encoded request into the ring.
func (c *core) write(ctx context.Context, payload []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := c.ring.Write(c.signal, payload, c.config.wait, ctx.Done())
	if errors.Is(err, ringbuffer.ErrFull) && ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return err
}

// batch writes the records of a batch, in as many requests as it takes. encode
// makes one request of the records from i to j. It returns how many records
// were written; the error is about those that were not. Records that are too
// large by themselves do not keep the others back.
func (c *core) batch(ctx context.Context, i, j int, encode func(e *otlpsdk.Encoder, i, j int) ([]byte, error)) (written int, err error) {
	err = c.encode(ctx, func(e *otlpsdk.Encoder) ([]byte, error) { return encode(e, i, j) })
	switch {
	case err == nil:
		return j - i, nil
	case !tooLarge(err) || j-i <= 1:
		return 0, err
	}
	mid := i + (j-i)/2
	written, err = c.batch(ctx, i, mid, encode)
	if err != nil && !tooLarge(err) {
		return written, err // a full ring will not take the rest either
	}
	more, err2 := c.batch(ctx, mid, j, encode)
	return written + more, first(err, err2)
}

// first keeps one of two errors, rather one that is not about size.
func first(a, b error) error {
	if a == nil || b != nil && !tooLarge(b) {
		return b
	}
	return a
}

// encode makes one request and writes it. A panic while it is made, of a value
// that is not what the SDK promises, becomes an error.
func (c *core) encode(ctx context.Context, encode func(e *otlpsdk.Encoder) ([]byte, error)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("encode: panic: %v", p)
		}
	}()
	e := otlpsdk.Get(c.limit)
	payload, err := encode(e)
	if err == nil {
		err = c.write(ctx, payload)
	}
	// Not deferred: after a panic the encoder is left to the collector.
	e.Release()
	return err
}

// failed wraps what went wrong with a batch.
func failed(what string, written, all int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("exporter: %d of %d %s not written: %w", all-written, all, what, err)
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

// stop flushes, once; it returns again when it has been called before.
func (c *core) stop(ctx context.Context, again error) error {
	if c.stopped.Swap(true) {
		return again
	}
	return c.flush(ctx)
}
