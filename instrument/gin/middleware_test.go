package ttloggin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	"github.com/ttlog/ttlog/internal/conformance"
)

func init() { gin.SetMode(gin.TestMode) }

var traceContext = propagation.TraceContext{}

func options(tp trace.TracerProvider, mp metric.MeterProvider, more ...Option) []Option {
	return append([]Option{WithTracerProvider(tp), WithMeterProvider(mp), WithPropagators(traceContext)}, more...)
}

// engine answers 200 at /items/:id and 500 at /broken.
func engine(middlewares ...gin.HandlerFunc) *gin.Engine {
	e := gin.New()
	e.Use(middlewares...)
	e.GET("/items/:id", func(c *gin.Context) { c.String(200, c.Param("id")) })
	e.GET("/broken", func(c *gin.Context) { c.Status(500) })
	return e
}

func TestConformance(t *testing.T) {
	conformance.Run(t, conformance.Subject{
		Scope: ScopeName, Kind: trace.SpanKindServer, Metric: "http.server.request.duration",
		Required: []string{
			"http.request.method", "url.scheme", "url.path", "http.route", "http.response.status_code",
			"server.address", "client.address", "network.peer.address", "network.protocol.version",
		},
		Measured: []string{"http.request.method", "url.scheme", "http.route", "http.response.status_code"},
		OKName:   "GET /items/:id", FailName: "GET /broken", ErrorType: "500",
		Open: func(t testing.TB, tp trace.TracerProvider, mp metric.MeterProvider) (ok, fails conformance.Operation) {
			h := engine(Middleware(options(tp, mp)...))
			do := func(path string) conformance.Operation {
				return func(ctx context.Context, t testing.TB) {
					r := httptest.NewRequest(http.MethodGet, path, nil)
					traceContext.Inject(ctx, propagation.HeaderCarrier(r.Header))
					h.ServeHTTP(httptest.NewRecorder(), r)
				}
			}
			return do("/items/7?q=1"), do("/broken")
		},
	})
}

