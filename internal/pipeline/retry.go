package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// retry paces attempts that go on until they succeed, and notes the failures
// and the success after them.
type retry struct {
	notes  *notes
	pauses *backoff.ExponentialBackOff
	failed bool
}

func newRetry(o Options, n *notes) *retry {
	return &retry{notes: n, pauses: &backoff.ExponentialBackOff{
		InitialInterval: o.RetryInterval, MaxInterval: o.MaxRetryInterval, Multiplier: 2, RandomizationFactor: 0.5,
	}}
}

// pause waits before the next attempt; false means that ctx ended.
func (r *retry) pause(ctx context.Context, message string, err error) bool {
	r.failed = true
	r.notes.tell(slog.LevelWarn, message, reasonOf(err), 0, err)
	wait := r.pauses.NextBackOff()
	var asked interface{ RetryDelay() time.Duration }
	if errors.As(err, &asked) {
		wait = max(wait, asked.RetryDelay()+wait/4)
	}
	return pause(ctx, wait)
}

func (r *retry) succeeded(message string) {
	if r.failed {
		r.notes.tell(slog.LevelInfo, message, "", 0, nil)
	}
}

// permanent tells whether trying again is of no use.
func permanent(err error) bool {
	var p interface{ Permanent() bool }
	return errors.As(err, &p) && p.Permanent()
}

// divisible tells whether a part of what was refused for good may be taken.
func divisible(err error) bool {
	var d interface{ Divisible() bool }
	return errors.As(err, &d) && d.Divisible()
}
