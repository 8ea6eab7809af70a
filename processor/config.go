package processor

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/ttlog/ttlog/internal/recorder"
)

// Option sets a knob of [NewSpanProcessor] or [NewLogProcessor].
type Option interface {
	apply(recorder.Config) recorder.Config
}

type optionFunc func(recorder.Config) recorder.Config

func (f optionFunc) apply(c recorder.Config) recorder.Config { return f(c) }

func newConfig(opts []Option) recorder.Config {
	var c recorder.Config
	for _, o := range opts {
		if o != nil {
			c = o.apply(c)
		}
	}
	return c
}

// WithBlock makes a record that finds the ring full wait for at most d before
// it is dropped. The goroutine that ends the span or emits the record waits.
// The default, and 0 or less, is not to wait.
func WithBlock(d time.Duration) Option {
	return optionFunc(func(c recorder.Config) recorder.Config { c.Block = d; return c })
}

// WithFlush gives the function that ForceFlush and Shutdown call to bring what
// is in the ring to where it goes; it must honor ctx. The default does
// nothing: what is in the ring is as safe as the ring.
func WithFlush(flush func(ctx context.Context) error) Option {
	return optionFunc(func(c recorder.Config) recorder.Config { c.Flush = flush; return c })
}

// WithMeterProvider makes the processor report on itself through mp. The
// metrics are read from counters that are kept anyway and cost nothing while
// spans end. The default is not to report.
func WithMeterProvider(mp metric.MeterProvider) Option {
	return optionFunc(func(c recorder.Config) recorder.Config { c.Meter = mp; return c })
}
