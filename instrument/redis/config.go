package ttlogredis

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/version"
)

// ScopeName is the name of the instrumentation scope.
const ScopeName = "github.com/ttlog/ttlog/instrument/redis"

// Option configures the instrumentation of a client.
type Option interface{ apply(config) config }

type optionFunc func(config) config

func (f optionFunc) apply(c config) config { return f(c) }

type config struct {
	tracers        trace.TracerProvider
	meters         metric.MeterProvider
	attrs          []attribute.KeyValue
	noText         bool
	dials          bool
	parentRequired bool
	filter         func(cmd redis.Cmder) bool
	poolName       string
	pipelines      func(cmds []redis.Cmder) bool
	lifetime       context.Context //nolint:containedctx // it is until when pools are observed
}

func (c config) meter() metric.Meter {
	return c.meters.Meter(ScopeName, metric.WithInstrumentationVersion(version.Version), metric.WithSchemaURL(semconv.SchemaURL))
}

func newConfig(opts []Option) config {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, o := range opts {
		if o != nil {
			c = o.apply(c)
		}
	}
	return c
}

// WithTracerProvider sets where spans come from. The default, also for nil, is
// the global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return optionFunc(func(c config) config {
		if p != nil {
			c.tracers = p
		}
		return c
	})
}

// WithMeterProvider sets where metrics go. The default, also for nil, is the
// global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return optionFunc(func(c config) config {
		if p != nil {
			c.meters = p
		}
		return c
	})
}

// WithAttributes adds attributes to every span and measurement. They come after
// the ones derived from the client and win over them.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return optionFunc(func(c config) config {
		c.attrs = append(slices.Clip(c.attrs), attrs...)
		return c
	})
}

// WithoutQueryText leaves db.query.text out, for keys that are secret.
func WithoutQueryText() Option {
	return optionFunc(func(c config) config {
		c.noText = true
		return c
	})
}

// WithPipelineFilter leaves out pipelines for which keep returns false. It goes
// before the filter for commands.
func WithPipelineFilter(keep func(cmds []redis.Cmder) bool) Option {
	return optionFunc(func(c config) config {
		c.pipelines = keep
		return c
	})
}

// WithLifetime observes the pools until ctx is done, and not for as long as there
// are clients.
func WithLifetime(ctx context.Context) Option {
	return optionFunc(func(c config) config {
		c.lifetime = ctx
		return c
	})
}

// WithPoolName sets db.client.connection.pool.name, which is the server's
// address and the database's index else.
func WithPoolName(name string) Option {
	return optionFunc(func(c config) config {
		c.poolName = name
		return c
	})
}

// WithDialSpans makes a span of every dial. In its newer versions go-redis dials
// in the background, so they are roots, and many while a server is down; with
// [WithParentRequired] those are left out.
func WithDialSpans() Option {
	return optionFunc(func(c config) config {
		c.dials = true
		return c
	})
}

// WithFilter leaves out commands for which keep returns false: they get no span
// and no metric. A pipeline is left out when keep returns false for all of its
// commands.
func WithFilter(keep func(cmd redis.Cmder) bool) Option {
	return optionFunc(func(c config) config {
		c.filter = keep
		return c
	})
}

// WithParentRequired leaves out the spans of commands whose context carries no
// span: each would be the root of a trace of its own, which tells nobody what it
// was for. They are measured all the same.
func WithParentRequired() Option {
	return optionFunc(func(c config) config {
		c.parentRequired = true
		return c
	})
}
