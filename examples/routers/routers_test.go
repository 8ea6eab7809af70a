package routers_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel"

	"github.com/ttlog/ttlog/examples/routers"
	"github.com/ttlog/ttlog/internal/conformance"
)

// TestRoutes asks every router for something that it has, something below a
// catch-all, and something that it does not have.
func TestRoutes(t *testing.T) {
	rec := conformance.NewRecorder(t)
	otel.SetTracerProvider(rec.Tracers)
	ok := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	f := func(what string, h http.Handler, names ...string) {
		t.Helper()
		for _, path := range []string{"/v1/users/7", "/nothing/here"} {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
		}
		if got := conformance.Names(rec.Spans()); !slices.Equal(got, names) {
			t.Errorf("%s: spans %q, want %q", what, got, names)
		}
		rec.Reset()
	}

	chi := routers.Chi()
	chi.Get("/v1/users/{id}", ok)
	f("chi", chi, "GET /v1/users/{id}", "GET")

	gorilla := routers.Gorilla()
	gorilla.HandleFunc("/v1/users/{id}", ok)
	f("gorilla", gorilla, "GET /v1/users/{id}") // a miss does not come by its middleware

	e := routers.Echo()
	e.GET("/v1/users/:id", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	f("echo", e, "GET /v1/users/:id", "GET")

	handler, gateway := routers.Gateway()
	if err := gateway.HandlePath(http.MethodGet, "/v1/users/{id}", func(w http.ResponseWriter, r *http.Request, _ map[string]string) { ok(w, r) }); err != nil {
		t.Fatal(err)
	}
	f("grpc-gateway", handler, "GET /v1/users/{id}", "GET")

	users := http.NewServeMux()
	users.HandleFunc("GET /users/{id}", ok)
	f("nested", routers.Nested(users), "GET /v1/users/{id}", "GET")
}

// TestEcho_ErrorsHaveTheirStatus answers an error within the span.
func TestEcho_ErrorsHaveTheirStatus(t *testing.T) {
	rec := conformance.NewRecorder(t)
	otel.SetTracerProvider(rec.Tracers)
	e := routers.Echo()
	e.GET("/", func(echo.Context) error { return echo.NewHTTPError(http.StatusTeapot, "short and stout") })
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	conformance.Want(t, rec.One(t), map[string]string{"http.response.status_code": "418"})
	if w.Code != http.StatusTeapot {
		t.Errorf("status is %d", w.Code)
	}
}
