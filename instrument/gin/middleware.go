package ttloggin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/attribute"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

// maxErrorEvents bounds the events made of c.Errors for one request.
const maxErrorEvents = 16

// Middleware records each request as a span, named after its method and route,
// and in the metrics http.server.request.duration, http.server.active_requests,
// http.server.request.body.size and http.server.response.body.size. A request
// that matches no route has no http.route. Errors added to c.Errors become
// events; whether the span is an error is decided by the status of the response.
// A request that [gin.Engine.HandleContext] sends on to another route is one
// request still.
//
// A panic of a later handler is recorded and goes on.
func Middleware(opts ...Option) gin.HandlerFunc {
	cfg := newConfig(opts)
	server := cfg.server()
	return func(c *gin.Context) {
		if server.Off(c.Request.Context()) || !cfg.traced(c) {
			c.Next()
			return
		}
		if server.Serves(c.Request.Context(), c) {
			c.Next() // sent on by HandleContext
			return
		}
		serve(&cfg, server, c)
	}
}

func serve(cfg *config, server *httpsemconv.Server, c *gin.Context) {
	r := c.Request
	route := routeOf(c)
	x := &httpsemconv.Exchange{Owner: c, Client: c.ClientIP()}
	if cfg.spanName != nil {
		x.SpanName = func(route string) string { return cfg.spanName(route, c) }
	}
	ctx := server.Start(r, route, x)
	var value any = x
	if around := httpsemconv.ExchangeOf(ctx); around != nil {
		value = around // which takes the route of a router inside
	}
	// Left in place afterwards: a middleware outside, such as a logger, finds
	// the trace in the request's context.
	inner := x.Inner(r, x.Within(ctx, value))
	c.Request = inner

	finished := false
	defer func() {
		out := httpsemconv.Outcome{Route: route}
		if !finished {
			// Nil after all when the goroutine is leaving (runtime.Goexit).
			out.Panic = recover()
		}
		out.Status, out.Size, out.Left = status(c, finished, httpsemconv.Left(r))
		recordErrors(x, c.Errors)
		if cfg.measured != nil {
			x.Measured = cfg.measured(c)
		}
		x.End(ctx, inner, out)
		// A handler of net/http around the engine learns the route as well.
		if around, ok := httpsemconv.ExchangeOf(r.Context()).(httpsemconv.RouteReporter); ok && route != "" {
			around.Report(r.Context(), route, r.URL.EscapedPath())
		}
		if out.Panic != nil {
			panic(out.Panic)
		}
	}()
	c.Next()
	finished = true
}

// routeOf returns the route that matched. One that matches every path says
// nothing, and is none.
func routeOf(c *gin.Context) string {
	if route := c.FullPath(); !strings.HasPrefix(route, "/*") {
		return route
	}
	return ""
}

// status returns the status of the response and the size of its body, 0 and -1
// when there is none, and whether nobody waited for it any more. Gin's writer
// says 200 before anything was written, which a panic does not make true, and
// after a connection was hijacked, whose answer nobody here has seen.
func status(c *gin.Context, finished, gone bool) (code int, size int64, left bool) {
	code, size = c.Writer.Status(), int64(max(c.Writer.Size(), 0))
	switch {
	case gone && (!c.Writer.Written() && (code == http.StatusOK || !finished) || code >= 500):
		return 0, size, true
	case !finished && !c.Writer.Written():
		return 0, size, false
	}
	if code == http.StatusOK && size == 0 && c.Request.Header.Get("Upgrade") != "" {
		// The head has been written or the connection is gone; writing
		// nothing tells which, and changes neither.
		if _, err := c.Writer.Write(nil); errors.Is(err, http.ErrHijacked) {
			return 0, -1, false
		}
	}
	return code, size, false
}

func recordErrors(x *httpsemconv.Exchange, errs []*gin.Error) {
	if len(errs) == 0 || !x.Span().IsRecording() {
		return
	}
	for i, e := range errs {
		if i == maxErrorEvents {
			x.Span().SetAttributes(attribute.Int("gin.errors.dropped", len(errs)-i))
			return
		}
		if e != nil && e.Err != nil {
			x.RecordError(e.Err)
		}
	}
}
