package otlp

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Stats counts what a client did since New.
type Stats struct {
	// Requests and Bytes were taken by the collector, before compression.
	Requests, Bytes uint64
	// Attempts that failed, those that ended with a permanent error among
	// them, and retries that were made.
	Failures, Permanent, Retries uint64
	// Skipped requests were of a signal that has no endpoint.
	Skipped uint64
	// PartialSuccesses are answers that took a request and rejected some of
	// its records or had a warning.
	PartialSuccesses uint64
	// RejectedSpans, RejectedLogRecords and RejectedDataPoints were not taken
	// by the collector though their request was.
	RejectedSpans, RejectedLogRecords, RejectedDataPoints uint64
	// LastPartialMessage is the collector's text with the newest partial success.
	LastPartialMessage string
	// LastError and LastErrorTime are of the newest failed attempt.
	LastError     string
	LastErrorTime time.Time
}

type counters struct {
	requests, bytes, failures, permanent, retries, skipped, partial atomic.Uint64
	rejected                                                        [4]atomic.Uint64 // by signal

	mu          sync.Mutex // guards what follows
	lastPartial string
	lastError   string
	lastErrorAt time.Time
}

func (c *counters) sent(_ otlpwire.Signal, n int) {
	c.requests.Add(1)
	c.bytes.Add(uint64(n))
}

func (c *counters) failed(err error) {
	c.failures.Add(1)
	if errors.Is(err, ErrPermanent) {
		c.permanent.Add(1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastError, c.lastErrorAt = err.Error(), time.Now()
}

// answered looks for a partial success in an answer.
func (c *counters) answered(s otlpwire.Signal, response []byte) {
	rejected, message, ok := partialSuccess(response)
	if !ok {
		return
	}
	c.partial.Add(1)
	c.rejected[s].Add(rejected)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastPartial = message
}

// Stats returns the figures so far.
func (c *Client) Stats() Stats {
	n := &c.counters
	n.mu.Lock()
	defer n.mu.Unlock()
	return Stats{
		Requests: n.requests.Load(), Bytes: n.bytes.Load(),
		Failures: n.failures.Load(), Permanent: n.permanent.Load(), Retries: n.retries.Load(),
		Skipped: n.skipped.Load(), PartialSuccesses: n.partial.Load(),
		RejectedSpans:      n.rejected[otlpwire.Traces].Load(),
		RejectedLogRecords: n.rejected[otlpwire.Logs].Load(),
		RejectedDataPoints: n.rejected[otlpwire.Metrics].Load(),
		LastPartialMessage: n.lastPartial,
		LastError:          n.lastError, LastErrorTime: n.lastErrorAt,
	}
}

// PartialSuccesses counts the answers that took a request and rejected some of
// its records or had a warning, and the records; message is the newest text.
func (c *Client) PartialSuccesses() (answers, rejected uint64, message string) {
	n := &c.counters
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range n.rejected {
		rejected += n.rejected[i].Load()
	}
	return n.partial.Load(), rejected, n.lastPartial
}
