package otelhttp

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	"github.com/ttlog/ttlog/instrument/internal/version"
)

// ScopeName is the name of the instrumentation scope.
const ScopeName = ttloghttp.ScopeName

// Version is the version of the instrumentation scope.
const Version = version.Version

// Attributes of events.
//
// Deprecated: the events carry no attributes; there never were conventions.
const (
	ReadBytesKey  = attribute.Key("http.read_bytes")
	ReadErrorKey  = attribute.Key("http.read_error")
	WroteBytesKey = attribute.Key("http.wrote_bytes")
	WriteErrorKey = attribute.Key("http.write_error")
)

// Filter reports whether a request is recorded.
type Filter func(*http.Request) bool

// Event is what [WithMessageEvents] makes events of.
type Event int

// The events.
const (
	unspecifiedEvents Event = iota
	ReadEvents              // each read of a request's body
	WriteEvents             // each write of a response
)

// Option configures a handler or a transport.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	opts     []ttloghttp.Option
	name     func(operation string, r *http.Request) string
	measured func(r *http.Request) []attribute.KeyValue
	provider bool // one of the program's own
}

func option(o ttloghttp.Option) Option {
	return optionFunc(func(c *config) { c.opts = append(c.opts, o) })
}

// options returns those of ttloghttp, with the labels of a request from of.
func options(opts []Option, operation string, of labels) []ttloghttp.Option {
	var c config
	for _, o := range opts {
		o.apply(&c)
	}
	if !c.provider {
		c.opts = append(c.opts, ttloghttp.WithParentProvider())
	}
	if name := c.name; name != nil {
		c.opts = append(c.opts, ttloghttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return name(operation, r) }))
	}
	return append(c.opts, ttloghttp.WithContext(of.within), ttloghttp.WithMetricAttributes(func(r *http.Request) []attribute.KeyValue {
		attrs := of.get(r.Context())
		if c.measured != nil {
			attrs = append(attrs, c.measured(r)...)
		}
		return attrs
	}))
}

// NewHandler is [ttloghttp.NewHandler]. The operation is for the formatter of
// [WithSpanNameFormatter] alone.
func NewHandler(handler http.Handler, operation string, opts ...Option) http.Handler {
	return NewMiddleware(operation, opts...)(handler)
}

// NewMiddleware is [ttloghttp.Middleware].
func NewMiddleware(operation string, opts ...Option) func(http.Handler) http.Handler {
	start := ttloghttp.WithStartTime(func(r *http.Request) time.Time { return StartTimeFromContext(r.Context()) })
	return ttloghttp.Middleware(append(options(opts, operation, labels{labelerKey}), start)...)
}

// Transport is an instrumented [http.RoundTripper].
type Transport struct{ rt http.RoundTripper }

// NewTransport is [ttloghttp.NewTransport].
func NewTransport(base http.RoundTripper, opts ...Option) *Transport {
	return &Transport{rt: ttloghttp.NewTransport(base, options(opts, "", labels{clientLabelerKey})...)}
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) { return t.rt.RoundTrip(r) }

// CloseIdleConnections lets [http.Client.CloseIdleConnections] through.
func (t *Transport) CloseIdleConnections() {
	t.rt.(interface{ CloseIdleConnections() }).CloseIdleConnections()
}

// WithTracerProvider sets where spans come from. Without it that is the provider
// of the parent, or else the global one.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return optionFunc(func(c *config) {
		if provider != nil {
			c.provider = true
			c.opts = append(c.opts, ttloghttp.WithTracerProvider(provider))
		}
	})
}

// WithMeterProvider is [ttloghttp.WithMeterProvider].
func WithMeterProvider(provider metric.MeterProvider) Option {
	return option(ttloghttp.WithMeterProvider(provider))
}

// WithPublicEndpointFn is [ttloghttp.WithPublicEndpoint].
func WithPublicEndpointFn(fn func(*http.Request) bool) Option {
	if fn == nil {
		return optionFunc(func(*config) {})
	}
	return option(ttloghttp.WithPublicEndpoint(fn))
}

// WithPropagators is [ttloghttp.WithPropagators].
func WithPropagators(ps propagation.TextMapPropagator) Option {
	return option(ttloghttp.WithPropagators(ps))
}

// WithSpanOptions is [ttloghttp.WithSpanStartOptions].
func WithSpanOptions(opts ...trace.SpanStartOption) Option {
	return option(ttloghttp.WithSpanStartOptions(opts...))
}

// WithFilter is [ttloghttp.WithFilter].
func WithFilter(f Filter) Option { return option(ttloghttp.WithFilter(f)) }

// WithMessageEvents is [ttloghttp.WithMessageEvents].
func WithMessageEvents(events ...Event) Option {
	var reads, writes bool
	for _, e := range events {
		reads, writes = reads || e == ReadEvents, writes || e == WriteEvents
	}
	return option(ttloghttp.WithMessageEvents(reads, writes))
}

// WithSpanNameFormatter sets the span's name from the operation that the handler
// was given and the request. It is called when a request arrives, and again when
// its pattern is known.
func WithSpanNameFormatter(f func(operation string, r *http.Request) string) Option {
	return optionFunc(func(c *config) { c.name = f })
}

// WithClientTrace is [ttloghttp.WithClientTrace].
func WithClientTrace(f func(context.Context) *httptrace.ClientTrace) Option {
	return option(ttloghttp.WithClientTrace(f))
}

// WithServerName is [ttloghttp.WithServerName].
func WithServerName(server string) Option { return option(ttloghttp.WithServerName(server)) }

// WithMetricAttributesFn is [ttloghttp.WithMetricAttributes].
func WithMetricAttributesFn(metricAttributesFn func(r *http.Request) []attribute.KeyValue) Option {
	return optionFunc(func(c *config) { c.measured = metricAttributesFn })
}

type startTimeKey struct{}

// ContextWithStartTime returns a context that tells a handler when its request
// began.
func ContextWithStartTime(parent context.Context, start time.Time) context.Context {
	return context.WithValue(parent, startTimeKey{}, start)
}

// StartTimeFromContext returns the time of [ContextWithStartTime], or the zero
// time.
func StartTimeFromContext(ctx context.Context) time.Time {
	t, _ := ctx.Value(startTimeKey{}).(time.Time)
	return t
}
