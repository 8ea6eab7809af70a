package httpsemconv

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/attrtext"
	"github.com/ttlog/ttlog/instrument/internal/errtype"
	"github.com/ttlog/ttlog/instrument/internal/setcache"
)

// ClientConfig is what a client instrumentation needs; every field is set.
type ClientConfig struct {
	Tracer   trace.Tracer
	Meter    metric.Meter
	Redactor Redactor
	// SpanName overrides the name of the span; nil means the method.
	SpanName func(r *http.Request) string
}

// Client starts and ends the spans of outgoing requests. It is immutable and
// safe for concurrent use.
type Client struct {
	cfg      ClientConfig
	duration httpconv.ClientRequestDuration
	sets     *setcache.Cache[clientKey]
}

type clientKey struct {
	method, scheme, host, protocol, errorType string
	port, status                              int
}

// NewClient returns a Client.
func NewClient(cfg ClientConfig) *Client {
	c := &Client{cfg: cfg, sets: setcache.New[clientKey]()}
	c.duration, _ = httpconv.NewClientRequestDuration(cfg.Meter)
	return c
}

// Call is one outgoing request on its way. Its methods may be called from
// different goroutines, but not at the same time.
type Call struct {
	client *Client
	ctx    context.Context // the span's, for the metric's exemplar; a Call lives as long as its request
	span   trace.Span
	start  time.Time
	head   time.Time // when the response's head arrived
	key    clientKey
}

var clientKind = trace.WithSpanKind(trace.SpanKindClient)

// Start begins the span of r and returns the context that carries it.
func (c *Client) Start(r *http.Request) (context.Context, *Call) {
	call := &Call{client: c, start: time.Now()}
	method, original := Method(r.Method)
	call.key.method = method
	attrs := make([]attribute.KeyValue, 0, 10)
	attrs = append(attrs, semconv.HTTPRequestMethodKey.String(method))
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
	call.ctx, call.span = c.cfg.Tracer.Start(r.Context(), name, clientKind, trace.WithAttributes(attrs...))
	return call.ctx, call
}

// serverOf returns the address that r is sent to; the port is the scheme's
// when the URL has none, because the client convention requires one.
func serverOf(r *http.Request) (host string, port int) {
	host, port = splitHostPort(r.URL.Host)
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

// Span returns the span of the call.
func (c *Call) Span() trace.Span { return c.span }

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
	attrs := make([]attribute.KeyValue, 0, 3)
	attrs = append(attrs, semconv.HTTPResponseStatusCode(res.StatusCode))
	if c.key.protocol != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(c.key.protocol))
	}
	if c.key.errorType != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(c.key.errorType))
		c.span.SetStatus(codes.Error, "")
	}
	c.span.SetAttributes(attrs...)
}

// End ends the span and records the duration. A non-nil err is one of the
// transport, before or after the response's head.
func (c *Call) End(err error) {
	if err != nil {
		c.fail(err)
	}
	c.span.End()
	c.measure(time.Since(c.start))
}

// Abandon ends a call whose response nobody read to its end or closed. When
// they lost interest is not known, so it ends where the response's head came.
func (c *Call) Abandon() {
	c.span.End(trace.WithTimestamp(c.head))
	c.measure(c.head.Sub(c.start))
}

func (c *Call) measure(took time.Duration) {
	if inst := c.client.duration.Inst(); inst.Enabled(c.ctx) {
		inst.Record(c.ctx, took.Seconds(), c.client.sets.Get(c.key, clientKey.attributes)...)
	}
}

func (c *Call) fail(err error) {
	c.key.errorType = errtype.Name(err)
	if c.span.IsRecording() {
		c.span.SetAttributes(semconv.ErrorTypeKey.String(c.key.errorType))
		message := c.client.cfg.Redactor.Error(err)
		c.span.SetStatus(codes.Error, attrtext.Clean(message, maxHeaderBytes))
		recordError(c.span, err, message)
	}
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
