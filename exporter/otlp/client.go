package otlp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// sender makes one attempt. payload is not touched after send returns.
type sender interface {
	send(ctx context.Context, s otlpwire.Signal, payload []byte) (response []byte, err error)
	close() error
}

// route is one signal's way to a collector. Signals without a target of their
// own share one gRPC connection.
type route struct {
	sender  sender
	timeout time.Duration
}

// Client sends whole requests to a collector. It is safe for concurrent use.
type Client struct {
	// Immutable after New.
	routes map[otlpwire.Signal]route
	retry  Retry
	ctx    context.Context // ends at Close, and every attempt with it
	cancel context.CancelFunc

	counters counters
}

// New returns a client. It opens no connection before the first Forward; it
// does read certificate files.
func New(o Options) (*Client, error) {
	o.Retry = o.Retry.withDefaults()
	c := &Client{routes: make(map[otlpwire.Signal]route), retry: o.Retry}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	var shared sender
	for _, s := range signals {
		t := o.target(s)
		if t.Endpoint == "" {
			continue
		}
		snd := shared
		if snd == nil || o.own(s) != nil {
			var err error
			if snd, err = newSender(t, s, o); err != nil {
				_ = c.Close()
				return nil, fmt.Errorf("otlp: %s: %w", s, err)
			}
		}
		if _, isGRPC := snd.(*grpcSender); isGRPC && o.own(s) == nil {
			shared = snd
		}
		c.routes[s] = route{sender: snd, timeout: t.Timeout}
	}
	if len(c.routes) == 0 {
		_ = c.Close()
		return nil, errors.New("otlp: no endpoint given")
	}
	return c, nil
}

var signals = []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics}

func newSender(t Target, s otlpwire.Signal, o Options) (sender, error) {
	if err := t.validate(); err != nil {
		return nil, err
	}
	a, err := t.parse(s)
	if err != nil {
		return nil, err
	}
	if a.grpc {
		return newGRPCSender(t, a, o.Via)
	}
	return newHTTPSender(t, a, o.Via)
}

// Forward sends one Export…ServiceRequest. It returns when the collector has
// taken it, when it never will (the error wraps [ErrPermanent]), when the time
// for retries is over, or when ctx ends or the client is closed. A signal
// without an endpoint is not sent, counted, and no error. A partial success is
// a success: what the collector rejected is counted, and must not be sent
// again. payload is not kept.
func (c *Client) Forward(ctx context.Context, signal otlpwire.Signal, payload []byte) error {
	r, ok := c.routes[signal]
	if !ok {
		c.counters.skipped.Add(1)
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.ctx, func() { cancel(ErrClosed) })()
	return c.forward(ctx, r, signal, payload)
}

func (c *Client) forward(ctx context.Context, r route, signal otlpwire.Signal, payload []byte) error {
	start := time.Now()
	pauses := &backoff.ExponentialBackOff{
		InitialInterval:     c.retry.InitialInterval,
		RandomizationFactor: 0.5,
		Multiplier:          2,
		MaxInterval:         c.retry.MaxInterval,
	}
	for tries := 1; ; tries++ {
		err := c.attempt(ctx, r, signal, payload)
		if err == nil {
			c.counters.sent(signal, len(payload))
			return nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return stopped(cause, err)
		}
		c.counters.failed(err)
		if errors.Is(err, ErrPermanent) || c.retry.Disabled {
			return err
		}
		pause := pauses.NextBackOff()
		if answer, ok := errors.AsType[*Error](err); ok {
			// Jitter only ever adds to what the collector asked for.
			pause = max(pause, answer.RetryAfter+pause/4)
		}
		if c.retry.MaxElapsed > 0 && time.Since(start)+pause > c.retry.MaxElapsed {
			return gaveUp(tries, time.Since(start), err)
		}
		if !sleep(ctx, pause) {
			return stopped(context.Cause(ctx), err)
		}
		c.counters.retries.Add(1)
	}
}

func (c *Client) attempt(ctx context.Context, r route, signal otlpwire.Signal, payload []byte) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if r.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.timeout)
		defer cancel()
	}
	response, err := r.sender.send(ctx, signal, payload)
	if err != nil {
		return err
	}
	c.counters.answered(signal, response)
	return nil
}

// stopped tells that the call was ended from outside, and what it had met.
func stopped(cause, last error) error {
	if errors.Is(last, cause) || errors.Is(cause, ErrClosed) {
		return cause
	}
	return fmt.Errorf("otlp: %w (last attempt: %v)", cause, last) //nolint:errorlint // the attempt's error must not be taken for the reason
}

// sleep waits for d and returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Close ends the calls under way with [ErrClosed] and closes the connections.
func (c *Client) Close() error {
	c.cancel()
	var errs []error
	closed := make(map[sender]bool)
	for _, r := range c.routes {
		if !closed[r.sender] {
			closed[r.sender] = true
			errs = append(errs, r.sender.close())
		}
	}
	return errors.Join(errs...)
}
