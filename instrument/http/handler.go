package ttloghttp

import (
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

type handler struct {
	cfg    config
	server *httpsemconv.Server
	next   http.Handler
}

// NewHandler returns a handler that serves with h and records each request as
// a span and in the metrics http.server.request.duration,
// http.server.active_requests, http.server.request.body.size and
// http.server.response.body.size. The optional interfaces of the response
// writer (Flusher, Hijacker, ReaderFrom, Pusher, and all that
// [http.ResponseController] finds) stay what they are.
//
// A panic of h is recorded and goes on. A nil h means [http.DefaultServeMux].
func NewHandler(h http.Handler, opts ...Option) http.Handler {
	if h == nil {
		h = http.DefaultServeMux
	}
	return Middleware(opts...)(h)
}

// Middleware is [NewHandler] in the form that routers take.
func Middleware(opts ...Option) func(http.Handler) http.Handler {
	cfg := newConfig(opts)
	server := cfg.server()
	return func(next http.Handler) http.Handler {
		return &handler{cfg: cfg, server: server, next: next}
	}
}

// exchange is the state of one request; but for route it is owned by the
// goroutine that serves it. The writer is part of it to make one allocation of
// two.
type exchange struct {
	httpsemconv.Exchange
	writer writer
	before string // the route as far as it is known before the request is served
	// matched is what was reported from further inside. [http.TimeoutHandler]
	// serves in a goroutine of its own, which may outlive the request.
	matched atomic.Pointer[match]
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.server.Off(r.Context()) || !h.cfg.traced(r) {
		h.next.ServeHTTP(w, r)
		return
	}
	e := &exchange{before: h.routeBefore(r)}
	ctx := h.server.Start(r, e.before, &e.Exchange)
	e.writer.base, e.writer.request = w, r
	if e.WriteEvents() {
		e.writer.wrote = e.Wrote
	}
	more := ctx
	if h.cfg.context != nil {
		more = h.cfg.context(ctx)
	}
	inner := e.Inner(r, e.Within(more, e))

	finished := false
	defer func() {
		out := httpsemconv.Outcome{Status: e.writer.status, Size: e.writer.size}
		if !finished {
			// Nil after all when the goroutine is leaving (runtime.Goexit).
			out.Panic = recover()
		}
		out.Left = !e.writer.hijacked && (out.Status == 0 || e.writer.late) && httpsemconv.Left(r)
		switch {
		case e.writer.hijacked:
			out.Size = -1
		case out.Left:
			out.Status = 0
		case finished && out.Status == 0:
			out.Status = http.StatusOK
		}
		out.Route = h.routeAfter(r, inner, e)
		e.End(ctx, inner, out)
		if out.Panic != nil {
			panic(out.Panic)
		}
	}()
	h.next.ServeHTTP(e.writer.wrap(), inner)
	finished = true
}

// routeBefore returns the route when it is known before the request is served:
// this handler is inside the mux, or was told of it.
func (h *handler) routeBefore(r *http.Request) string {
	if route := routeOfPattern(r.Pattern); route != "" {
		return route
	}
	// Of a CONNECT request it is not known before whether ServeMux redirects it.
	if h.cfg.mux != nil && r.Method != http.MethodConnect {
		_, pattern := h.cfg.mux.Handler(r)
		return routeOfPattern(pattern)
	}
	return ""
}

// routeAfter returns the route as far as it is known here, and passes it on to
// an instrumented handler around this one.
func (h *handler) routeAfter(r, inner *http.Request, e *exchange) string {
	m := match{path: r.URL.EscapedPath()}
	if h.cfg.route != nil {
		m.route = h.cfg.route(inner)
	} else {
		m.route = routeOfPattern(inner.Pattern)
	}
	if reported := e.matched.Load(); reported != nil {
		m = m.around(*reported)
	}
	if r.Method == http.MethodConnect && e.writer.status == http.StatusTemporaryRedirect {
		// The pattern of this redirect is the path that the client asked for
		// (see http.ServeMux), so a client could make up any number of routes.
		m.route = ""
	}
	if e.before != "" {
		before := match{route: e.before, path: r.URL.EscapedPath()}
		if r.Pattern != "" {
			// The mux around this handler may have cut off what it matched.
			before.path, _, _ = strings.Cut(r.RequestURI, "?")
		}
		m = before.around(m)
	}
	report(r.Context(), nil, m)
	return m.route
}
