package otelhttp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/ttlog/ttlog/instrument/compat/otelhttp"
	"github.com/ttlog/ttlog/instrument/compat/otelhttp/filters"
	"github.com/ttlog/ttlog/internal/conformance"
)

func TestNewHandler(t *testing.T) {
	rec := conformance.NewRecorder(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(_ http.ResponseWriter, r *http.Request) {
		l, ok := otelhttp.LabelerFromContext(r.Context())
		if traced := r.Header.Get("User-Agent") == ""; ok != traced {
			t.Error("a handler has no labeler, or what is filtered has one")
		}
		l.Add(attribute.String("label", "a"))
		if _, ok := otelhttp.ClientLabelerFromContext(r.Context()); ok {
			t.Error("a handler has a client's labeler")
		}
	})
	h := otelhttp.NewHandler(mux, "shop", otelhttp.WithTracerProvider(rec.Tracers), otelhttp.WithMeterProvider(rec.Meters),
		otelhttp.WithSpanNameFormatter(func(operation string, r *http.Request) string { return operation + " " + r.Pattern }),
		otelhttp.WithFilter(filters.Not(filters.Any(filters.Path("/health"), filters.HeaderContains("User-Agent", "probe")))),
		otelhttp.WithMetricAttributesFn(func(r *http.Request) []attribute.KeyValue {
			return []attribute.KeyValue{attribute.String("pattern", r.Pattern)}
		}))
	began := time.Now().Add(-time.Hour)
	r := httptest.NewRequest(http.MethodGet, "/items/7", nil)
	h.ServeHTTP(httptest.NewRecorder(), r.WithContext(otelhttp.ContextWithStartTime(r.Context(), began)))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/health", nil))
	r.Header.Set("User-Agent", "a probe")
	h.ServeHTTP(httptest.NewRecorder(), r)
	span := rec.One(t)
	if span.Name() != "shop GET /items/{id}" || !span.StartTime().Equal(began) {
		t.Errorf("span is called %q and began at %v", span.Name(), span.StartTime())
	}
	point := rec.Histogram(t, "http.server.request.duration")[0]
	got := conformance.Texts(point.Attributes.ToSlice())
	if got["label"] != "a" || got["pattern"] != "GET /items/{id}" || point.Sum < 3600 {
		t.Errorf("measured %v s with %v", point.Sum, got)
	}
}

// TestNewTransport_TakesTheParentsProvider has a program with two.
func TestNewTransport_TakesTheParentsProvider(t *testing.T) {
	rec := conformance.NewRecorder(t)
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	ctx, parent := rec.Tracers.Tracer("test").Start(context.Background(), "parent")
	labeler := &otelhttp.Labeler{}
	labeler.Add(attribute.String("label", "a"))
	req, _ := http.NewRequestWithContext(otelhttp.ContextWithClientLabeler(ctx, labeler), http.MethodGet, srv.URL, nil)
	client := &http.Client{Transport: otelhttp.NewTransport(nil, otelhttp.WithMeterProvider(rec.Meters))}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	span := rec.One(t)
	if span.Name() != "GET" || span.Parent().SpanID() != parent.SpanContext().SpanID() {
		t.Errorf("span %q has the parent %v", span.Name(), span.Parent())
	}
	if got := conformance.Texts(rec.Histogram(t, "http.client.request.duration")[0].Attributes.ToSlice()); got["label"] != "a" {
		t.Errorf("measured with %v", got)
	}
}

func TestFilters(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "http://shop.test/a/b?q=one&q=two", nil)
	r.Header.Set("X-Kind", "probe")
	yes := func(*http.Request) bool { return true }
	for name, f := range map[string]otelhttp.Filter{
		"All": filters.All(yes, yes), "Any": filters.Any(filters.Not(yes), yes), "None": filters.None(filters.Not(yes)),
		"Hostname": filters.Hostname("shop.test"), "Path": filters.Path("/a/b"), "PathPrefix": filters.PathPrefix("/a"),
		"Query": filters.Query("q", "two"), "QueryContains": filters.QueryContains("q", "tw"), "Method": filters.Method("GET"),
		"Header": filters.Header("x-kind", "probe"), "HeaderContains": filters.HeaderContains("X-Kind", "rob"),
	} {
		if !f(r) {
			t.Errorf("%s does not let it through", name)
		}
	}
}
