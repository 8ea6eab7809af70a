package otlp

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// scripted is a sender that fails as told, and keeps the times of its attempts.
type scripted struct {
	mu    sync.Mutex
	fails []error
	at    []time.Time
}

func (s *scripted) send(context.Context, otlpwire.Signal, []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = append(s.at, time.Now())
	if n := len(s.at); n <= len(s.fails) {
		return nil, s.fails[n-1]
	}
	return nil, nil
}

func (s *scripted) close() error { return nil }

func scriptedClient(r Retry, fails ...error) (*Client, *scripted) {
	s := &scripted{fails: fails}
	c := &Client{routes: map[otlpwire.Signal]route{otlpwire.Traces: {sender: s}}, retry: r.withDefaults()}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c, s
}

func TestForward_PausesGrowWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := &Error{Message: "away"}
		c, s := scriptedClient(Retry{InitialInterval: time.Second, MaxInterval: 4 * time.Second, MaxElapsed: -1}, away, away, away, away, away)
		defer c.Close()
		if err := c.Forward(t.Context(), otlpwire.Traces, nil); err != nil {
			t.Fatal(err)
		}
		for i, seconds := range []int{1, 2, 4, 4, 4} {
			about := time.Duration(seconds) * time.Second
			if got := s.at[i+1].Sub(s.at[i]); got < about/2 || got > about*3/2+1 {
				t.Errorf("pause %d: got %s, want about %s", i, got, about)
			}
		}
	})
}

func TestForward_WaitsAsLongAsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scriptedClient(Retry{MaxElapsed: -1}, &Error{RetryAfter: 90 * time.Second})
		defer c.Close()
		if err := c.Forward(t.Context(), otlpwire.Traces, nil); err != nil {
			t.Fatal(err)
		}
		if got := s.at[1].Sub(s.at[0]); got < 90*time.Second || got > 92*time.Second {
			t.Errorf("waited %s, want 90s and a little", got)
		}
	})
}

func TestForward_DoesNotBeginAPauseItsTimeDoesNotAllow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scriptedClient(Retry{MaxElapsed: 30 * time.Second}, &Error{RetryAfter: time.Minute})
		defer c.Close()
		start := time.Now()
		var answer *Error
		err := c.Forward(t.Context(), otlpwire.Traces, nil)
		if !errors.As(err, &answer) || answer.RetryDelay() != time.Minute || len(s.at) != 1 || time.Since(start) != 0 {
			t.Errorf("got %v after %d attempts and %s", err, len(s.at), time.Since(start))
		}
	})
}

func TestForward_CancelEndsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := scriptedClient(Retry{MaxElapsed: -1}, &Error{RetryAfter: time.Hour})
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		err := c.Forward(ctx, otlpwire.Traces, nil)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}
