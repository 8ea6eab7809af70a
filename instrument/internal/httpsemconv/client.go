package httpsemconv

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
	"github.com/ttlog/ttlog/instrument/internal/errtype"
	"github.com/ttlog/ttlog/instrument/internal/scratch"
	"github.com/ttlog/ttlog/instrument/internal/setcache"
	"github.com/ttlog/ttlog/internal/guard"
)

// ClientConfig is what a client instrumentation needs. Of the functions and the
// fields behind Redactor the zero value means that nothing was asked for.
type ClientConfig struct {
	Scope       Scope
	Propagators propagation.TextMapPropagator
	Redactor    Redactor
	// SpanName overrides the name of the span, which is the method.
	SpanName func(r *http.Request) string
	// Attributes are added to every span and measurement, SpanOptions to the
	// start of every span.
	Attributes  []attribute.KeyValue
	SpanOptions []trace.SpanStartOption
	// Measured returns attributes of the measurements of one request.
	Measured func(*http.Request) []attribute.KeyValue
}

// Client starts and ends the spans of outgoing requests. It is immutable but
// for its cache, and safe for concurrent use.
type Client struct {
	listeners
	cfg  ClientConfig
	sets *setcache.Cache[clientKey, *setcache.Set]
}

type clientKey struct {
	method, scheme, host, protocol, errorType string
	port, status                              int
}

// NewClient returns a Client.
func NewClient(cfg ClientConfig) *Client {
	c := &Client{cfg: cfg, listeners: cfg.Scope.listeners(cfg.Propagators)}
	c.sets = setcache.New(c.measureAttributes)
	meter := cfg.Scope.meter()
	duration, _ := httpconv.NewClientRequestDuration(meter)
	active, _ := httpconv.NewClientActiveRequests(meter)
	requestBody, _ := httpconv.NewClientRequestBodySize(meter)
	responseBody, _ := httpconv.NewClientResponseBodySize(meter)
	c.duration, c.active, c.requestBody, c.responseBody = duration.Inst(), active.Inst(), requestBody.Inst(), responseBody.Inst()
	return c
}

// Off reports whether nobody listens and there is no trace context to send.
func (c *Client) Off(ctx context.Context) bool { return c.none(ctx) }

// Call is one outgoing request on its way. Its methods may be called from
// different goroutines, but not at the same time.
type Call struct {
	client  *Client
	ctx     context.Context // the span's, for the metric's exemplar; a Call lives as long as its request
	request *http.Request
	span    trace.Span
	start   time.Time
	head    time.Time // when the response's head arrived
	key     clientKey
	sent    sentBody
	// answer is where the attributes of the response are put together.
	answer [3]attribute.KeyValue
}

var clientKind = trace.WithSpanKind(trace.SpanKindClient)

// Silent reports whether there is no trace context to send.
func (c *Client) Silent() bool { return c.propagators.Closed() }

// Start begins the span of r in call, which is new, and returns the context that
// carries it.
func (c *Client) Start(r *http.Request, call *Call) context.Context {
	call.client, call.request, call.start = c, r, time.Now()
	method, original := Method(r.Method)
	call.key.method = method
	sc := scratch.Get()
	defer sc.Release()
	attrs := append(sc.Attributes(), semconv.HTTPRequestMethodKey.String(method))
	if original != "" {
		attrs = append(attrs, semconv.HTTPRequestMethodOriginal(attrtext.Clean(original, maxNameBytes)))
	}
	if r.URL != nil {
		call.key.scheme = r.URL.Scheme
		call.key.host, call.key.port = serverOf(r)
		call.key.host = attrtext.Clean(call.key.host, maxHostBytes)
		attrs = append(attrs, semconv.URLFull(attrtext.Clean(c.cfg.Redactor.URL(r.URL), maxURLBytes)),
			semconv.ServerAddress(call.key.host))
		if call.key.port > 0 {
			attrs = append(attrs, semconv.ServerPort(call.key.port))
		}
	}
	if n := resends(r); n > 0 {
		attrs = append(attrs, semconv.HTTPRequestResendCount(n))
	}
	name := SpanName(method, "")
	if c.cfg.SpanName != nil {
		name = c.cfg.SpanName(r)
	}
	opts := sc.Options(clientKind, append(attrs, c.cfg.Attributes...), c.cfg.SpanOptions...)
	call.ctx, call.span = c.cfg.Scope.tracerFor(r.Context(), c.tracer).Start(r.Context(), name, opts...)
	if c.active.Enabled(call.ctx) {
		c.active.Add(call.ctx, 1, c.sets.Get(call.key).Add...)
	}
	return call.ctx
}

