package conformance_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	_ "modernc.org/sqlite"

	ttloggin "github.com/ttlog/ttlog/instrument/gin"
	ttloghttp "github.com/ttlog/ttlog/instrument/http"
	ttlogredis "github.com/ttlog/ttlog/instrument/redis"
	ttlogsql "github.com/ttlog/ttlog/instrument/sql"
	"github.com/ttlog/ttlog/internal/conformance"
)

var providersSet atomic.Bool

// instrumented returns a service that is instrumented already.
func instrumented(t *testing.T) *service {
	t.Helper()
	gin.SetMode(gin.TestMode)
	s := &service{inner: gin.New(), cache: redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})}
	s.inner.Use(ttloggin.Middleware())
	s.inner.GET("/inner", func(c *gin.Context) { c.Status(http.StatusOK) })
	mux := http.NewServeMux()
	mux.HandleFunc("GET /outer", s.outer)
	s.handler = ttloghttp.NewHandler(mux)
	s.client.Transport = ttloghttp.NewTransport(nil)
	if err := ttlogredis.Instrument(s.cache); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.db, err = ttlogsql.Open("sqlite", ":memory:"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(s.db.Close(), s.cache.Close()) })
	return s
}

type service struct {
	handler http.Handler
	inner   *gin.Engine
	url     string // of inner
	client  http.Client
	db      *sql.DB
	cache   *redis.Client
}

func (s *service) outer(w http.ResponseWriter, r *http.Request) {
	if err := s.calls(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (s *service) calls(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, "SELECT 1"); err != nil {
		return err
	}
	if err := s.cache.Set(ctx, "k", "v", 0).Err(); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/inner", nil)
	if err != nil {
		return err
	}
	res, err := s.client.Do(r)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// TestGlobalProvider_SetLater instruments before the global providers and the
// propagator are set, as package variables and start-up code do.
func TestGlobalProvider_SetLater(t *testing.T) {
	if !providersSet.CompareAndSwap(false, true) {
		t.Skip("what has been instrumented follows the first global providers only")
	}
	s := instrumented(t)
	rec := conformance.NewRecorder(t)
	otel.SetTracerProvider(rec.Tracers)
	otel.SetMeterProvider(rec.Meters)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	server := httptest.NewServer(s.inner)
	defer server.Close()
	s.url = server.URL
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/outer", nil))
	if w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	server.Close() // waits for the inner request

	spans := rec.Spans()
	names := conformance.Names(spans)
	slices.Sort(names)
	if want := []string{"GET", "GET /inner", "GET /outer", "SELECT", "SET"}; !slices.Equal(names, want) {
		t.Fatalf("spans %q, want %q", names, want)
	}
	for _, span := range spans {
		if got, want := span.SpanContext().TraceID(), spans[0].SpanContext().TraceID(); got != want {
			t.Errorf("%s is of another trace", span.Name())
		}
	}
	for metric, want := range map[string]int{
		"http.server.request.duration": 2, "http.client.request.duration": 1, "db.client.operation.duration": 2,
	} {
		if got := len(rec.Histogram(t, metric)); got != want {
			t.Errorf("%s has %d points, want %d", metric, got, want)
		}
	}
}
