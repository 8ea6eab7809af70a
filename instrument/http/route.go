package ttloghttp

import (
	"context"
	"net/http"
	"strings"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

// Routes wraps a mux (or any handler that sets [http.Request.Pattern]) and
// tells the enclosing instrumented handler which pattern matched. It is needed
// only where a middleware between the two makes a new request; without an
// enclosing handler it does nothing.
func Routes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Deferred, so that the route is known also when the handler panics.
		defer func() {
			if route := routeOfPattern(r.Pattern); route != "" {
				SetRoute(r.Context(), route)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// SetRoute tells the instrumented handler that ctx comes from which route is
// being served. It is for routers that [Routes] and [WithRoute] do not fit; the
// last call before the request has been served wins.
func SetRoute(ctx context.Context, route string) {
	if e, ok := httpsemconv.ExchangeOf(ctx).(*exchange); ok {
		e.route.Store(&route)
	}
}

// routeOfPattern takes the method and the host off a ServeMux pattern
// ("GET example.com/users/{id}"): http.route is the path template alone.
func routeOfPattern(pattern string) string {
	if i := strings.IndexAny(pattern, " \t"); i >= 0 {
		pattern = strings.TrimLeft(pattern[i:], " \t")
	}
	i := strings.IndexByte(pattern, '/')
	if i < 0 {
		return ""
	}
	// "{$}" only says that the match ends here.
	return strings.TrimSuffix(pattern[i:], "{$}")
}
