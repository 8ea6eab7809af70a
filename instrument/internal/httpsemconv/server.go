package httpsemconv

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
	"github.com/ttlog/ttlog/instrument/internal/setcache"
	"github.com/ttlog/ttlog/internal/guard"
)

// Limits on what a request brings along.
const (
	maxNameBytes   = 64
	maxHeaderBytes = 1 << 10
	maxURLBytes    = 4 << 10
)

// ServerConfig is what a server instrumentation needs; every field is set.
type ServerConfig struct {
	Tracer      trace.Tracer
	Meter       metric.Meter
	Propagators propagation.TextMapPropagator
	Redactor    Redactor

	// PublicEndpoint reports whether a request comes from outside: its trace
	// is then linked and not continued. Nil means never.
	PublicEndpoint func(*http.Request) bool
	// SpanName overrides the name of the span; nil means the convention's. It
	// is called at the start and again once the route is known.
	SpanName func(route string, r *http.Request) string
}

// Server starts and ends the spans of incoming requests. It is immutable and
// safe for concurrent use.
type Server struct {
	cfg      ServerConfig
	duration httpconv.ServerRequestDuration
	sets     *setcache.Cache[serverKey]
}

// serverKey holds the attributes of the duration metric. server.address is not
// among them: it comes from the Host header, so the sender could make any
// number of time series.
type serverKey struct {
	method, scheme, route, protocol, errorType string
	status                                     int
}

// NewServer returns a Server. An instrument that cannot be created is reported
// to nobody and records nothing: telemetry must not stop the program.
func NewServer(cfg ServerConfig) *Server {
	s := &Server{cfg: cfg, sets: setcache.New[serverKey]()}
	s.duration, _ = httpconv.NewServerRequestDuration(cfg.Meter)
	return s
}

// Exchange is one request on its way. It belongs to the goroutine that serves
// the request.
type Exchange struct {
	server   *Server
	span     trace.Span
	start    time.Time
	method   string
	scheme   string
	protocol string
	route    string // as at the start
	name     string // as at the start

	outer     forgetter // the exchange around this one, nil for none
	forgotten atomic.Bool
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
	from := readOrigin(r)
	x.outer, _ = ExchangeOf(ctx).(forgetter)
	x.server, x.start, x.method, x.scheme, x.route = s, time.Now(), method, from.scheme, route
	x.protocol = protocolVersion(r.ProtoMajor, r.ProtoMinor)
	x.name = s.spanName(r, method, route)
	attrs := s.requestAttributes(r, x, from, original)

	opts := make([]trace.SpanStartOption, 0, 4)
	opts = append(opts, serverKind, trace.WithAttributes(attrs...))
	if s.cfg.PublicEndpoint != nil && s.cfg.PublicEndpoint(r) {
		opts = append(opts, trace.WithNewRoot())
		if remote := trace.SpanContextFromContext(ctx); remote.IsValid() && remote.IsRemote() {
			opts = append(opts, trace.WithLinks(trace.Link{SpanContext: remote}))
		}
	}
	ctx, x.span = s.cfg.Tracer.Start(ctx, x.name, opts...)
	return ctx
}

var serverKind = trace.WithSpanKind(trace.SpanKindServer)

func (s *Server) spanName(r *http.Request, method, route string) string {
	if s.cfg.SpanName != nil {
		return s.cfg.SpanName(route, r)
	}
	return SpanName(method, route)
}

func (s *Server) requestAttributes(r *http.Request, x *Exchange, from origin, original string) []attribute.KeyValue {
	// Everything is given at the start: a sampler sees no more than this.
	attrs := make([]attribute.KeyValue, 0, 16)
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
	if host, port := splitHostPort(from.host); host != "" {
		attrs = append(attrs, semconv.ServerAddress(attrtext.Clean(host, maxHostBytes)))
		if !defaultPort(from.scheme, port) {
			attrs = append(attrs, semconv.ServerPort(port))
		}
	}
	peer, peerPort := splitHostPort(r.RemoteAddr)
	if peer != "" {
		attrs = append(attrs, semconv.NetworkPeerAddress(attrtext.Clean(peer, maxHostBytes)))
		if peerPort > 0 {
			attrs = append(attrs, semconv.NetworkPeerPort(peerPort))
		}
	}
	if from.client == "" {
		from.client = peer
	}
	if from.client != "" {
		attrs = append(attrs, semconv.ClientAddress(attrtext.Clean(from.client, maxHostBytes)))
	}
	if x.protocol != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(x.protocol))
	}
	if agent := r.Header["User-Agent"]; len(agent) > 0 && agent[0] != "" {
		attrs = append(attrs, semconv.UserAgentOriginal(attrtext.Clean(agent[0], maxHeaderBytes)))
	}
	return attrs
}

