package ttloghttp

import (
	"net/http"

	"github.com/ttlog/ttlog/instrument/internal/httpsemconv"
)

// Untraced wraps a handler whose requests are not to be recorded, such as a
// health check's: the instrumented handlers around it, of this package or of
// ttloggin, make neither a span nor a measurement of them. The span has begun
// when that becomes known, so it is left without an end and goes nowhere; where
// the path tells in advance, [WithFilter] is cheaper. Spans that next itself
// makes are roots.
func Untraced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, ok := httpsemconv.Forget(r.Context())
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		inner := r.WithContext(ctx)
		defer httpsemconv.HandBack(r, inner)
		next.ServeHTTP(w, inner)
	})
}
