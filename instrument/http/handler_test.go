package ttloghttp

import (
	"bufio"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/ttlog/ttlog/internal/conformance"
)

// serve sends one request to h, recorded by r.
func serve(r *conformance.Recorder, h http.Handler, req *http.Request, opts ...Option) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	NewHandler(h, options(r.Tracers, r.Meters, opts...)...).ServeHTTP(w, req)
	return w
}

// renew is a middleware that makes a new request.
func renew(next http.Handler) http.Handler {
	type key struct{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, 1)))
	})
}

func TestHandler_Route(t *testing.T) {
	f := func(what string, h http.Handler, path, name string, opts ...Option) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		serve(rec, h, httptest.NewRequest(http.MethodGet, path, nil), opts...)
		span := rec.One(t)
		if span.Name() != name {
			t.Errorf("%s: span is called %q, want %q", what, span.Name(), name)
		}
		_, route, ok := strings.Cut(name, " ")
		if !ok {
			route = "-"
		}
		conformance.Want(t, span, map[string]string{"http.route": route})
		p := rec.Histogram(t, "http.server.request.duration")[0]
		if got := conformance.Texts(p.Attributes.ToSlice())["http.route"]; ok && got != route {
			t.Errorf("%s: metric's route is %q, want %q", what, got, route)
		}
	}
	f("mux", shop(), "/items/7", "GET /items/{id}")
	f("no match", shop(), "/nothing", "GET")
	f("hidden mux with Routes", renew(Routes(shop())), "/items/7", "GET /items/{id}")
	f("hidden mux told", renew(shop()), "/items/7", "GET /items/{id}", WithServeMux(shop()))
	f("hidden mux told, no match", renew(shop()), "/nothing", "GET", WithServeMux(shop()))
	f("other router", http.NotFoundHandler(), "/x", "GET /x/:id", WithRoute(func(*http.Request) string { return "/x/:id" }))
	f("other router, no match", http.NotFoundHandler(), "/x", "GET", WithRoute(func(*http.Request) string { return "" }))
	f("inner handler", renew(NewHandler(shop(), WithTracerProvider(tracenoop.NewTracerProvider()))), "/items/7", "GET /items/{id}")
	host := http.NewServeMux()
	host.HandleFunc("GET example.com/{$}", func(http.ResponseWriter, *http.Request) {})
	f("host and end", host, "http://example.com/", "GET /")

	// Muxes in muxes. What a client writes in the place of a wildcard never
	// becomes part of the route.
	at := func(pattern string, h http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle(pattern, h)
		return mux
	}
	strip := func(segments int, h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			prefix := strings.Join(strings.SplitN(r.URL.Path, "/", segments+2)[:segments+1], "/")
			http.StripPrefix(prefix, h).ServeHTTP(w, r)
		})
	}
	f("mux in a mux", at("/items/", shop()), "/items/7", "GET /items/{id}")
	f("stripped, Routes inside", at("/v1/", strip(1, Routes(shop()))), "/v1/items/7", "GET /v1/items/{id}")
	f("stripped, Routes on both", Routes(at("/v1/", strip(1, Routes(shop())))), "/v1/items/7", "GET /v1/items/{id}")
	f("three muxes", renew(Routes(at("/api/", strip(1, Routes(at("/v1/", strip(1, Routes(shop())))))))), "/api/v1/items/7", "GET /api/v1/items/{id}")
	f("stripped within what the outer one matched", Routes(at("/api/{tenant}/v1/", strip(2, Routes(at("/v1/items/{id}", http.NotFoundHandler()))))), "/api/acme/v1/items/7", "GET /api/{tenant}/v1/items/{id}")
	f("stripped of a wildcard's end", Routes(at("/v1/{rest...}", strip(1, Routes(shop())))), "/v1/items/7", "GET /v1/items/{id}")
	f("stripped under a catch-all", Routes(at("/", strip(1, Routes(shop())))), "/acme/items/7", "GET /items/{id}")
	f("stripped, nothing matched inside", at("/v1/", strip(1, Routes(shop()))), "/v1/nothing", "GET /v1/")
	f("stripped, a catch-all inside", at("/v1/", strip(1, Routes(at("/", http.NotFoundHandler())))), "/v1/x", "GET /v1/")
	f("stripped, told", renew(at("/v1/", strip(1, Routes(shop())))), "/v1/items/7", "GET /v1/items/{id}", WithServeMux(at("/v1/", http.NotFoundHandler()).(*http.ServeMux)))
	f("stripped, handler inside", at("/v1/", strip(1, NewHandler(shop(), WithTracerProvider(tracenoop.NewTracerProvider())))), "/v1/items/7", "GET /v1/items/{id}")
	f("escaped", at("/v1/", strip(1, Routes(shop()))), "/v1/items/a%2Fb", "GET /v1/items/{id}")
	f("a catch-all", at("/", http.NotFoundHandler()), "/x", "GET")
	f("a catch-all with a name", at("GET /{rest...}", http.NotFoundHandler()), "/x", "GET")
	f("another mux after a miss", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		renew(Routes(at("/items/", http.NotFoundHandler()))).ServeHTTP(httptest.NewRecorder(), r)
		renew(Routes(shop())).ServeHTTP(w, r)
	}), "/items/7", "GET /items/{id}")
	f("SetRoute goes first", Routes(at("/v1/", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		SetRoute(r.Context(), "/v1/{anything}")
	}))), "/v1/x", "GET /v1/{anything}")

	// Inside of a mux that strips, the route is known from what stands around.
	for _, h := range []func(http.Handler) http.Handler{func(h http.Handler) http.Handler { return h }, renew} {
		rec := conformance.NewRecorder(t)
		inside := at("/v1/", strip(1, NewHandler(h(Routes(shop())), options(rec.Tracers, rec.Meters)...)))
		inside.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/items/7?q=1", nil))
		if got := rec.One(t).Name(); got != "GET /v1/items/{id}" {
			t.Errorf("inside of a mux the span is called %q", got)
		}
	}

	// Around one route the pattern is known before, so a sampler sees it.
	rec := conformance.NewRecorder(t, routeSampler{t})
	mux := http.NewServeMux()
	mux.Handle("/known/{id}", NewHandler(http.NotFoundHandler(), options(rec.Tracers, rec.Meters)...))
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/known/1", nil))
	if got := rec.One(t).Name(); got != "GET /known/{id}" {
		t.Errorf("span is called %q", got)
	}
}

