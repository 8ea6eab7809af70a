package otelgin

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"

	ttloggin "github.com/ttlog/ttlog/instrument/gin"
	"github.com/ttlog/ttlog/instrument/internal/version"
)

// ScopeName is the name of the instrumentation scope.
const ScopeName = ttloggin.ScopeName

// Version is the version of the instrumentation scope.
const Version = version.Version

// Filter reports whether a request is recorded.
type Filter func(*http.Request) bool

// GinFilter reports whether a request is recorded.
type GinFilter func(*gin.Context) bool

// SpanNameFormatter returns the name of a span.
type SpanNameFormatter func(*gin.Context) string

// MetricAttributeFn returns attributes of a request's measurements.
type MetricAttributeFn func(*http.Request) []attribute.KeyValue

// GinMetricAttributeFn returns attributes of a request's measurements.
type GinMetricAttributeFn func(*gin.Context) []attribute.KeyValue

// Option configures the middleware.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	opts     []ttloggin.Option
	request  MetricAttributeFn
	measured GinMetricAttributeFn
}

func option(o ttloggin.Option) Option {
	return optionFunc(func(c *config) { c.opts = append(c.opts, o) })
}

// Middleware is [ttloggin.Middleware]. The name of the service does nothing: it
// is the resource's service.name, and no address of a server.
func Middleware(_ string, opts ...Option) gin.HandlerFunc {
	var c config
	for _, o := range opts {
		o.apply(&c)
	}
	if c.request != nil || c.measured != nil {
		c.opts = append(c.opts, ttloggin.WithMetricAttributes(c.attributes))
	}
	return ttloggin.Middleware(c.opts...)
}

func (c config) attributes(gc *gin.Context) (attrs []attribute.KeyValue) {
	if c.request != nil {
		attrs = append(attrs, c.request(gc.Request)...)
	}
	if c.measured != nil {
		attrs = append(attrs, c.measured(gc)...)
	}
	return attrs
}

// WithPropagators is [ttloggin.WithPropagators].
func WithPropagators(propagators propagation.TextMapPropagator) Option {
	return option(ttloggin.WithPropagators(propagators))
}

// WithTracerProvider is [ttloggin.WithTracerProvider].
func WithTracerProvider(provider oteltrace.TracerProvider) Option {
	return option(ttloggin.WithTracerProvider(provider))
}

// WithMeterProvider is [ttloggin.WithMeterProvider].
func WithMeterProvider(mp metric.MeterProvider) Option { return option(ttloggin.WithMeterProvider(mp)) }

// WithSpanStartOptions is [ttloggin.WithSpanStartOptions].
func WithSpanStartOptions(opts ...oteltrace.SpanStartOption) Option {
	return option(ttloggin.WithSpanStartOptions(opts...))
}

// WithFilter leaves out requests for which one of the filters returns false.
func WithFilter(f ...Filter) Option {
	return optionFunc(func(c *config) {
		for _, keep := range f {
			c.opts = append(c.opts, ttloggin.WithFilter(func(gc *gin.Context) bool { return keep(gc.Request) }))
		}
	})
}

// WithGinFilter leaves out requests for which one of the filters returns false.
func WithGinFilter(f ...GinFilter) Option {
	return optionFunc(func(c *config) {
		for _, keep := range f {
			c.opts = append(c.opts, ttloggin.WithFilter(keep))
		}
	})
}

// WithSpanNameFormatter is [ttloggin.WithSpanName].
func WithSpanNameFormatter(f SpanNameFormatter) Option { return option(ttloggin.WithSpanName(f)) }

// WithMetricAttributeFn is [ttloggin.WithMetricAttributes] by the request.
func WithMetricAttributeFn(f MetricAttributeFn) Option {
	return optionFunc(func(c *config) { c.request = f })
}

// WithGinMetricAttributeFn is [ttloggin.WithMetricAttributes].
func WithGinMetricAttributeFn(f GinMetricAttributeFn) Option {
	return optionFunc(func(c *config) { c.measured = f })
}

// HTML is c.HTML as a span of its own, gin.renderer.html. Outside of the
// middleware there is none.
func HTML(c *gin.Context, code int, name string, obj any) {
	parent := oteltrace.SpanFromContext(c.Request.Context())
	tracer := parent.TracerProvider().Tracer(ScopeName, oteltrace.WithInstrumentationVersion(Version))
	_, span := tracer.Start(c.Request.Context(), "gin.renderer.html",
		oteltrace.WithAttributes(attribute.String("go.template", name)))
	defer span.End()
	c.HTML(code, name, obj)
}
