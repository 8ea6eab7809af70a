package httpsemconv

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/setcache"
	"github.com/ttlog/ttlog/internal/guard"
)

// Exchange is one request on its way. It belongs to the goroutine that serves
// the request.
type Exchange struct {
	// Client is client.address where the framework knows it, and SpanName
	// overrides the name for this request. They are set before the start.
	Client   string
	SpanName func(route string) string
	// Owner is what the framework has of the request, for [Server.Serves].
	Owner any
	// Measured are attributes of the measurements, set before the end.
	Measured []attribute.KeyValue

	server   *Server
	span     trace.Span
	start    time.Time
	method   string
	scheme   string
	protocol string
	route    string // as at the start
	name     string // as at the start

	ctx   exchangeContext
	given *http.Request // by the one around, nil without Inner
	inner http.Request
	body  countedBody
	// answer is where the attributes of the response are put together.
	answer [3]attribute.KeyValue

	around    forgetter // the exchange around this one, nil for none
	forgotten atomic.Bool
}

// Span returns the span of the exchange.
func (x *Exchange) Span() trace.Span { return x.span }

// RecordError adds an exception event for err, without touching the status.
func (x *Exchange) RecordError(err error) {
	recordError(x.span, err, x.server.cfg.Redactor.Error(err))
}

type (
	exchangeKey  struct{}
	innermostKey struct{}
)

// RouteReporter is what the value of an exchange may be: it is told of the
// route that a router inside of it matched, and the path that this was given.
type RouteReporter interface {
	Report(ctx context.Context, route, path string)
}

// Within returns ctx as it is inside of the exchange; value is the
// instrumentation's own. It lets a handler inside of another know that the
// headers have been read. The context is part of the exchange, so that none is
// allocated.
func (x *Exchange) Within(ctx context.Context, value any) context.Context {
	x.ctx = exchangeContext{Context: ctx, value: value, exchange: x}
	return &x.ctx
}

type exchangeContext struct {
	context.Context
	value    any
	exchange *Exchange
}

// Value implements [context.Context].
func (c *exchangeContext) Value(key any) any {
	switch key {
	case exchangeKey{}:
		return c.value
	case innermostKey{}:
		return c.exchange
	}
	return c.Context.Value(key)
}

// ExchangeOf returns the value of the innermost exchange that ctx is inside of,
// or nil.
func ExchangeOf(ctx context.Context) any { return ctx.Value(exchangeKey{}) }

// Serves reports whether ctx is inside of an exchange of this server for owner,
// with no other in between.
func (s *Server) Serves(ctx context.Context, owner any) bool {
	x, ok := ctx.Value(innermostKey{}).(*Exchange)
	return ok && x.server == s && x.Owner == owner
}

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
	if x.around != nil {
		x.around.forget()
	}
}

// isForgotten also asks the exchange around: the instrumentation of a router
// inside of another handler's leaves its context to that one.
func (x *Exchange) isForgotten() bool {
	return x.forgotten.Load() || x.around != nil && x.around.isForgotten()
}

// Outcome is how a request was answered.
type Outcome struct {
	Route  string // "" when no route matched
	Status int    // 0 when no response was written, as after a hijack
	Size   int64  // of the response's body, negative when it is not known
	Panic  any    // the recovered value, nil when the handler returned
	// Left says that the client had gone before it was answered: what the
	// handler made of that reached nobody.
	Left bool
}

// Left reports whether the client of a request is gone, which net/http tells by
// its context. A server that shuts down cancels it as well.
func Left(r *http.Request) bool { return errors.Is(r.Context().Err(), context.Canceled) }

// clientLeft is the error.type of a request whose client did not wait.
const clientLeft = "context.Canceled"

// End records the outcome in the span and the metrics, unless [Forget] was called
// in between. The request is the one that was served, the context the one that
// Start returned.
func (x *Exchange) End(ctx context.Context, r *http.Request, out Outcome) {
	if x.given != nil {
		if x.inner.Body == &x.body {
			x.inner.Body = x.body.ReadCloser
		}
		HandBack(x.given, &x.inner)
	}
	s := x.server
	if s.active.Enabled(ctx) {
		s.active.Add(ctx, -1, s.sets.Get(serverKey{method: x.method, scheme: x.scheme}).Add...)
	}
	if x.isForgotten() {
		return
	}
	errorType := x.errorType(&out)
	if x.span.IsRecording() {
		x.endSpan(r, out, errorType)
	}
	x.span.End()
	x.measure(ctx, r, out, errorType)
}

func (x *Exchange) measure(ctx context.Context, r *http.Request, out Outcome, errorType string) {
	s := x.server
	duration, request, response := s.duration.Enabled(ctx), s.requestBody.Enabled(ctx), s.responseBody.Enabled(ctx)
	if !duration && !request && !response {
		return
	}
	key := serverKey{x.method, x.scheme, out.Route, x.protocol, errorType, out.Status}
	var set *setcache.Set
	if extra := x.measured(r); len(extra) > 0 {
		set = setcache.NewSet(append(s.measureAttributes(key), extra...)...)
	} else {
		set = s.sets.Get(key)
	}
	if duration {
		s.duration.Record(ctx, time.Since(x.start).Seconds(), set.Record...)
	}
	if request {
		s.requestBody.Record(ctx, x.requestSize(), set.Record...)
	}
	if response && out.Size >= 0 {
		s.responseBody.Record(ctx, out.Size, set.Record...)
	}
}

func (x *Exchange) measured(r *http.Request) []attribute.KeyValue {
	if x.server.cfg.Measured == nil {
		return x.Measured
	}
	return x.server.cfg.Measured(r)
}

func (x *Exchange) endSpan(r *http.Request, out Outcome, errorType string) {
	attrs := x.answer[:0]
	if out.Route != "" && out.Route != x.route {
		attrs = append(attrs, semconv.HTTPRoute(out.Route))
		if name := x.spanName(r, out.Route); name != x.name {
			x.span.SetName(name)
		}
	}
	if out.Status > 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(out.Status))
	}
	if errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType))
	}
	switch {
	case out.Panic != nil:
		recordPanic(x.span, out.Panic, x.server.cfg.Redactor)
		x.span.SetStatus(codes.Error, "panic")
	case errorType != "" && !out.Left:
		x.span.SetStatus(codes.Error, "")
	}
	x.span.SetAttributes(attrs...)
}

// errorType is "" for a success, and completes the outcome. A 4xx is the
// client's error, not the server's, and so is not waiting for an answer.
func (x *Exchange) errorType(out *Outcome) string {
	aborted := isAbort(out.Panic)
	switch {
	case out.Left && (out.Panic == nil || aborted):
		// A reverse proxy aborts when its client has left.
		out.Panic, out.Status = nil, 0
		return clientLeft
	case out.Panic != nil:
		if out.Status == 0 && !aborted {
			// Whoever recovers the panic answers 500; net/http, when
			// nobody does, closes the connection.
			out.Status = http.StatusInternalServerError
		}
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

// WriteEvents reports whether each write to the response is to be an event.
func (x *Exchange) WriteEvents() bool { return x.server.cfg.WriteEvents && x.span.IsRecording() }

// Wrote makes an event of a write.
func (x *Exchange) Wrote() { x.span.AddEvent("write") }