// TestHandler_RouteOfConnect covers the pattern that ServeMux reports when it
// redirects a CONNECT request: it is the path that the client made up.
func TestHandler_RouteOfConnect(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/users/{id}/", http.NotFoundHandler())
	f := func(path, name string, h http.Handler, opts ...Option) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		req := httptest.NewRequest(http.MethodGet, path, nil)
		req.Method = http.MethodConnect
		serve(rec, h, req, opts...)
		if got := rec.One(t).Name(); got != name {
			t.Errorf("span is called %q, want %q", got, name)
		}
	}
	f("/users/7/", "CONNECT /users/{id}/", mux)
	f("/users/made-up", "CONNECT", mux)
	f("/users/made-up", "CONNECT", renew(Routes(mux)))
	f("/users/made-up", "CONNECT", renew(mux), WithServeMux(mux))
}

// TestHandler_RouteKnownBefore keeps span and metric together when the handler
// stands inside of a mux and the router in it finds nothing.
func TestHandler_RouteKnownBefore(t *testing.T) {
	rec := conformance.NewRecorder(t)
	mux := http.NewServeMux()
	mux.Handle("/api/", NewHandler(http.NotFoundHandler(), options(rec.Tracers, rec.Meters, WithRoute(func(*http.Request) string { return "" }))...))
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/x", nil))
	conformance.Want(t, rec.One(t), map[string]string{"http.route": "/api/"})
	p := rec.Histogram(t, "http.server.request.duration")[0]
	if got := conformance.Texts(p.Attributes.ToSlice())["http.route"]; got != "/api/" {
		t.Errorf("metric's route is %q", got)
	}
}