// serverOf returns the address that r is sent to; the port is the scheme's
// when the URL has none, because the client convention requires one.
func serverOf(r *http.Request) (host string, port int) {
	host, port = SplitHostPort(r.URL.Host)
	if port == 0 {
		switch r.URL.Scheme {
		case "http":
			port = 80
		case "https":
			port = 443
		}
	}
	return host, port
}

// maxRedirects bounds the walk over earlier responses; net/http stops at ten.
const maxRedirects = 100

// resends counts the redirects that led to r.
func resends(r *http.Request) int {
	n := 0
	for r.Response != nil && r.Response.Request != nil && n < maxRedirects {
		r, n = r.Response.Request, n+1
	}
	return n
}

// Sends readies the request that is sent in the place of the caller's: its
// body is counted where the length is not known.
func (c *Call) Sends(r *http.Request) {
	c.request = r
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength <= 0 {
		c.sent.ReadCloser = r.Body
		r.Body = &c.sent
	}
}

// sentBody counts what the transport reads, maybe after the response's head.
type sentBody struct {
	io.ReadCloser
	read atomic.Int64
}

// Read implements [io.Reader].
func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	return n, err
}

// Respond records the head of the response. An answer of 400 and above is an
// error for the one who asked.
func (c *Call) Respond(res *http.Response) {
	c.head = time.Now()
	c.key.status = res.StatusCode
	c.key.protocol = protocolVersion(res.ProtoMajor, res.ProtoMinor)
	if res.StatusCode >= 400 {
		c.key.errorType = strconv.Itoa(res.StatusCode)
	}
	if !c.span.IsRecording() {
		return
	}
	attrs := append(c.answer[:0], semconv.HTTPResponseStatusCode(res.StatusCode))
	if c.key.protocol != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(c.key.protocol))
	}
	if c.key.errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(c.key.errorType))
		c.span.SetStatus(codes.Error, "")
	}
	c.span.SetAttributes(attrs...)
}

// End ends the span and records the measurements; size is that of the
// response's body as far as it was read, negative when there is none. A non-nil
// err is one of the transport, before or after the response's head.
func (c *Call) End(err error, size int64) {
	if err != nil {
		c.fail(err)
	}
	c.span.End()
	c.measure(time.Since(c.start), size)
}

// Abandon ends a call whose response nobody read to its end or closed. When
// they lost interest is not known, so it ends where the response's head came.
func (c *Call) Abandon() {
	c.span.End(trace.WithTimestamp(c.head))
	c.measure(c.head.Sub(c.start), -1)
}

func (c *Call) measure(took time.Duration, size int64) {
	t := c.client
	if t.active.Enabled(c.ctx) {
		k := clientKey{method: c.key.method, scheme: c.key.scheme, host: c.key.host, port: c.key.port}
		t.active.Add(c.ctx, -1, t.sets.Get(k).Add...)
	}
	duration, request, response := t.duration.Enabled(c.ctx), t.requestBody.Enabled(c.ctx), t.responseBody.Enabled(c.ctx)
	if !duration && !request && !response {
		return
	}
	var set *setcache.Set
	if extra := c.measured(); len(extra) > 0 {
		set = setcache.NewSet(append(t.measureAttributes(c.key), extra...)...)
	} else {
		set = t.sets.Get(c.key)
	}
	if duration {
		t.duration.Record(c.ctx, took.Seconds(), set.Record...)
	}
	if request {
		t.requestBody.Record(c.ctx, max(c.request.ContentLength, c.sent.read.Load()), set.Record...)
	}
	if response && size >= 0 {
		t.responseBody.Record(c.ctx, size, set.Record...)
	}
}

func (c *Call) measured() []attribute.KeyValue {
	if c.client.cfg.Measured == nil {
		return nil
	}
	return c.client.cfg.Measured(c.request)
}

// fail records an error. That the caller did not want to wait is none of the
// one who was asked.
func (c *Call) fail(err error) {
	if errors.Is(c.ctx.Err(), context.Canceled) && guard.Is(err, context.Canceled) {
		c.key.errorType = clientLeft
		c.span.SetAttributes(semconv.ErrorTypeKey.String(clientLeft))
		return
	}
	c.key.errorType = errtype.Name(err)
	if c.span.IsRecording() {
		c.span.SetAttributes(semconv.ErrorTypeKey.String(c.key.errorType))
		message := c.client.cfg.Redactor.Error(err)
		c.span.SetStatus(codes.Error, attrtext.Clean(message, maxHeaderBytes))
		recordError(c.span, err, message)
	}
}

func (c *Client) measureAttributes(k clientKey) []attribute.KeyValue {
	return append(k.attributes(), c.cfg.Attributes...)
}

func (k clientKey) attributes() []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(k.method),
		semconv.ServerAddress(k.host),
		semconv.URLScheme(k.scheme),
	}
	if k.port > 0 {
		attrs = append(attrs, semconv.ServerPort(k.port))
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
