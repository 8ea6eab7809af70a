package otelgin_test

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/attribute"

	"github.com/ttlog/ttlog/instrument/compat/otelgin"
	"github.com/ttlog/ttlog/internal/conformance"
)

func TestMiddleware(t *testing.T) {
	gin.SetMode(gin.TestMode)
	rec := conformance.NewRecorder(t)
	e := gin.New()
	e.SetHTMLTemplate(template.Must(template.New("page").Parse("<b>{{.}}</b>")))
	e.Use(otelgin.Middleware("shop", otelgin.WithTracerProvider(rec.Tracers), otelgin.WithMeterProvider(rec.Meters),
		otelgin.WithFilter(func(r *http.Request) bool { return r.URL.Path != "/health" }),
		otelgin.WithGinFilter(func(c *gin.Context) bool { return c.FullPath() != "/quiet" }),
		otelgin.WithSpanNameFormatter(func(c *gin.Context) string { return "name " + c.FullPath() }),
		otelgin.WithMetricAttributeFn(func(r *http.Request) []attribute.KeyValue {
			return []attribute.KeyValue{attribute.String("path", r.URL.Path)}
		}),
		otelgin.WithGinMetricAttributeFn(func(c *gin.Context) []attribute.KeyValue {
			return []attribute.KeyValue{attribute.String("id", c.Param("id"))}
		})))
	for _, path := range []string{"/health", "/quiet"} {
		e.GET(path, func(*gin.Context) {})
	}
	e.GET("/items/:id", func(c *gin.Context) { otelgin.HTML(c, 200, "page", "x") })
	for _, path := range []string{"/health", "/quiet", "/items/7"} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if path == "/items/7" && w.Body.String() != "<b>x</b>" {
			t.Errorf("the answer is %q", w.Body)
		}
	}
	spans := rec.Spans()
	if len(spans) != 2 {
		t.Fatalf("spans %q, want 2", conformance.Names(spans))
	}
	conformance.Want(t, spans[0], map[string]string{"go.template": "page"})
	if spans[0].Name() != "gin.renderer.html" || spans[1].Name() != "name /items/:id" || spans[0].Parent().SpanID() != spans[1].SpanContext().SpanID() {
		t.Errorf("spans %q", conformance.Names(spans))
	}
	conformance.Want(t, spans[1], map[string]string{"server.address": "example.com"}) // not the service
	got := conformance.Texts(rec.Histogram(t, "http.server.request.duration")[0].Attributes.ToSlice())
	if got["path"] != "/items/7" || got["id"] != "7" || got["server.address"] != "" {
		t.Errorf("measured with %v", got)
	}
}
