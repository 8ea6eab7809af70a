package ttloghttp

import (
	"context"
	"net/http"
	"strings"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

// Routes wraps a mux (or any handler that sets [http.Request.Pattern]) and
// tells the enclosing instrumented handler which pattern matched. It is needed
// where something between the two makes a new request: a middleware, or
// [http.StripPrefix] before a mux inside of another. Of nested ones the
// innermost match wins, after what the outer ones matched of the path that was
// stripped. Without an enclosing handler it does nothing.
func Routes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before := matched(r.Context())
		// Deferred, so that the route is known also when the handler panics.
		defer func() {
			report(r.Context(), before, match{route: routeOfPattern(r.Pattern), path: r.URL.EscapedPath()})
		}()
		next.ServeHTTP(w, r)
	})
}

// SetRoute tells the instrumented handler that ctx comes from which route is
// being served, the whole of it. It is for routers that [Routes] and [WithRoute]
// do not fit, and goes before what they find; the last call before the request
// has been served wins.
func SetRoute(ctx context.Context, route string) {
	if e, ok := httpsemconv.ExchangeOf(ctx).(*exchange); ok {
		e.matched.Store(&match{route: route, whole: true})
	}
}

// match is what one router found: its route, and the escaped path that it was
// given, from which routers further out may have cut something off.
type match struct {
	route, path string
	whole       bool // said by SetRoute
}

// around puts what an outer router matched before what one inside of it did:
// as many segments of the outer route as were cut off the path in between. The
// text that was cut off is the client's and never becomes part of a route.
func (m match) around(inner match) match {
	if inner.whole || m.route == "" {
		return inner
	}
	if inner.route == "" {
		return m
	}
	cut, ok := strings.CutSuffix(m.path, inner.path)
	if !ok || cut == "" { // the path was rewritten, or is the same
		return match{route: inner.route, path: m.path}
	}
	return match{route: segments(m.route, strings.Count(strings.TrimSuffix(cut, "/"), "/")) + inner.route, path: m.path}
}

// segments returns the first n segments of a route, or those it has before its
// end that matches anything.
func segments(route string, n int) string {
	for i, c := range route {
		if c == '/' {
			if n == 0 || strings.HasPrefix(route[i+1:], "{") && strings.HasSuffix(route, "...}") && !strings.Contains(route[i+1:], "/") {
				return route[:i]
			}
			n--
		}
	}
	return strings.TrimSuffix(route, "/")
}

// matched returns what has been reported so far.
func matched(ctx context.Context) *match {
	if e, ok := httpsemconv.ExchangeOf(ctx).(*exchange); ok {
		return e.matched.Load()
	}
	return nil
}

// report tells the enclosing exchange what a router matched. What has been
// reported since before is from inside of that router.
func report(ctx context.Context, before *match, m match) {
	e, ok := httpsemconv.ExchangeOf(ctx).(*exchange)
	if !ok {
		return
	}
	if inside := e.matched.Load(); inside != nil && inside != before {
		m = m.around(*inside)
	}
	if m.route != "" {
		kept := m // not m itself, which would be allocated without an exchange too
		e.matched.Store(&kept)
	}
}

// Report implements [httpsemconv.RouteReporter].
func (e *exchange) Report(ctx context.Context, route, path string) {
	report(ctx, nil, match{route: route, path: path})
}

// routeOfPattern takes the method and the host off a ServeMux pattern
// ("GET example.com/users/{id}"): http.route is the path template alone. A
// pattern that matches every path says nothing, and is no route.
func routeOfPattern(pattern string) string {
	if i := strings.IndexAny(pattern, " \t"); i >= 0 {
		pattern = strings.TrimLeft(pattern[i:], " \t")
	}
	i := strings.IndexByte(pattern, '/')
	if i < 0 {
		return ""
	}
	pattern = pattern[i:]
	if pattern == "/" || strings.HasPrefix(pattern, "/{") && strings.HasSuffix(pattern, "...}") && strings.Count(pattern, "/") == 1 {
		return ""
	}
	// "{$}" only says that the match ends here.
	return strings.TrimSuffix(pattern, "{$}")
}
