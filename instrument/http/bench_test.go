package ttloghttp

import (
	"net/http"
	"net/http/httptest"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// sinks are the SDKs that a benchmark compares: none, one that samples nothing,
// one that records all.
func sinks(b *testing.B) map[string][]Option {
	b.Helper()
	with := func(s sdktrace.Sampler) []Option {
		return options(sdktrace.NewTracerProvider(sdktrace.WithSampler(s)),
			sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader())))
	}
	return map[string][]Option{"sdk=none": options(nil, nil), "sdk=unsampled": with(sdktrace.NeverSample()), "sdk=sampled": with(sdktrace.AlwaysSample())}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
func (discard) Flush()                      {}
func benchmarkMux() *http.ServeMux          { return shop() }
func benchmarkRequest() *http.Request {
	return httptest.NewRequest(http.MethodGet, "/items/7?q=1", nil)
}

func benchmarkServe(b *testing.B, h http.Handler) {
	b.Helper()
	r, w := benchmarkRequest(), discard{http.Header{}}
	r.Header.Set("User-Agent", "bench")
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

func BenchmarkHandler(b *testing.B) {
	b.Run("bare", func(b *testing.B) { benchmarkServe(b, benchmarkMux()) })
	for name, opts := range sinks(b) {
		b.Run(name, func(b *testing.B) { benchmarkServe(b, NewHandler(benchmarkMux(), opts...)) })
	}
}

func BenchmarkTransport(b *testing.B) {
	base := roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, Request: r}, nil
	})
	send := func(b *testing.B, rt http.RoundTripper) {
		b.Helper()
		r, err := http.NewRequest(http.MethodGet, "http://shop.test:8080/items/7?q=1", nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := rt.RoundTrip(r); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("bare", func(b *testing.B) { send(b, base) })
	for name, opts := range sinks(b) {
		b.Run(name, func(b *testing.B) { send(b, NewTransport(base, opts...)) })
	}
}
