package httpsemconv

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
	"github.com/ttlog/ttlog/instrument/internal/scratch"
	"github.com/ttlog/ttlog/instrument/internal/setcache"
)

// Limits on what a request brings along.
const (
	maxNameBytes   = 64
	maxHeaderBytes = 1 << 10
	maxURLBytes    = 4 << 10
)

// ServerConfig is what a server instrumentation needs. Of the functions and the
// fields behind Redactor the zero value means that nothing was asked for.
type ServerConfig struct {
	Scope       Scope
	Propagators propagation.TextMapPropagator
	Redactor    Redactor

	// PublicEndpoint reports whether a request comes from outside: its trace
	// is then linked and not continued. The request's context carries the
	// caller's span context.
	PublicEndpoint func(*http.Request) bool
	// SpanName overrides the name of the span. It is called at the start and
	// again once the route is known.
	SpanName func(route string, r *http.Request) string
	// Trusted are the proxies whose word on a request's origin is taken.
	Trusted TrustedProxies
	// ServerName is server.address, on measurements as well; ServerPort goes
	// with it.
	ServerName string
	ServerPort int
	// Attributes are added to every span and measurement, SpanOptions to the
	// start of every span.
	Attributes  []attribute.KeyValue
	SpanOptions []trace.SpanStartOption
	// Measured returns attributes of the measurements of one request.
	Measured func(*http.Request) []attribute.KeyValue
	// StartTime returns when a request began, the zero time for now.
	StartTime func(*http.Request) time.Time
	// ReadEvents and WriteEvents make an event of each read and write.
	ReadEvents, WriteEvents bool
}

// Server starts and ends the spans of incoming requests. It is immutable and
// safe for concurrent use.
type Server struct {
	listeners
	cfg   ServerConfig
	fixed []attribute.KeyValue // of every measurement
	names *setcache.Cache[nameKey, string]
	sets  *setcache.Cache[serverKey, *setcache.Set]
}

// serverKey holds the attributes of the metrics. A server.address that comes
// from the Host header is not among them: the sender could make any number of
// time series.
type serverKey struct {
	method, scheme, route, protocol, errorType string
	status                                     int
}

type nameKey struct{ method, route string }

// NewServer returns a Server. An instrument that cannot be created is reported
// to nobody and records nothing: telemetry must not stop the program.
func NewServer(cfg ServerConfig) *Server {
	s := &Server{cfg: cfg, listeners: cfg.Scope.listeners(cfg.Propagators)}
	if cfg.ServerName != "" {
		s.fixed = append(s.fixed, semconv.ServerAddress(cfg.ServerName))
		if cfg.ServerPort > 0 {
			s.fixed = append(s.fixed, semconv.ServerPort(cfg.ServerPort))
		}
	}
	s.fixed = append(s.fixed, cfg.Attributes...)
	s.sets = setcache.New(s.measureAttributes)
	s.names = setcache.Of(func(k nameKey) string { return SpanName(k.method, k.route) })
	meter := cfg.Scope.meter()
	duration, _ := httpconv.NewServerRequestDuration(meter)
	active, _ := httpconv.NewServerActiveRequests(meter)
	requestBody, _ := httpconv.NewServerRequestBodySize(meter)
	responseBody, _ := httpconv.NewServerResponseBodySize(meter)
	s.duration, s.active, s.requestBody, s.responseBody = duration.Inst(), active.Inst(), requestBody.Inst(), responseBody.Inst()
	return s
}

// Off reports whether nobody listens: there is no SDK, nothing that measures,
// no trace context to pass on and no exchange around that wants the route.
// Nothing needs to be done for a request then.
func (s *Server) Off(ctx context.Context) bool {
	return s.none(ctx) && ExchangeOf(ctx) == nil
}

