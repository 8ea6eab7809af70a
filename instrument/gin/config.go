package ttloggin

import (
	"net/http"
	"net/netip"
	"slices"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
	"github.com/ttlog/ttlog/instrument/internal/version"
)

// ScopeName is the name of the instrumentation scope.
const ScopeName = "github.com/ttlog/ttlog/instrument/gin"

// Option configures the middleware.
type Option interface{ apply(config) config }

type optionFunc func(config) config

func (f optionFunc) apply(c config) config { return f(c) }

type config struct {
	scope       httpsemconv.Scope
	propagators propagation.TextMapPropagator
	filters     []func(*gin.Context) bool
	spanName    func(route string, c *gin.Context) string
	public      func(*http.Request) bool
	redactKeys  []string
	trusted     httpsemconv.TrustedProxies
	serverName  string
	attrs       []attribute.KeyValue
	spanOptions []trace.SpanStartOption
	measured    func(*gin.Context) []attribute.KeyValue
}

func newConfig(opts []Option) config {
	c := config{
		scope: httpsemconv.Scope{
			Name: ScopeName, Version: version.Version, Tracers: otel.GetTracerProvider(), Meters: otel.GetMeterProvider(),
		},
		propagators: otel.GetTextMapPropagator(),
	}
	for _, o := range opts {
		if o != nil {
			c = o.apply(c)
		}
	}
	return c
}

func (c config) server() *httpsemconv.Server {
	host, port := httpsemconv.SplitHostPort(c.serverName)
	return httpsemconv.NewServer(httpsemconv.ServerConfig{
		Scope: c.scope, Propagators: c.propagators, Redactor: httpsemconv.NewRedactor(c.redactKeys),
		PublicEndpoint: c.public, Trusted: c.trusted, ServerName: host, ServerPort: port,
		Attributes: c.attrs, SpanOptions: c.spanOptions,
	})
}

// traced reports whether every filter lets the request through.
func (c config) traced(gc *gin.Context) bool {
	for _, f := range c.filters {
		if !f(gc) {
			return false
		}
	}
	return true
}

// WithTracerProvider sets where spans come from. The default, also for nil, is
// the global provider.
func WithTracerProvider(p trace.TracerProvider) Option {
	return optionFunc(func(c config) config {
		if p != nil {
			c.scope.Tracers = p
		}
		return c
	})
}

// WithMeterProvider sets where metrics go. The default, also for nil, is the
// global provider.
func WithMeterProvider(p metric.MeterProvider) Option {
	return optionFunc(func(c config) config {
		if p != nil {
			c.scope.Meters = p
		}
		return c
	})
}

// WithPropagators sets how trace context is read from headers. The default,
// also for nil, is the global propagator.
func WithPropagators(p propagation.TextMapPropagator) Option {
	return optionFunc(func(c config) config {
		if p != nil {
			c.propagators = p
		}
		return c
	})
}

// WithFilter leaves out requests for which keep returns false: they get no
// span and no metric. Given more than once, all must agree to keep a request.
func WithFilter(keep func(c *gin.Context) bool) Option {
	return optionFunc(func(c config) config {
		if keep != nil {
			c.filters = append(slices.Clip(c.filters), keep)
		}
		return c
	})
}

// WithSpanNameFormatter sets the span's name from the route ("" when none
// matched) and the request. It must return few different names, so it should
// not use the path.
func WithSpanNameFormatter(name func(route string, r *http.Request) string) Option {
	return optionFunc(func(c config) config {
		c.spanName = nil
		if name != nil {
			c.spanName = func(route string, gc *gin.Context) string { return name(route, gc.Request) }
		}
		return c
	})
}

// WithSpanName is [WithSpanNameFormatter] for a name that needs more of gin.
func WithSpanName(name func(c *gin.Context) string) Option {
	return optionFunc(func(c config) config {
		c.spanName = nil
		if name != nil {
			c.spanName = func(_ string, gc *gin.Context) string { return name(gc) }
		}
		return c
	})
}

// WithPublicEndpoint says that requests come from outside. The caller's trace
// is linked, and a new one begins. With isPublic, only for the requests it
// returns true for.
func WithPublicEndpoint(isPublic ...func(r *http.Request) bool) Option {
	return optionFunc(func(c config) config {
		c.public = func(r *http.Request) bool {
			for _, f := range isPublic {
				if f(r) {
					return true
				}
			}
			return len(isPublic) == 0
		}
		return c
	})
}

// WithRedactedQueryKeys adds query parameters whose values are replaced in
// url.query. Signatures, tokens, keys and passwords under their usual names are
// replaced always.
func WithRedactedQueryKeys(keys ...string) Option {
	return optionFunc(func(c config) config {
		c.redactKeys = append(slices.Clip(c.redactKeys), keys...)
		return c
	})
}

// WithTrustedProxies says whose word is taken on the scheme and the host that a
// client asked for: the networks of the reverse proxies before this server. What
// the client's address is, gin knows by the engine's SetTrustedProxies.
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
// that of the active ones. It is called when the request has been served. What
// it returns must have few different values.
func WithMetricAttributes(of func(c *gin.Context) []attribute.KeyValue) Option {
	return optionFunc(func(c config) config {
		c.measured = of
		return c
	})
}
