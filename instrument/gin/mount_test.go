package ttloggin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	"github.com/ttlog/ttlog/internal/conformance"
)

// TestMount: beside the usual OPTIONS of CORS, in a group, and without a trace,
// whether gin's middleware is the only one or another handler is around it.
func TestMount(t *testing.T) {
	rec := conformance.NewRecorder(t)
	e := engine(Middleware(options(rec.Tracers, rec.Meters)...))
	e.OPTIONS("/*any", func(c *gin.Context) { c.Status(http.StatusNoContent) })
	telemetry := ttloghttp.Untraced(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.URL.EscapedPath()+" "+r.URL.RawQuery)
	}))
	Mount(e, "/telemetry/", telemetry)
	Mount(e.Group("/internal"), "telemetry", telemetry)
	outer := ttloghttp.NewHandler(e, ttloghttp.WithTracerProvider(rec.Tracers), ttloghttp.WithMeterProvider(rec.Meters))
	ask := func(h http.Handler, method, target string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, target, http.NoBody))
		return w.Code, w.Body.String()
	}
	for _, h := range []http.Handler{e, outer} {
		for _, prefix := range []string{"/telemetry", "/internal/telemetry"} {
			if code, got := ask(h, http.MethodPost, prefix+"/api/v1/query?q=1"); code != 200 || got != "POST /api/v1/query q=1" {
				t.Errorf("%s: %d %q", prefix, code, got)
			}
			if code, got := ask(h, http.MethodPut, prefix+"/api/v1/services/a%2Fb"); code != 200 || got != "PUT /api/v1/services/a%2Fb " {
				t.Errorf("%s: %d %q, want the name as it was sent", prefix, code, got)
			}
			if code, got := ask(h, http.MethodGet, prefix+"/"); code != 200 || got != "GET / " {
				t.Errorf("%s: %d %q", prefix, code, got)
			}
		}
	}
	if got := rec.Spans(); len(got) != 0 {
		t.Errorf("the telemetry's own calls made spans %q", conformance.Names(got))
	}
	if code, _ := ask(e, http.MethodOptions, "/telemetry/api/v1/query"); code != http.StatusNoContent {
		t.Errorf("OPTIONS is answered with %d, which is the application's to answer", code)
	}
	rec.Reset()
	ask(e, http.MethodGet, "/items/7")
	if got := rec.One(t).Name(); got != "GET /items/:id" {
		t.Errorf("another call made the span %q", got)
	}
}