// Start begins the span of r in x, which is new. The route is "" when it is not
// known yet. The returned context carries the span, to be put into the request
// after WithExchange.
func (s *Server) Start(r *http.Request, route string, x *Exchange) context.Context {
	ctx := r.Context()
	if ExchangeOf(ctx) == nil {
		ctx = s.cfg.Propagators.Extract(ctx, propagation.HeaderCarrier(r.Header))
	} // else the parent is the exchange around this one, and not its caller
	method, original := Method(r.Method)
	from, peer, peerPort := s.cfg.Trusted.origin(r)
	x.around, _ = ExchangeOf(ctx).(forgetter)
	x.server, x.start, x.method, x.scheme, x.route = s, time.Now(), method, from.scheme, route
	x.protocol = protocolVersion(r.ProtoMajor, r.ProtoMinor)
	x.name = x.spanName(r, route)

	sc := scratch.Get()
	defer sc.Release()
	attrs := s.requestAttributes(sc.Attributes(), r, x, from, original)
	attrs = s.addressAttributes(attrs, x, from, peer, peerPort)
	opts := sc.Options(serverKind, append(attrs, s.cfg.Attributes...), s.cfg.SpanOptions...)
	if s.cfg.PublicEndpoint != nil && s.cfg.PublicEndpoint(r.WithContext(ctx)) {
		opts = append(opts, trace.WithNewRoot())
		if remote := trace.SpanContextFromContext(ctx); remote.IsValid() && remote.IsRemote() {
			opts = append(opts, trace.WithLinks(trace.Link{SpanContext: remote}))
		}
	}
	if s.cfg.StartTime != nil {
		if began := s.cfg.StartTime(r); !began.IsZero() {
			x.start = began
			opts = append(opts, trace.WithTimestamp(began))
		}
	}
	ctx, x.span = s.cfg.Scope.tracerFor(r.Context(), s.tracer).Start(ctx, x.name, opts...)
	if s.active.Enabled(ctx) {
		s.active.Add(ctx, 1, s.sets.Get(serverKey{method: x.method, scheme: x.scheme}).Add...)
	}
	return ctx
}

var serverKind = trace.WithSpanKind(trace.SpanKindServer)

func (x *Exchange) spanName(r *http.Request, route string) string {
	switch {
	case x.SpanName != nil:
		return x.SpanName(route)
	case x.server.cfg.SpanName != nil:
		return x.server.cfg.SpanName(route, r)
	}
	return x.server.names.Get(nameKey{x.method, route})
}

func (s *Server) requestAttributes(attrs []attribute.KeyValue, r *http.Request, x *Exchange, from origin, original string) []attribute.KeyValue {
	// Everything is given at the start: a sampler sees no more than this.
	attrs = append(attrs, semconv.HTTPRequestMethodKey.String(x.method), semconv.URLScheme(from.scheme))
	if original != "" {
		attrs = append(attrs, semconv.HTTPRequestMethodOriginal(attrtext.Clean(original, maxNameBytes)))
	}
	if r.URL != nil {
		attrs = append(attrs, semconv.URLPath(attrtext.Clean(r.URL.Path, maxURLBytes)))
		if r.URL.RawQuery != "" {
			attrs = append(attrs, semconv.URLQuery(attrtext.Clean(s.cfg.Redactor.Query(r.URL.RawQuery), maxURLBytes)))
		}
	}
	if x.route != "" {
		attrs = append(attrs, semconv.HTTPRoute(x.route))
	}
	if x.protocol != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(x.protocol))
	}
	if agent := r.Header["User-Agent"]; len(agent) > 0 && agent[0] != "" {
		attrs = append(attrs, semconv.UserAgentOriginal(attrtext.Clean(agent[0], maxHeaderBytes)))
	}
	return attrs
}

func (s *Server) addressAttributes(attrs []attribute.KeyValue, x *Exchange, from origin, peer string, peerPort int) []attribute.KeyValue {
	host, port := s.cfg.ServerName, s.cfg.ServerPort
	if host == "" {
		host, port = SplitHostPort(from.host)
		host = attrtext.Clean(host, maxHostBytes)
	}
	if host != "" {
		attrs = append(attrs, semconv.ServerAddress(host))
		if !defaultPort(x.scheme, port) {
			attrs = append(attrs, semconv.ServerPort(port))
		}
	}
	if peer != "" {
		attrs = append(attrs, semconv.NetworkPeerAddress(attrtext.Clean(peer, maxHostBytes)))
		if peerPort > 0 {
			attrs = append(attrs, semconv.NetworkPeerPort(peerPort))
		}
	}
	if x.Client != "" {
		from.client = x.Client
	}
	if from.client != "" {
		attrs = append(attrs, semconv.ClientAddress(attrtext.Clean(from.client, maxHostBytes)))
	}
	return attrs
}

// measureAttributes returns the attributes of a measurement that are not one
// request's own.
func (s *Server) measureAttributes(k serverKey) []attribute.KeyValue {
	return append(k.attributes(), s.fixed...)
}

func (k serverKey) attributes() []attribute.KeyValue {
	attrs := []attribute.KeyValue{semconv.HTTPRequestMethodKey.String(k.method), semconv.URLScheme(k.scheme)}
	if k.route != "" {
		attrs = append(attrs, semconv.HTTPRoute(k.route))
	}
	if k.status > 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(k.status))
	}
	if k.protocol != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(k.protocol))
	}
	if k.errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(k.errorType))
	}
	return attrs
}
