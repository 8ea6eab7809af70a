package receiver

import (
	"net/http"
	"time"

	"github.com/ttlog/ttlog/internal/hops"
)

// Limits.
const (
	// defaultMaxBody is the largest request when the ring takes it.
	defaultMaxBody     = 64 << 20
	defaultInFlight    = 256 << 20
	defaultReadTimeout = 30 * time.Second
	defaultRetryAfter  = time.Second
	defaultFullWait    = 100 * time.Millisecond
	// maxWindowBytes is the most a zstd decoder keeps; RFC 8878 asks
	// decoders for 8 MiB.
	maxWindowBytes = 8 << 20
	// maxDecoders bounds what the windows and blocks of decoders take, on
	// however many cores.
	maxDecoders = 16
	// maxPooledBytes keeps one huge request from staying in a pool.
	maxPooledBytes = 1 << 20
)

// Options of a receiver. Zero values mean the defaults.
type Options struct {
	// Durable acknowledges after the request is on the disk.
	Durable bool
	// MaxBodyBytes bounds a request, compressed as well as decompressed; 0 or
	// less means 64 MiB. The ring's MaxRecord bounds it in any case.
	MaxBodyBytes int
	// MaxInFlightBytes bounds the requests being handled at one time,
	// together; 0 or less means 256 MiB.
	MaxInFlightBytes int64
	// ReadTimeout is how long a client may take to send a request; 0 or less
	// means 30 s.
	ReadTimeout time.Duration
	// RetryAfter is the delay asked of clients that are refused for now; 0 or
	// less means 1 s. Over HTTP it is rounded up to seconds.
	RetryAfter time.Duration
	// Retention is the age above which a record is refused, because the store
	// would remove it again; 0 or less is none.
	Retention time.Duration
	// Ready returns why health checks over gRPC are to be told that nothing is
	// served; nil, and an answer of nil, mean that all is.
	Ready func() error
	// Allow, where set, says why a request is not to be let in at all, before
	// anything else of it is looked at. Nil lets in every one.
	Allow func(*http.Request) error
	// Trail, where set, refuses requests that were forwarded from here, and
	// notes where others have been.
	Trail *hops.Trail
	// FullWait is how long a request waits for room in a full ring before it
	// is refused; 0 means 100 ms, below 0 not at all.
	FullWait time.Duration
	// Room returns why no more may be put on the disk, and is asked with every
	// request; nil means that there always is room.
	Room func() error
	// FullCause returns why the ring is full, where that is known; nil means
	// that it never is.
	FullCause func() error
	// DedupWindow is how long a request is remembered, so that one that is sent
	// again is stored once; 0 means 10 min, below 0 not at all.
	DedupWindow time.Duration
	// DedupBytes is the memory in which requests are remembered, 32 bytes each;
	// 0 or less means 16 MiB.
	DedupBytes int64
}

func (o Options) withDefaults(maxRecord int) Options {
	if o.MaxBodyBytes <= 0 {
		o.MaxBodyBytes = defaultMaxBody
	}
	o.MaxBodyBytes = min(o.MaxBodyBytes, maxRecord)
	if o.MaxInFlightBytes <= 0 {
		o.MaxInFlightBytes = defaultInFlight
	}
	if o.ReadTimeout <= 0 {
		o.ReadTimeout = defaultReadTimeout
	}
	if o.RetryAfter <= 0 {
		o.RetryAfter = defaultRetryAfter
	}
	if o.Allow == nil {
		o.Allow = func(*http.Request) error { return nil }
	}
	if o.Trail == nil {
		o.Trail = hops.New() // who has no forwarders is in no circle
	}
	if o.FullWait == 0 {
		o.FullWait = defaultFullWait
	}
	never := func() error { return nil }
	if o.Room == nil {
		o.Room = never
	}
	if o.FullCause == nil {
		o.FullCause = never
	}
	if o.DedupBytes <= 0 {
		o.DedupBytes = defaultDedupBytes
	}
	if o.DedupWindow == 0 {
		o.DedupWindow = defaultRepeatWindow
	}
	return o
}
