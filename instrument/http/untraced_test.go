package ttloghttp

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/conformance"
)

func TestUntraced(t *testing.T) {
	rec := conformance.NewRecorder(t)
	opts := options(rec.Tracers, rec.Meters)
	health := Untraced(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, span := rec.Tracers.Tracer("test").Start(r.Context(), "own")
		span.End()
	}))
	mux := http.NewServeMux()
	mux.Handle("GET /health", health)
	mux.HandleFunc("GET /items", func(http.ResponseWriter, *http.Request) {})
	h := NewHandler(NewHandler(mux, opts...), opts...) // as where two parts of a program each add one
	for _, path := range []string{"/health", "/items"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	if got := conformance.Names(rec.Spans()); len(got) != 3 || got[0] != "own" || got[1] != "GET /items" || got[2] != "GET /items" {
		t.Fatalf("got spans %q, want the handler's own and those of the other request", got)
	}
	if parent := rec.Spans()[0].Parent(); parent.IsValid() {
		t.Error("the handler's own span has a parent that nobody will ever see")
	}
	for _, p := range rec.Histogram(t, "http.server.request.duration") {
		if got := conformance.Texts(p.Attributes.ToSlice())["http.route"]; got != "/items" {
			t.Errorf("route %q was measured", got)
		}
	}
	health.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/health", nil)) // with nothing around it
}

func TestUntraced_WithoutASpan(t *testing.T) {
	Untraced(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if trace.SpanContextFromContext(r.Context()).IsValid() {
			t.Error("there is a span where none was")
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}
