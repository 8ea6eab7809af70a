package ttloggin

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

// ScopeName is the name of the instrumentation scope.
const ScopeName = "github.com/ttlog/ttlog/instrument/gin"

// Option configures the middleware.
type Option interface{ apply(config) config }

type optionFunc func(config) config

func (f optionFunc) apply(c config) config { return f(c) }

type config struct {
	tracers     trace.TracerProvider
	meters      metric.MeterProvider
	propagators propagation.TextMapPropagator
	filters     []func(*gin.Context) bool
	spanName    func(route string, r *http.Request) string
	public      func(*http.Request) bool
	redactKeys  []string
}

func newConfig(opts []Option) config {
	c := config{
		tracers:     otel.GetTracerProvider(),
		meters:      otel.GetMeterProvider(),
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
	return httpsemconv.NewServer(httpsemconv.ServerConfig{
		Tracer:         c.tracers.Tracer(ScopeName, trace.WithSchemaURL(semconv.SchemaURL)),
		Meter:          c.meters.Meter(ScopeName, metric.WithSchemaURL(semconv.SchemaURL)),
		Propagators:    c.propagators,
		Redactor:       httpsemconv.NewRedactor(c.redactKeys),
		PublicEndpoint: c.public,
		SpanName:       c.spanName,
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
		c.spanName = name
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
