package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Store is the sink that must have every record exactly once.
type Store interface {
	// Append adds one Export…ServiceRequest, all or nothing. end is the ring
	// position behind its newest record. The request must not be kept. An
	// error about the bytes wraps otlpwire.ErrMalformed; after any other the
	// same request is appended again.
	Append(ctx context.Context, signal otlpwire.Signal, request []byte, end uint64) (rows int, err error)
	// Flush returns when everything appended so far is durable. It may run
	// beside Append.
	Flush(ctx context.Context) error
	// Durable returns the ring position below which every appended row is durable.
	Durable() uint64
	// Watermark returns the ring position below which requests must hold a
	// single record each.
	Watermark() uint64
}

// Forwarder sends one Export…ServiceRequest to a collector. payload must not
// be kept. An error in whose chain something has a method Permanent() bool
// that returns true means that the request will never be taken, and a method
// Divisible() bool that returns true that a part of it may be; after any other
// error it is sent again, not before what a method RetryDelay() time.Duration
// in the chain returns. A method Reason() string is a word for the kind of the
// error, one of a few.
type Forwarder interface {
	Forward(ctx context.Context, signal otlpwire.Signal, payload []byte) error
}

// partial is a Forwarder that knows of answers which took a request and
// rejected some of its records, or had something to say about it.
type partial interface {
	// PartialSuccesses counts such answers, and the records rejected, so far;
	// message is the newest text.
	PartialSuccesses() (answers, rejected uint64, message string)
}

// NamedForwarder is a forwarder with the name of its ring reader and spill.
type NamedForwarder struct {
	// Name has 1 to 40 letters, digits, dots, dashes and underscores. It must
	// stay the same across restarts.
	Name string
	// Title is what logs call it; empty means Name.
	Title string
	Forwarder
}

// Options of a pipeline. Zero values mean the defaults.
type Options struct {
	// Store may be nil: nothing is stored then.
	Store Store
	// Forwarders, each with a name of its own.
	Forwarders []NamedForwarder
	// SpillDir is the directory of the spill queues, one in spill-<name> for
	// each forwarder. Without it a forwarder that lags more than half the
	// ring loses its oldest records, counted.
	SpillDir string
	// SpillLimit bounds the spill queues in bytes, of which each gets the same
	// part; 0 or less means 1 GiB for each.
	SpillLimit int64
	// SpillRoom returns why the spill queues may take no more of the disk; nil
	// means that they always may.
	SpillRoom func() error
	// Durable keeps the ring's space until what went to a spill queue is on
	// the disk. Otherwise that follows within a second or so, and power loss
	// in between takes it, as it does in the ring.
	Durable bool
	// BatchBytes and BatchRecords end a batch; 0 or less means 2 MiB and 8192.
	// A batch takes an eighth of the ring at most.
	BatchBytes, BatchRecords int
	// Linger is how long a batch for the store waits for more records, 0
	// means 5 ms, below 0 not at all. It is most of the time between a
	// record's commit and the query that sees it.
	Linger time.Duration
	// ForwardLinger is the same for forwarders, to whom each request costs a
	// round trip; 0 means 200 ms. Drain ends both early.
	ForwardLinger time.Duration
	// RetryInterval is the first pause, and MaxRetryInterval the longest,
	// after an error that may pass; 0 means 100 ms and 10 s.
	RetryInterval, MaxRetryInterval time.Duration
	// LogInterval is the least time between two lines about the same thing,
	// which say how often it happened; 0 or less means a minute.
	LogInterval time.Duration
	// Logger is told what operators should know; nil means slog.Default.
	Logger *slog.Logger
}

const (
	storeReader   = "store"
	forwardPrefix = "forward-"
	spillPrefix   = "spill-"
	// SpillPattern matches the names of the spill queues.
	SpillPattern = spillPrefix + "*"
	// releaseInterval is how often the store is asked what is durable, and a
	// forwarder's lag looked at.
	releaseInterval = 20 * time.Millisecond
	// syncInterval is how often a spill queue is synced without Durable.
	syncInterval = time.Second
)

var validName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,39}$`)

func (o Options) withDefaults() Options {
	set := func(n *int, d int) {
		if *n <= 0 {
			*n = d
		}
	}
	set(&o.BatchBytes, 2<<20)
	set(&o.BatchRecords, 8192)
	if o.Linger == 0 {
		o.Linger = 5 * time.Millisecond
	}
	if o.ForwardLinger == 0 {
		o.ForwardLinger = 200 * time.Millisecond
	}
	if o.RetryInterval <= 0 {
		o.RetryInterval = 100 * time.Millisecond
	}
	if o.MaxRetryInterval <= 0 {
		o.MaxRetryInterval = 10 * time.Second
	}
	if o.LogInterval <= 0 {
		o.LogInterval = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

func (o Options) validate() error {
	seen := make(map[string]bool)
	for _, f := range o.Forwarders {
		switch {
		case !validName.MatchString(f.Name):
			return fmt.Errorf("forwarder name %.60q: want 1 to 40 letters, digits, '.', '-', '_'", f.Name)
		case seen[f.Name]:
			return fmt.Errorf("two forwarders are named %q", f.Name)
		case f.Forwarder == nil:
			return fmt.Errorf("forwarder %q is nil", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}
