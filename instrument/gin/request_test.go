package ttloggin

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"github.com/ttlog/ttlog/internal/conformance"
)

func TestMiddleware_UploadsAreRemoved(t *testing.T) {
	for what, then := range map[string]func(){"returns": func() {}, "panics": func() { panic("x") }} {
		t.Run(what, func(t *testing.T) {
			tmp := t.TempDir()
			t.Setenv("TMPDIR", tmp)
			rec := conformance.NewRecorder(t)
			e := engine(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) { c.Status(500) }),
				Middleware(options(rec.Tracers, rec.Meters)...))
			e.MaxMultipartMemory = 1
			e.POST("/upload", func(c *gin.Context) {
				if _, err := c.MultipartForm(); err != nil {
					t.Error(err)
				}
				if files, _ := filepath.Glob(filepath.Join(tmp, "*")); len(files) != 1 {
					t.Errorf("%d files while they are needed, want 1", len(files))
				}
				then()
			})
			var form bytes.Buffer
			w := multipart.NewWriter(&form)
			part, _ := w.CreateFormFile("file", "large")
			_, _ = part.Write(bytes.Repeat([]byte("x"), 1<<16))
			_ = w.Close()
			srv := httptest.NewServer(e)
			res, err := http.Post(srv.URL+"/upload", w.FormDataContentType(), &form)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			srv.Close()
			if files, _ := filepath.Glob(filepath.Join(tmp, "*")); len(files) != 0 {
				t.Errorf("%d files of a form are left", len(files))
			}
		})
	}
}

func TestMiddleware_ClientAddress(t *testing.T) {
	f := func(trusted []string, opts []Option, want map[string]string) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		e := engine(Middleware(options(rec.Tracers, rec.Meters, opts...)...))
		if err := e.SetTrustedProxies(trusted); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "http://inner/items/1", nil)
		r.RemoteAddr = "10.0.0.2:999"
		r.Header.Set("X-Forwarded-For", "1.1.1.1, 203.0.113.9")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-Host", "shop.example")
		e.ServeHTTP(httptest.NewRecorder(), r)
		conformance.Want(t, rec.One(t), want)
	}
	f(nil, nil, map[string]string{"client.address": "10.0.0.2", "url.scheme": "http", "server.address": "inner"})
	f([]string{"10.0.0.0/8"}, nil, map[string]string{"client.address": "203.0.113.9", "url.scheme": "http", "server.address": "inner"})
	f([]string{"10.0.0.0/8"}, []Option{WithTrustedProxies(netip.MustParsePrefix("10.0.0.0/8"))},
		map[string]string{"client.address": "203.0.113.9", "url.scheme": "https", "server.address": "shop.example"})
}

func TestMiddleware_ClientLeft(t *testing.T) {
	f := func(what, status, errorType string, h gin.HandlerFunc) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		e := engine(Middleware(options(rec.Tracers, rec.Meters)...))
		e.GET("/", h)
		ctx, leave := context.WithCancel(t.Context())
		leave()
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx))
		t.Log(what)
		span := rec.One(t)
		conformance.Want(t, span, map[string]string{"http.response.status_code": status, "error.type": errorType})
		if span.Status().Code != codes.Unset {
			t.Errorf("%s: the status is %v", what, span.Status())
		}
	}
	f("nothing written", "-", "context.Canceled", func(*gin.Context) {})
	f("an error of the leaving", "-", "context.Canceled", func(c *gin.Context) { c.String(500, c.Request.Context().Err().Error()) })
	f("began to answer", "200", "-", func(c *gin.Context) { c.String(200, "a") })
	f("refused", "403", "-", func(c *gin.Context) { c.AbortWithStatus(403) })
}

func TestMiddleware_HandleContext(t *testing.T) {
	rec := conformance.NewRecorder(t)
	var inside, after context.Context
	e := gin.New()
	e.Use(Middleware(options(rec.Tracers, rec.Meters)...))
	e.GET("/old", func(c *gin.Context) {
		inside = c.Request.Context()
		c.Request.URL.Path = "/items/7"
		e.HandleContext(c)
		after = c.Request.Context()
	})
	e.GET("/items/:id", func(c *gin.Context) { c.String(200, c.Param("id")) })
	request(e, "/old")
	if span := rec.One(t); span.Name() != "GET /old" {
		t.Errorf("span is called %q", span.Name())
	}
	if inside != after {
		t.Error("behind HandleContext the request has another context")
	}
	if n := rec.Histogram(t, "http.server.request.duration")[0].Count; n != 1 {
		t.Errorf("measured %d times", n)
	}
	rec.Reset()
	request(e, "/old") // with the gin.Context of the first
	rec.One(t)
}

func TestMiddleware_Metrics(t *testing.T) {
	rec := conformance.NewRecorder(t)
	e := gin.New()
	e.Use(Middleware(options(rec.Tracers, rec.Meters, WithMetricAttributes(func(c *gin.Context) []attribute.KeyValue {
		return []attribute.KeyValue{attribute.String("handler", c.GetString("handler"))}
	}))...))
	e.POST("/nothing", func(c *gin.Context) {
		if n := rec.Sum(t, "http.server.active_requests"); n != 1 {
			t.Errorf("%d active requests, want 1", n)
		}
		_, _ = io.Copy(io.Discard, c.Request.Body)
		c.Set("handler", "h")
	})
	r := httptest.NewRequest(http.MethodPost, "/nothing", io.MultiReader(bytes.NewReader([]byte("abc"))))
	r.ContentLength = -1
	e.ServeHTTP(httptest.NewRecorder(), r)
	for name, want := range map[string]int64{"request": 3, "response": 0} {
		points := rec.Sizes(t, "http.server."+name+".body.size")
		if len(points) != 1 || points[0].Sum != want {
			t.Errorf("%s: %v, want %d", name, points, want)
		}
		if got := conformance.Texts(points[0].Attributes.ToSlice())["handler"]; got != "h" {
			t.Errorf("measured with the handler %q", got)
		}
	}
	if n := rec.Sum(t, "http.server.active_requests"); n != 0 {
		t.Errorf("%d active requests in the end, want 0", n)
	}
}