// Span returns the span of the exchange.
func (x *Exchange) Span() trace.Span { return x.span }

// RecordError adds an exception event for err, without touching the status.
func (x *Exchange) RecordError(err error) {
	recordError(x.span, err, x.server.cfg.Redactor.Error(err))
}

type exchangeKey struct{}

// RouteReporter is what the value of an exchange may be: it is told of the
// route that a router inside of it matched, and the path that this was given.
type RouteReporter interface {
	Report(ctx context.Context, route, path string)
}

// WithExchange marks ctx as being inside of an exchange; value is the
// instrumentation's own. It lets a handler inside of another know that the
// headers have been read.
func WithExchange(ctx context.Context, value any) context.Context {
	return context.WithValue(ctx, exchangeKey{}, value)
}

// ExchangeOf returns the value of the innermost exchange that ctx is inside of,
// or nil.
func ExchangeOf(ctx context.Context) any { return ctx.Value(exchangeKey{}) }

// forgetter is an [Exchange], or what an instrumentation has put around it.
type forgetter interface {
	forget()
	isForgotten() bool
}

// Forget makes the exchanges that ctx is inside of leave no trace. The context
// that it returns is inside of none of their spans. It returns false when there
// are none.
func Forget(ctx context.Context) (context.Context, bool) {
	x, ok := ExchangeOf(ctx).(forgetter)
	if !ok {
		return ctx, false
	}
	x.forget()
	return trace.ContextWithSpan(ctx, nil), true
}

func (x *Exchange) forget() {
	x.forgotten.Store(true)
	if x.outer != nil {
		x.outer.forget()
	}
}

// isForgotten also asks the exchange around: the instrumentation of a router
// inside of another handler's leaves its context to that one.
func (x *Exchange) isForgotten() bool {
	return x.forgotten.Load() || x.outer != nil && x.outer.isForgotten()
}

// Outcome is how a request was answered.
type Outcome struct {
	Route  string // "" when no route matched
	Status int    // 0 when no response was written, as after a hijack
	Panic  any    // the recovered value, nil when the handler returned
}

// End records the outcome in the span and the metric, unless [Forget] was called
// in between. The request is the one
// given to Start, the context the one that Start returned.
func (x *Exchange) End(ctx context.Context, r *http.Request, out Outcome) {
	if x.isForgotten() {
		return
	}
	errorType := x.errorType(out)
	if out.Panic != nil && out.Status == 0 && !isAbort(out.Panic) {
		// Whoever recovers the panic answers 500; net/http, when nobody
		// does, closes the connection.
		out.Status = http.StatusInternalServerError
	}
	if x.span.IsRecording() {
		x.endSpan(r, out, errorType)
	}
	x.span.End()

	s := x.server
	if s.duration.Inst().Enabled(ctx) {
		key := serverKey{x.method, x.scheme, out.Route, x.protocol, errorType, out.Status}
		s.duration.Inst().Record(ctx, time.Since(x.start).Seconds(), s.sets.Get(key, serverKey.attributes)...)
	}
}

func (x *Exchange) endSpan(r *http.Request, out Outcome, errorType string) {
	attrs := make([]attribute.KeyValue, 0, 3)
	if out.Route != "" && out.Route != x.route {
		attrs = append(attrs, semconv.HTTPRoute(out.Route))
		if name := x.server.spanName(r, x.method, out.Route); name != x.name {
			x.span.SetName(name)
		}
	}
	if out.Status > 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(out.Status))
	}
	if errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType))
		description := ""
		if out.Panic != nil {
			recordPanic(x.span, out.Panic, x.server.cfg.Redactor)
			description = "panic"
		}
		x.span.SetStatus(codes.Error, description)
	}
	x.span.SetAttributes(attrs...)
}

// errorType is "" for a success. A 4xx is the client's error, not the server's.
func (x *Exchange) errorType(out Outcome) string {
	switch {
	case out.Panic != nil:
		return panicType(out.Panic)
	case out.Status >= 500:
		return strconv.Itoa(out.Status)
	}
	return ""
}

func isAbort(value any) bool {
	err, ok := value.(error)
	return ok && guard.Is(err, http.ErrAbortHandler)
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