// TestHandler_RouteAfterTimeout lets the route become known while the request
// ends: http.TimeoutHandler serves in a goroutine of its own. It shows what it
// shows under the race detector.
func TestHandler_RouteAfterTimeout(t *testing.T) {
	rec := conformance.NewRecorder(t)
	mux := http.NewServeMux()
	returned := make(chan struct{})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	routes := Routes(mux)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(returned)
		routes.ServeHTTP(w, r)
	})
	serve(rec, http.TimeoutHandler(h, time.Millisecond, ""), httptest.NewRequest(http.MethodGet, "/slow", nil), WithServeMux(mux))
	<-returned
	conformance.Want(t, rec.One(t), map[string]string{"http.response.status_code": "503", "http.route": "/slow"})
}

type routeSampler struct{ t *testing.T }

func (s routeSampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if got := conformance.Texts(p.Attributes)["http.route"]; got != "/known/{id}" {
		s.t.Errorf("the sampler sees route %q", got)
	}
	return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
}

func (routeSampler) Description() string { return "" }

func TestHandler_Attributes(t *testing.T) {
	rec := conformance.NewRecorder(t)
	req := httptest.NewRequest("BREW", "https://user:pw@shop.test:8443/pot?token=secret&size=2", nil)
	req.Header.Set("User-Agent", "kettle/1\xff")
	req.Header.Set("X-Forwarded-For", "203.0.113.9, 10.0.0.1")
	req.RemoteAddr = "[::1]:5555"
	serve(rec, shop(), req)
	span := rec.One(t)
	if span.Name() != "HTTP" {
		t.Errorf("span is called %q, want HTTP", span.Name())
	}
	conformance.Want(t, span, map[string]string{
		"http.request.method": "_OTHER", "http.request.method_original": "BREW", "url.scheme": "https", "url.path": "/pot",
		"url.query": "token=REDACTED&size=2", "server.address": "shop.test", "server.port": "8443",
		"client.address": "::1", "network.peer.address": "::1", "network.peer.port": "5555",
		"http.response.status_code": "404", "error.type": "-", "user_agent.original": "kettle/1\uFFFD",
	})
	if span.Status().Code != codes.Unset {
		t.Errorf("404 gives a server span the status %v", span.Status())
	}
}

func TestHandler_Forwarded(t *testing.T) {
	f := func(what, peer string, header map[string]string, want map[string]string) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		req := httptest.NewRequest(http.MethodGet, "http://inner:8080/items/1", nil)
		req.RemoteAddr = peer + ":999"
		for k, v := range header {
			req.Header.Set(k, v)
		}
		serve(rec, shop(), req, WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8")))
		t.Log(what)
		conformance.Want(t, rec.One(t), want)
		p := rec.Histogram(t, "http.server.request.duration")[0]
		if got := conformance.Texts(p.Attributes.ToSlice())["url.scheme"]; got != want["url.scheme"] {
			t.Errorf("%s: measured with the scheme %q", what, got)
		}
	}
	shopBehind := map[string]string{"url.scheme": "https", "server.address": "shop.example", "server.port": "-"}
	with := func(client string) map[string]string {
		m := maps.Clone(shopBehind)
		m["client.address"] = client
		return m
	}
	inner := map[string]string{"url.scheme": "http", "server.address": "inner", "server.port": "8080", "client.address": "192.0.2.1"}
	forwarded := map[string]string{"Forwarded": `for="[2001:db8::1]:4711";proto=https;host=shop.example, for=10.0.0.1`}
	x := map[string]string{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}
	f("Forwarded", "10.0.0.2", forwarded, with("2001:db8::1"))
	f("X-Forwarded", "10.0.0.2", x, with("203.0.113.9"))
	f("anybody's Forwarded", "192.0.2.1", forwarded, inner)
	f("anybody's X-Forwarded", "192.0.2.1", x, inner)
	// What the client has put before what the trusted ones appended.
	f("Forwarded, forged", "10.0.0.2", map[string]string{
		"Forwarded": `for=1.1.1.1;proto=http;host=evil, for=203.0.113.9;proto=https;host=shop.example, for=10.0.0.1`,
	}, with("203.0.113.9"))
	f("X-Forwarded, forged", "10.0.0.2", map[string]string{
		"X-Forwarded-For": "1.1.1.1, 203.0.113.9, 10.0.0.1", "X-Forwarded-Proto": "http,https,http", "X-Forwarded-Host": "evil, shop.example, inner2",
	}, with("203.0.113.9"))
}

