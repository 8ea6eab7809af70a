package bench

import (
	"context"
	"io"
	"strings"
)

// Description says in words what a figure is.
type Description struct{ ID, Text string }

// Descriptions returns one description for each figure, in order.
func Descriptions() []Description {
	return []Description{
		{"hot.onend5", "`OnEnd` of an ended span with 5 attributes, in bursts of 400 with nothing else going on; the peer puts a pointer into a channel and leaves the work for later"},
		{"hot.onend5.allocs", "allocations of that call"},
		{"hot.pipeline5", "processor time of the whole process for one span with 5 attributes, from `OnEnd` until it is durable (ttlog: in a synced columnar part; the peer: acknowledged by a server in another process that discards it), with nothing dropped"},
		{"adopt.gin", "processor time that instrumentation adds to a request of a gin service with two queries to SQLite, what it recorded made durable (ttlog: in its store; the peers: acknowledged by a collector in another process that discards it); traces and metrics on both sides"},
		{"adopt.gin.bare", "processor time of that request without instrumentation"},
		{"adopt.chi", "the same for a chi service with two commands to a real Redis"},
		{"adopt.chi.bare", "processor time of that request without instrumentation"},
		{"store.span_rate", "spans of the captured HotROD traffic stored by `ttlog import`, per second of processor time, decompression of the file included"},
		{"store.span_bytes", "bytes of the whole data directory after that, compacted, per span"},
		{"store.ratio", "the same per byte of the OTLP stream"},
		{"store.write_amp", "bytes that `ttlog serve` makes the kernel write for each byte of its parts once all are merged, at 1,000 spans of that traffic a second over OTLP/HTTP for a minute; `go run ./cmd/writes` in `bench/` tells where they go, and for longer"},
		{"store.write_amp10k", "the same at 10,000 spans a second"},
	}
}

// Run measures everything whose id begins with only, and returns the figures.
// Progress goes to log.
func Run(ctx context.Context, log io.Writer, only string) ([]Figure, error) {
	var figures []Figure
	for _, m := range []struct {
		group   string
		measure func(context.Context, io.Writer) ([]Figure, error)
	}{
		{"hot.onend5", onEnd},
		{"hot.pipeline5", pipeline},
		{"adopt.gin", adopt("gin", "otelgin + otelsql + OTLP")},
		{"adopt.chi", adopt("chi", "otelhttp + redisotel + OTLP")},
		{"store.span", store},
		{"store.write_amp", writeAmplification},
	} {
		if !strings.HasPrefix(m.group, only) {
			continue
		}
		f, err := m.measure(ctx, log)
		if err != nil {
			return nil, err
		}
		figures = append(figures, f...)
	}
	return figures, nil
}