func request(e *gin.Engine, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestMiddleware_UnmatchedRoute(t *testing.T) {
	rec := conformance.NewRecorder(t)
	request(engine(Middleware(options(rec.Tracers, rec.Meters)...)), "/nothing/here")
	span := rec.One(t)
	if span.Name() != "GET" {
		t.Errorf("span is called %q, want GET", span.Name())
	}
	conformance.Want(t, span, map[string]string{"http.route": "-", "http.response.status_code": "404", "error.type": "-"})
	p := rec.Histogram(t, "http.server.request.duration")[0]
	if v, ok := conformance.Texts(p.Attributes.ToSlice())["http.route"]; ok {
		t.Errorf("the metric has http.route %q", v)
	}
}

func TestMiddleware_ErrorsAreEventsNotStatus(t *testing.T) {
	rec := conformance.NewRecorder(t)
	e := engine(Middleware(options(rec.Tracers, rec.Meters)...))
	e.GET("/tried", func(c *gin.Context) {
		for range maxErrorEvents + 3 {
			_ = c.Error(io.ErrUnexpectedEOF)
		}
		c.Status(200)
	})
	request(e, "/tried")
	span := rec.One(t)
	if span.Status().Code != codes.Unset || len(span.Events()) != maxErrorEvents {
		t.Errorf("status %v, %d events", span.Status(), len(span.Events()))
	}
	got := conformance.Texts(span.Events()[0].Attributes)
	if got["exception.type"] != "io.ErrUnexpectedEOF" || got["exception.message"] != "unexpected EOF" {
		t.Errorf("event has %v", got)
	}
	conformance.Want(t, span, map[string]string{"gin.errors.dropped": "3", "error.type": "-"})
}

// TestMiddleware_StatusOfUpgrade tells a connection that was hijacked, whose
// answer is not known, from an empty answer to a request that offered to switch.
func TestMiddleware_StatusOfUpgrade(t *testing.T) {
	rec := conformance.NewRecorder(t)
	served := make(chan struct{}, 1)
	e := engine(func(c *gin.Context) { c.Next(); served <- struct{}{} }, Middleware(options(rec.Tracers, rec.Meters)...))
	e.GET("/hijacked", func(c *gin.Context) {
		conn, _, err := c.Writer.Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		_ = conn.Close()
	})
	e.GET("/empty", func(c *gin.Context) { c.Writer.WriteHeaderNow() })
	server := httptest.NewServer(e)
	defer server.Close()
	for path, want := range map[string]string{"/hijacked": "-", "/empty": "200"} {
		rec.Reset()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Upgrade", "h2c")
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		<-served
		conformance.Want(t, rec.One(t), map[string]string{"http.route": path, "http.response.status_code": want})
	}
}

func TestMiddleware_PanicWithRecoveryOutside(t *testing.T) {
	rec := conformance.NewRecorder(t)
	e := engine(gin.RecoveryWithWriter(io.Discard), Middleware(options(rec.Tracers, rec.Meters)...))
	e.GET("/boom", func(*gin.Context) { panic(errors.New("boom")) })
	if w := request(e, "/boom"); w.Code != 500 {
		t.Errorf("response is %d, want 500", w.Code)
	}
	span := rec.One(t)
	conformance.Want(t, span, map[string]string{"http.route": "/boom", "http.response.status_code": "500", "error.type": "*errors.errorString"})
	if len(span.Events()) != 1 || span.Status().Code != codes.Error {
		t.Errorf("events %v, status %v", span.Events(), span.Status())
	} else if stack := conformance.Texts(span.Events()[0].Attributes)["exception.stacktrace"]; !strings.Contains(stack, "PanicWithRecoveryOutside") {
		t.Errorf("the stack does not show who panicked:\n%s", stack)
	}
	if n := len(rec.Histogram(t, "http.server.request.duration")); n != 1 {
		t.Errorf("%d metric points, want 1", n)
	}
}

func TestMiddleware_PanicWithRecoveryInside(t *testing.T) {
	rec := conformance.NewRecorder(t)
	e := engine(Middleware(options(rec.Tracers, rec.Meters)...), gin.RecoveryWithWriter(io.Discard))
	e.GET("/boom", func(*gin.Context) { panic("boom") })
	request(e, "/boom")
	conformance.Want(t, rec.One(t), map[string]string{"http.route": "/boom", "http.response.status_code": "500", "error.type": "500"})
}

func TestMiddleware_PanicGoesOn(t *testing.T) {
	rec := conformance.NewRecorder(t)
	e := engine(Middleware(options(rec.Tracers, rec.Meters)...))
	e.GET("/boom", func(*gin.Context) { panic("boom") })
	defer func() {
		if got := recover(); got != "boom" {
			t.Errorf("recovered %v", got)
		}
		conformance.Want(t, rec.One(t), map[string]string{"error.type": "panic"})
	}()
	request(e, "/boom")
}

func TestMiddleware_Context(t *testing.T) {
	rec := conformance.NewRecorder(t)
	var inRequest, inGin, outside trace.SpanContext
	e := gin.New()
	e.ContextWithFallback = true
	e.Use(func(c *gin.Context) {
		c.Next()
		outside = trace.SpanContextFromContext(c.Request.Context())
	}, Middleware(options(rec.Tracers, rec.Meters)...))
	e.GET("/", func(c *gin.Context) {
		inRequest, inGin = trace.SpanContextFromContext(c.Request.Context()), trace.SpanContextFromContext(c)
	})
	request(e, "/")
	want := rec.One(t).SpanContext()
	for what, got := range map[string]trace.SpanContext{"request": inRequest, "gin context": inGin, "outer middleware": outside} {
		if !got.Equal(want) {
			t.Errorf("%s sees span %v, want %v", what, got.SpanID(), want.SpanID())
		}
	}
}

func TestMiddleware_Options(t *testing.T) {
	rec := conformance.NewRecorder(t)
	request(engine(Middleware(options(rec.Tracers, rec.Meters, WithFilter(func(c *gin.Context) bool { return c.FullPath() != "/broken" }))...)), "/broken")
	if n := len(rec.Spans()); n != 0 {
		t.Errorf("%d spans of a request that is left out", n)
	}
	request(engine(Middleware(options(rec.Tracers, rec.Meters,
		WithSpanNameFormatter(func(route string, _ *http.Request) string { return "x " + route }),
		WithRedactedQueryKeys("ssn"), WithPublicEndpoint())...)), "/items/1?ssn=2")
	if got := rec.One(t).Name(); got != "x /items/:id" {
		t.Errorf("span is called %q", got)
	}
	conformance.Want(t, rec.One(t), map[string]string{"url.query": "ssn=REDACTED"})
}

func BenchmarkMiddleware(b *testing.B) {
	run := func(b *testing.B, e *gin.Engine) {
		b.Helper()
		r, w := httptest.NewRequest(http.MethodGet, "/items/7?q=1", nil), httptest.NewRecorder()
		b.ReportAllocs()
		for b.Loop() {
			w.Body.Reset()
			e.ServeHTTP(w, r)
		}
	}
	b.Run("bare", func(b *testing.B) { run(b, engine()) })
	b.Run("sdk=none", func(b *testing.B) { run(b, engine(Middleware(options(nil, nil)...))) })
	rec := conformance.NewRecorder(b)
	quiet := options(conformance.Discarding(), rec.Meters)
	b.Run("sdk=sampled", func(b *testing.B) { run(b, engine(Middleware(quiet...))) })
}

func TestMiddleware_ErrorsThatPanic(t *testing.T) {
	for text, faulty := range conformance.FaultyErrors() {
		rec := conformance.NewRecorder(t)
		e := engine(Middleware(options(rec.Tracers, rec.Meters)...))
		e.GET("/tried", func(c *gin.Context) {
			c.Errors = append(c.Errors, &gin.Error{Err: faulty}) // c.Error asks the error itself
			c.Status(200)
		})
		request(e, "/tried")
		events := rec.One(t).Events()
		if len(events) != 1 || conformance.Texts(events[0].Attributes)["exception.message"] != text {
			t.Errorf("the events are %v, want one that says %s", events, text)
		}
	}
}

// TestMiddleware_Route leaves out a route that matches everything, and tells a
// handler of net/http around the engine.
func TestMiddleware_Route(t *testing.T) {
	f := func(path string, names ...string) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		router := gin.New()
		router.Use(Middleware(WithTracerProvider(rec.Tracers), WithMeterProvider(rec.Meters)))
		router.GET("/items/:id", func(*gin.Context) {})
		router.GET("/files/*path", func(*gin.Context) {})
		router.OPTIONS("/*any", func(*gin.Context) {})
		method, path, _ := strings.Cut(path, " ")
		around := ttloghttp.NewHandler(router, ttloghttp.WithTracerProvider(rec.Tracers), ttloghttp.WithMeterProvider(rec.Meters))
		around.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
		if got := conformance.Names(rec.Spans()); !slices.Equal(got, names) {
			t.Errorf("%s: spans %q, want %q", path, got, names)
		}
	}
	f("GET /items/7", "GET /items/:id", "GET /items/:id")
	f("GET /files/a/b", "GET /files/*path", "GET /files/*path")
	f("OPTIONS /anything", "OPTIONS", "OPTIONS")
}