func TestHandler_HostileRequest(t *testing.T) {
	rec := conformance.NewRecorder(t)
	req := httptest.NewRequest(http.MethodGet, "/%ff%00?%ff=%zz;&=&token", nil)
	req.Method = strings.Repeat("\xff", 10_000)
	req.Host = strings.Repeat("h", 10_000) + ":99999"
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "User-Agent", "Traceparent"} {
		req.Header.Set(h, strings.Repeat("\xff;=,\"[", 2_000))
	}
	serve(rec, shop(), req)
	for _, a := range rec.One(t).Attributes() {
		if v := a.Value.String(); !utf8.ValidString(v) || len(v) > 9_000 {
			t.Errorf("%s: %d bytes, valid %v", a.Key, len(v), utf8.ValidString(v))
		}
	}
}

func TestHandler_Panic(t *testing.T) {
	f := func(value any, before func(http.ResponseWriter), status, errorType string) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		mux := http.NewServeMux()
		mux.HandleFunc("/boom", func(w http.ResponseWriter, _ *http.Request) {
			before(w)
			panic(value)
		})
		func() {
			defer func() {
				if got := recover(); got != value {
					t.Errorf("the panic goes on as %v, want %v", got, value)
				}
			}()
			serve(rec, mux, httptest.NewRequest(http.MethodGet, "/boom", nil))
		}()
		span := rec.One(t)
		conformance.Want(t, span, map[string]string{"http.route": "/boom", "http.response.status_code": status, "error.type": errorType})
		if span.Status().Code != codes.Error || len(span.Events()) != 1 || span.Events()[0].Name != "exception" {
			t.Errorf("status %v, events %v", span.Status(), span.Events())
		} else if stack := conformance.Texts(span.Events()[0].Attributes)["exception.stacktrace"]; !strings.Contains(stack, "TestHandler_Panic") {
			t.Errorf("the stack does not show who panicked:\n%s", stack)
		}
		if n := len(rec.Histogram(t, "http.server.request.duration")); n != 1 {
			t.Errorf("%d metric points, want 1", n)
		}
	}
	nothing := func(http.ResponseWriter) {}
	f("boom", nothing, "500", "panic")
	f(io.ErrUnexpectedEOF, nothing, "500", "io.ErrUnexpectedEOF")
	f(http.ErrAbortHandler, nothing, "-", "net/http.ErrAbortHandler")
	f("late", func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) }, "202", "panic")
}

func TestHandler_StatusOfInformationalAndImplicit(t *testing.T) {
	f := func(want string, h http.HandlerFunc) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		serve(rec, h, httptest.NewRequest(http.MethodGet, "/", nil))
		conformance.Want(t, rec.One(t), map[string]string{"http.response.status_code": want})
	}
	f("200", func(http.ResponseWriter, *http.Request) {})
	f("200", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nil) })
	f("201", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusCreated)
		w.WriteHeader(http.StatusInternalServerError)
	})
	f("200", func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		w.WriteHeader(http.StatusInternalServerError)
	})
}

