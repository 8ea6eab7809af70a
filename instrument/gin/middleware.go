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
// and in the metric http.server.request.duration. A request that matches no
// route has no http.route. Errors added to c.Errors become events; whether the
// span is an error is decided by the status of the response.
//
// A panic of a later handler is recorded and goes on.
func Middleware(opts ...Option) gin.HandlerFunc {
	cfg := newConfig(opts)
	server := cfg.server()
	return func(c *gin.Context) {
		if !cfg.traced(c) {
			c.Next()
			return
		}
		serve(server, c)
	}
}

func serve(server *httpsemconv.Server, c *gin.Context) {
	r := c.Request
	route := routeOf(c)
	var x httpsemconv.Exchange
	ctx := server.Start(r, route, &x)
	if httpsemconv.ExchangeOf(ctx) == nil {
		ctx = httpsemconv.WithExchange(ctx, &x)
	}
	// Left in place afterwards: a middleware outside, such as a logger, finds
	// the trace in the request's context.
	c.Request = r.WithContext(ctx)

	finished := false
	defer func() {
		out := httpsemconv.Outcome{Route: route}
		if !finished {
			// Nil after all when the goroutine is leaving (runtime.Goexit).
			out.Panic = recover()
		}
		out.Status = status(c, finished)
		recordErrors(&x, c.Errors)
		x.End(ctx, r, out)
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

// status returns the status of the response, 0 when there is none. Gin's writer
// says 200 before anything was written, which a panic does not make true, and
// after a connection was hijacked, whose answer nobody here has seen.
func status(c *gin.Context, finished bool) int {
	if !finished && !c.Writer.Written() {
		return 0
	}
	code := c.Writer.Status()
	if code == http.StatusOK && c.Writer.Size() == 0 && c.Request.Header.Get("Upgrade") != "" {
		// The head has been written or the connection is gone; writing
		// nothing tells which, and changes neither.
		if _, err := c.Writer.Write(nil); errors.Is(err, http.ErrHijacked) {
			return 0
		}
	}
	return code
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
