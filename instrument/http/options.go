package ttloghttp

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// WithTrustedProxies says whose word is taken on where a request came from: the
// networks of the reverse proxies before this server. Of a request from there,
// client.address, url.scheme and server.address are what Forwarded or the
// X-Forwarded headers say, as far as trusted proxies wrote them. Without it they
// are those of the connection, as anybody can write a header.
func WithTrustedProxies(networks ...netip.Prefix) Option {
	return optionFunc(func(c config) config {
		c.trusted = append(slices.Clip(c.trusted), networks...)
		return c
	})
}

// WithServerName sets server.address, and server.port where name has one
// ("shop.example:8443"), in place of what the client wrote in the Host header.
// It is then on measurements as well.
func WithServerName(name string) Option {
	return optionFunc(func(c config) config {
		c.serverName = name
		return c
	})
}

// WithAttributes adds attributes to every span and measurement.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	return optionFunc(func(c config) config {
		c.attrs = append(slices.Clip(c.attrs), attrs...)
		return c
	})
}

// WithSpanStartOptions adds options to the start of every span.
func WithSpanStartOptions(opts ...trace.SpanStartOption) Option {
	return optionFunc(func(c config) config {
		c.spanOptions = append(slices.Clip(c.spanOptions), opts...)
		return c
	})
}

// WithMetricAttributes adds attributes to the measurements of a request, but for
// that of the active ones. On a server it is called when the request has been
// served, so its context may carry what handlers have put there to be changed.
// What it returns must have few different values.
func WithMetricAttributes(of func(r *http.Request) []attribute.KeyValue) Option {
	return optionFunc(func(c config) config {
		c.measured = of
		return c
	})
}

// WithStartTime sets when a request began, such as a proxy's time of accepting
// it. The zero time means now. On a client it does nothing.
func WithStartTime(of func(r *http.Request) time.Time) Option {
	return optionFunc(func(c config) config {
		c.startTime = of
		return c
	})
}

// WithParentProvider takes the tracer provider of the span that is the parent,
// for programs with several providers. Without a parent in this process it is
// that of WithTracerProvider.
func WithParentProvider() Option {
	return optionFunc(func(c config) config {
		c.scope.OfParent = true
		return c
	})
}

// WithMessageEvents makes events of the reads of a request's body, the writes of
// a response, or both. They may be many.
func WithMessageEvents(reads, writes bool) Option {
	return optionFunc(func(c config) config {
		c.readEvents, c.writeEvents = reads, writes
		return c
	})
}

// WithClientTrace lets a transport tell what happens to a request on its way:
// trace is asked for each request, with the context of its span. Sub-spans for
// the name look-up, the connection and the TLS handshake come from such a one.
func WithClientTrace(trace func(ctx context.Context) *httptrace.ClientTrace) Option {
	return optionFunc(func(c config) config {
		c.clientTrace = trace
		return c
	})
}

// WithContext lets the context that a handler (or the base transport) gets carry
// more than the span, such as a logger.
func WithContext(more func(ctx context.Context) context.Context) Option {
	return optionFunc(func(c config) config {
		c.context = more
		return c
	})
}
