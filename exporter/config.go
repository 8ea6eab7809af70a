package exporter

import (
	"context"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// defaultWait is how long an export waits for room in the ring.
const defaultWait = 5 * time.Second

// Option sets a knob of an exporter.
type Option interface{ apply(config) config }

type optionFunc func(config) config

func (f optionFunc) apply(c config) config { return f(c) }

type config struct {
	wait        time.Duration
	flush       func(context.Context) error
	temporality sdkmetric.TemporalitySelector
	aggregation sdkmetric.AggregationSelector
}

func newConfig(opts []Option) config {
	c := config{
		wait:        defaultWait,
		temporality: sdkmetric.DefaultTemporalitySelector,
		aggregation: sdkmetric.DefaultAggregationSelector,
	}
	for _, o := range opts {
		if o != nil {
			c = o.apply(c)
		}
	}
	return c
}

// WithWait sets how long an export waits for room in a full ring; 0 or less
// means not at all. The default is 5 seconds.
func WithWait(d time.Duration) Option {
	return optionFunc(func(c config) config { c.wait = d; return c })
}

// WithFlush gives the function that ForceFlush and Shutdown call to bring what
// is in the ring to where it goes; it must honor ctx. The default does
// nothing.
func WithFlush(flush func(ctx context.Context) error) Option {
	return optionFunc(func(c config) config { c.flush = flush; return c })
}

// WithTemporality sets the temporality of each kind of instrument. The default
// is cumulative for all. Only the metric exporter has a use for it.
func WithTemporality(s sdkmetric.TemporalitySelector) Option {
	return optionFunc(func(c config) config {
		if s != nil {
			c.temporality = s
		}
		return c
	})
}

// WithAggregation sets the aggregation of each kind of instrument. The default
// is the SDK's. Only the metric exporter has a use for it.
func WithAggregation(s sdkmetric.AggregationSelector) Option {
	return optionFunc(func(c config) config {
		if s != nil {
			c.aggregation = s
		}
		return c
	})
}
