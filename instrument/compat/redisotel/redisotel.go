package redisotel

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	ttlogredis "github.com/ttlog/ttlog/instrument/redis"
)

// Option configures spans and metrics.
type Option interface {
	baseOption
	tracing()
	metrics()
}

// TracingOption configures spans.
type TracingOption interface {
	baseOption
	tracing()
}

// MetricsOption configures metrics.
type MetricsOption interface {
	baseOption
	metrics()
}

type baseOption interface{ apply(c *config) }

type config struct {
	opts      []ttlogredis.Option
	filter    func(cmd redis.Cmder) bool
	pipelines func(cmds []redis.Cmder) bool
	dials     bool
	caller    bool
	closed    chan struct{}
}

func newConfig() config {
	return config{filter: DefaultCommandFilter, pipelines: func(cmds []redis.Cmder) bool {
		return slices.ContainsFunc(cmds, DefaultCommandFilter)
	}}
}

type option func(c *config)

func (f option) apply(c *config) { f(c) }
func (option) tracing()          {}
func (option) metrics()          {}

func with(o ttlogredis.Option) option {
	return func(c *config) { c.opts = append(c.opts, o) }
}

// InstrumentTracing is [ttlogredis.InstrumentTracing].
func InstrumentTracing(rdb redis.UniversalClient, opts ...TracingOption) error {
	c := newConfig()
	for _, o := range opts {
		o.apply(&c)
	}
	// What the filters return true for is left out here, and kept there.
	if c.filter != nil {
		c.opts = append(c.opts, ttlogredis.WithFilter(func(cmd redis.Cmder) bool { return !c.filter(cmd) }))
	}
	keep := func([]redis.Cmder) bool { return true }
	if c.pipelines != nil {
		keep = func(cmds []redis.Cmder) bool { return !c.pipelines(cmds) }
	}
	c.opts = append(c.opts, ttlogredis.WithPipelineFilter(keep))
	if c.dials {
		c.opts = append(c.opts, ttlogredis.WithDialSpans())
	}
	if err := ttlogredis.InstrumentTracing(rdb, c.opts...); err != nil {
		return err
	}
	if c.caller {
		rdb.AddHook(callerHook{})
	}
	return nil
}

// InstrumentMetrics is [ttlogredis.InstrumentMetrics].
func InstrumentMetrics(rdb redis.UniversalClient, opts ...MetricsOption) error {
	c := newConfig()
	for _, o := range opts {
		o.apply(&c)
	}
	if c.closed != nil {
		ctx, done := context.WithCancel(context.Background())
		go func() { // ends when the program closes the channel
			<-c.closed
			done()
		}()
		c.opts = append(c.opts, ttlogredis.WithLifetime(ctx))
	}
	return ttlogredis.InstrumentMetrics(rdb, c.opts...)
}

// WithDBSystem sets db.system.name.
func WithDBSystem(dbSystem string) Option {
	return with(ttlogredis.WithAttributes(semconv.DBSystemNameKey.String(dbSystem)))
}

// WithAttributes is [ttlogredis.WithAttributes].
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return with(ttlogredis.WithAttributes(attrs...))
}

// WithPoolName is [ttlogredis.WithPoolName].
func WithPoolName(poolName string) Option { return with(ttlogredis.WithPoolName(poolName)) }

// WithTracerProvider is [ttlogredis.WithTracerProvider].
func WithTracerProvider(provider trace.TracerProvider) TracingOption {
	return with(ttlogredis.WithTracerProvider(provider))
}

// WithDBStatement says whether spans have db.query.text, which they have by
// default: keys, but never values.
func WithDBStatement(on bool) TracingOption {
	if on {
		return option(func(*config) {})
	}
	return with(ttlogredis.WithoutQueryText())
}

// WithCallerEnabled adds where a command was called from. The default is off: it
// costs microseconds for each command.
func WithCallerEnabled(on bool) TracingOption {
	return option(func(c *config) { c.caller = on })
}

// WithCommandFilter leaves out commands for which filter returns true.
func WithCommandFilter(filter func(cmd redis.Cmder) bool) TracingOption {
	return option(func(c *config) { c.filter = filter })
}

// WithCommandsFilter leaves out pipelines for which filter returns true.
func WithCommandsFilter(filter func(cmds []redis.Cmder) bool) TracingOption {
	return option(func(c *config) { c.pipelines = filter })
}

// WithDialFilter says whether dials are left out, which they are by default.
func WithDialFilter(on bool) TracingOption {
	return option(func(c *config) { c.dials = !on })
}

// DefaultCommandFilter returns true for commands that carry a password.
func DefaultCommandFilter(cmd redis.Cmder) bool {
	switch strings.ToLower(cmd.Name()) {
	case "auth":
		return true
	case "hello":
		if args := cmd.Args(); len(args) > 2 {
			word, _ := args[2].(string)
			return strings.EqualFold(word, "auth")
		}
	}
	return false
}

// BasicCommandFilter is the former name of [DefaultCommandFilter].
//
// Deprecated: use DefaultCommandFilter.
func BasicCommandFilter(cmd redis.Cmder) bool { return DefaultCommandFilter(cmd) }

// WithMeterProvider is [ttlogredis.WithMeterProvider].
func WithMeterProvider(mp metric.MeterProvider) MetricsOption {
	return with(ttlogredis.WithMeterProvider(mp))
}

// WithCloseChan observes pools until the channel is closed.
func WithCloseChan(closeChan chan struct{}) MetricsOption {
	return option(func(c *config) { c.closed = closeChan })
}

// WithSemConvCompliantMetrics does nothing: the metrics are those of the
// conventions.
func WithSemConvCompliantMetrics(bool) MetricsOption { return option(func(*config) {}) }