func TestHandler_PublicEndpoint(t *testing.T) {
	f := func(linked bool, opt Option) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		ctx, parent := conformance.Parent(t.Context())
		req := httptest.NewRequest(http.MethodGet, "/items/1", nil)
		traceContext.Inject(ctx, propagation.HeaderCarrier(req.Header))
		serve(rec, shop(), req, opt)
		span := rec.One(t)
		if got := span.Parent().IsValid(); got == linked {
			t.Errorf("has a parent: %v, want %v", got, !linked)
		}
		if got := len(span.Links()) == 1 && span.Links()[0].SpanContext.SpanID() == parent.SpanContext().SpanID(); got != linked {
			t.Errorf("is linked: %v, want %v", got, linked)
		}
	}
	f(true, WithPublicEndpoint())
	f(true, WithPublicEndpoint(func(*http.Request) bool { return true }))
	f(false, WithPublicEndpoint(func(*http.Request) bool { return false }))
}

// TestHandler_Nested gives an instrumented handler inside of another the outer
// span as its parent: the headers have been read, and what the outer one made
// of them (a link, at a public endpoint) must stand.
func TestHandler_Nested(t *testing.T) {
	rec := conformance.NewRecorder(t)
	ctx, _ := conformance.Parent(t.Context())
	req := httptest.NewRequest(http.MethodGet, "/items/1", nil)
	traceContext.Inject(ctx, propagation.HeaderCarrier(req.Header))
	serve(rec, NewHandler(shop(), options(rec.Tracers, rec.Meters)...), req, WithPublicEndpoint())
	spans := rec.Spans()
	if len(spans) != 2 {
		t.Fatalf("spans %q, want 2", conformance.Names(spans))
	}
	if got, want := spans[0].Parent().SpanID(), spans[1].SpanContext().SpanID(); got != want {
		t.Errorf("the inner span's parent is %v, want %v", got, want)
	}
}

func TestHandler_FilterAndName(t *testing.T) {
	rec := conformance.NewRecorder(t)
	serve(rec, shop(), httptest.NewRequest(http.MethodGet, "/items/1", nil), WithFilter(func(r *http.Request) bool { return r.URL.Path != "/items/1" }))
	if n := len(rec.Spans()); n != 0 {
		t.Errorf("%d spans of a request that is left out", n)
	}
	serve(rec, shop(), httptest.NewRequest(http.MethodGet, "/items/2", nil), WithSpanNameFormatter(func(route string, r *http.Request) string { return "x " + route }))
	if got := rec.One(t).Name(); got != "x /items/{id}" {
		t.Errorf("span is called %q", got)
	}
}

// The parts of a response writer, to be put together.
type (
	base    struct{ http.ResponseWriter }
	flush   struct{}
	hijack  struct{}
	readsFr struct{}
	push    struct{}
)

func (flush) Flush()                                        {}
func (hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, nil }
func (readsFr) ReadFrom(r io.Reader) (int64, error)         { return io.Copy(io.Discard, r) }
func (push) Push(string, *http.PushOptions) error           { return nil }

func TestWriter_KeepsOptionalInterfaces(t *testing.T) {
	b := base{httptest.NewRecorder()}
	type none struct{ http.ResponseWriter }
	for _, w := range []http.ResponseWriter{
		none{b},
		struct {
			base
			flush
		}{base: b},
		struct {
			base
			hijack
		}{base: b},
		struct {
			base
			readsFr
		}{base: b},
		struct {
			base
			push
		}{base: b},
		struct {
			base
			flush
			hijack
		}{base: b},
		struct {
			base
			flush
			readsFr
		}{base: b},
		struct {
			base
			flush
			push
		}{base: b},
		struct {
			base
			hijack
			readsFr
		}{base: b},
		struct {
			base
			hijack
			push
		}{base: b},
		struct {
			base
			readsFr
			push
		}{base: b},
		struct {
			base
			flush
			hijack
			readsFr
		}{base: b},
		struct {
			base
			flush
			hijack
			push
		}{base: b},
		struct {
			base
			flush
			readsFr
			push
		}{base: b},
		struct {
			base
			hijack
			readsFr
			push
		}{base: b},
		struct {
			base
			flush
			hijack
			readsFr
			push
		}{base: b},
	} {
		got, want := interfaces((&writer{base: w}).wrap()), interfaces(w)
		if got != want {
			t.Errorf("%T: wrapped has %v, want %v", w, got, want)
		}
	}
}

