package ttloghttp

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/internal/conformance"
)

var traceContext = propagation.TraceContext{}

func options(tp trace.TracerProvider, mp metric.MeterProvider, more ...Option) []Option {
	return append([]Option{WithTracerProvider(tp), WithMeterProvider(mp), WithPropagators(traceContext)}, more...)
}

// shop answers 200 at /items/{id} and 500 at /broken.
func shop() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.PathValue("id")) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	return mux
}

func TestConformance_Server(t *testing.T) {
	conformance.Run(t, conformance.Subject{
		Scope: ScopeName, Kind: trace.SpanKindServer, Metric: "http.server.request.duration",
		Required: []string{
			"http.request.method", "url.scheme", "url.path", "http.route", "http.response.status_code",
			"server.address", "client.address", "network.peer.address", "network.protocol.version",
		},
		Measured: []string{"http.request.method", "url.scheme", "http.route", "http.response.status_code"},
		OKName:   "GET /items/{id}", FailName: "GET /broken", ErrorType: "500",
		Open: func(t testing.TB, tp trace.TracerProvider, mp metric.MeterProvider) (ok, fails conformance.Operation) {
			h := NewHandler(shop(), options(tp, mp)...)
			do := func(path string) conformance.Operation {
				return func(ctx context.Context, t testing.TB) {
					r := httptest.NewRequest(http.MethodGet, path, nil)
					traceContext.Inject(ctx, propagation.HeaderCarrier(r.Header))
					h.ServeHTTP(httptest.NewRecorder(), r)
				}
			}
			return do("/items/7?q=1"), do("/broken")
		},
	})
}

func TestConformance_Client(t *testing.T) {
	server := httptest.NewServer(shop())
	defer server.Close()
	conformance.Run(t, conformance.Subject{
		Scope: ScopeName, Kind: trace.SpanKindClient, Metric: "http.client.request.duration",
		Required: []string{
			"http.request.method", "url.full", "server.address", "server.port", "http.response.status_code",
			"network.protocol.version",
		},
		Measured: []string{"http.request.method", "server.address", "server.port", "http.response.status_code"},
		OKName:   "GET", FailName: "GET", ErrorType: "500",
		Open: func(t testing.TB, tp trace.TracerProvider, mp metric.MeterProvider) (ok, fails conformance.Operation) {
			client := &http.Client{Transport: NewTransport(nil, options(tp, mp)...)}
			do := func(path string) conformance.Operation {
				return func(ctx context.Context, t testing.TB) {
					r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
					if err != nil {
						t.Error(err)
						return
					}
					res, err := client.Do(r)
					if err != nil {
						t.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
			}
			return do("/items/7"), do("/broken")
		},
	})
}
