package ttloghttp

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
	"github.com/ttlog/ttlog/instrument/internal/version"
)

// ScopeName is the name of the instrumentation scope.
const ScopeName = "github.com/ttlog/ttlog/instrument/http"

// Option configures a handler or a transport.
type Option interface{ apply(config) config }

type optionFunc func(config) config

func (f optionFunc) apply(c config) config { return f(c) }

type config struct {
	scope       httpsemconv.Scope
	propagators propagation.TextMapPropagator
	filters     []func(*http.Request) bool
	spanName    func(route string, r *http.Request) string
	public      func(*http.Request) bool
	mux         *http.ServeMux
	route       func(*http.Request) string
	redactKeys  []string
	trusted     httpsemconv.TrustedProxies
	serverName  string
	attrs       []attribute.KeyValue
	spanOptions []trace.SpanStartOption
	measured    func(*http.Request) []attribute.KeyValue
	startTime   func(*http.Request) time.Time
	readEvents  bool
	writeEvents bool
	clientTrace func(context.Context) *httptrace.ClientTrace
	context     func(context.Context) context.Context
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

func (c config) redactor() httpsemconv.Redactor { return httpsemconv.NewRedactor(c.redactKeys) }

func (c config) server() *httpsemconv.Server {
	host, port := httpsemconv.SplitHostPort(c.serverName)
	return httpsemconv.NewServer(httpsemconv.ServerConfig{
		Scope: c.scope, Propagators: c.propagators, Redactor: c.redactor(),
		PublicEndpoint: c.public, SpanName: c.spanName, Trusted: c.trusted,
		ServerName: host, ServerPort: port, Attributes: c.attrs, SpanOptions: c.spanOptions,
		Measured: c.measured, StartTime: c.startTime, ReadEvents: c.readEvents, WriteEvents: c.writeEvents,
	})
}

func (c config) client() *httpsemconv.Client {
	cc := httpsemconv.ClientConfig{
		Scope: c.scope, Propagators: c.propagators, Redactor: c.redactor(),
		Attributes: c.attrs, SpanOptions: c.spanOptions, Measured: c.measured,
	}
	if name := c.spanName; name != nil {
		cc.SpanName = func(r *http.Request) string { return name("", r) }
	}
	return httpsemconv.NewClient(cc)
}

// traced reports whether every filter lets r through.
func (c config) traced(r *http.Request) bool {
	for _, f := range c.filters {
		if !f(r) {
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

// WithPropagators sets how trace context is read from and written to headers.
// The default, also for nil, is the global propagator.
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
func WithFilter(keep func(r *http.Request) bool) Option {
	return optionFunc(func(c config) config {
		if keep != nil {
			c.filters = append(slices.Clip(c.filters), keep)
		}
		return c
	})
}

// WithSpanNameFormatter sets the span's name. On a server it is called when the
// request arrives, and again when the route has become known; on a client
// route is "". It must return few different names, so it should not use the
// path.
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

// WithServeMux names the mux that the handler leads to, for when a middleware
// in between hides the matched pattern (see the package comment). The mux is
// asked before the request is served, so a sampler sees the route; that is one
// match more per request.
func WithServeMux(mux *http.ServeMux) Option {
	return optionFunc(func(c config) config {
		c.mux = mux
		return c
	})
}

// WithRoute sets how the route is found with a router other than
// [http.ServeMux]. It is called after the request was served, with the request
// as the handler passed it on, and returns "" when no route matched.
func WithRoute(route func(r *http.Request) string) Option {
	return optionFunc(func(c config) config {
		c.route = route
		return c
	})
}

// WithRedactedQueryKeys adds query parameters whose values are replaced in
// url.full and url.query. Signatures, tokens, keys and passwords under their
// usual names are replaced always.
func WithRedactedQueryKeys(keys ...string) Option {
	return optionFunc(func(c config) config {
		c.redactKeys = append(slices.Clip(c.redactKeys), keys...)
		return c
	})
}
