package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// logEvery is the time between two log lines about an error that stays.
const logEvery = time.Minute

// retry paces attempts that go on until they succeed, and logs the first
// failure, one in a while, and the success after failures.
type retry struct {
	pauses *backoff.ExponentialBackOff
	tries  int
	logged time.Time
}

func newRetry(o Options) *retry {
	return &retry{pauses: &backoff.ExponentialBackOff{
		InitialInterval: o.RetryInterval, MaxInterval: o.MaxRetryInterval, Multiplier: 2, RandomizationFactor: 0.5,
	}}
}

// pause waits before the next attempt; false means that ctx ended.
func (r *retry) pause(ctx context.Context, log *slog.Logger, message string, err error) bool {
	r.tries++
	if r.tries == 1 || time.Since(r.logged) >= logEvery {
		r.logged = time.Now()
		log.Warn(message, "error", err, "attempts", r.tries)
	}
	wait := r.pauses.NextBackOff()
	var asked interface{ RetryDelay() time.Duration }
	if errors.As(err, &asked) {
		wait = max(wait, asked.RetryDelay()+wait/4)
	}
	return pause(ctx, wait)
}

func (r *retry) succeeded(log *slog.Logger, message string) {
	if r.tries > 0 {
		log.Info(message, "attempts", r.tries+1)
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