func interfaces(w http.ResponseWriter) (has [4]bool) {
	_, has[0] = w.(http.Flusher)
	_, has[1] = w.(http.Hijacker)
	_, has[2] = w.(io.ReaderFrom)
	_, has[3] = w.(http.Pusher)
	return has
}

func TestWriter_AgainstRealServer(t *testing.T) {
	rec := conformance.NewRecorder(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader("hello"))
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, _ *http.Request) {
		c := http.NewResponseController(w)
		later := time.Now().Add(time.Hour)
		for _, err := range []error{c.SetReadDeadline(later), c.SetWriteDeadline(later), c.EnableFullDuplex(), c.Flush()} {
			if err != nil {
				t.Errorf("response controller: %v", err)
			}
		}
	})
	mux.HandleFunc("/hijack", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		_ = conn.Close()
	})
	f := func(version string, server *httptest.Server, statuses map[string]string) {
		t.Helper()
		defer server.Close()
		for path, want := range statuses {
			rec.Reset()
			res, err := server.Client().Get(server.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			waitFor(t, func() bool { return len(rec.Spans()) == 1 })
			conformance.Want(t, rec.One(t), map[string]string{
				"http.response.status_code": want, "http.route": path, "network.protocol.version": version,
			})
		}
	}
	h := NewHandler(mux, options(rec.Tracers, rec.Meters)...)
	f("1.1", httptest.NewServer(h), map[string]string{"/file": "200", "/stream": "200", "/hijack": "-"})
	secure := httptest.NewUnstartedServer(h)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	f("2", secure, map[string]string{"/file": "200", "/stream": "200"})
}

// TestHandler_UpgradeThroughProxy switches the protocol through an instrumented
// proxy with an instrumented transport, and ends it one half after the other, as
// WebSocket libraries may.
func TestHandler_UpgradeThroughProxy(t *testing.T) {
	rec := conformance.NewRecorder(t)
	opts := options(rec.Tracers, rec.Meters)
	backend := httptest.NewServer(NewHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		heard, _ := io.ReadAll(rw) // to the end of the other half
		_, _ = conn.Write(heard)
	}), opts...))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = NewTransport(nil, opts...)
	front := httptest.NewServer(NewHandler(proxy, opts...))
	defer front.Close()

	conn, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	res, err := http.ReadResponse(reader, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("response %v, %v", res, err)
	}
	_, _ = io.WriteString(conn, "hello")
	_ = conn.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(reader); err != nil || string(got) != "hello" {
		t.Errorf("echo is %q, %v", got, err)
	}
	waitFor(t, func() bool { return len(rec.Spans()) == 3 })
	var statuses []string
	for _, s := range rec.Spans() {
		conformance.Want(t, s, map[string]string{"error.type": "-"})
		statuses = append(statuses, conformance.Attributes(s)["http.response.status_code"])
	}
	slices.Sort(statuses)
	// The proxy hijacks its connection before it answers, so nobody sees how.
	if want := []string{"", "101", "101"}; !slices.Equal(statuses, want) {
		t.Errorf("statuses %q, want %q", statuses, want)
	}
}

func TestHandler_ContextCarriesSpan(t *testing.T) {
	rec := conformance.NewRecorder(t)
	var seen trace.SpanContext
	serve(rec, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = trace.SpanContextFromContext(r.Context())
	}), httptest.NewRequest(http.MethodGet, "/", nil))
	if got := rec.One(t).SpanContext(); !got.Equal(seen) {
		t.Errorf("the handler sees %v, want %v", seen, got)
	}
}

// waitFor waits for what another goroutine does.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("still not done")
		}
	}
}
