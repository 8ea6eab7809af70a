package ttloghttp

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/ttlog/ttlog/internal/conformance"
)

// unsized hides the length of a body from net/http.
type unsized struct{ io.Reader }

func TestMetrics_OfBodies(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(what string, body io.Reader, sent, answered int64, h http.HandlerFunc) {
		t.Helper()
		rec := conformance.NewRecorder(t)
		srv := httptest.NewServer(NewHandler(h, options(rec.Tracers, rec.Meters)...))
		defer srv.Close()
		client := &http.Client{Transport: NewTransport(nil, options(rec.Tracers, rec.Meters)...)}
		res, err := client.Post(srv.URL, "text/plain", body)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		srv.Close() // the server's span has ended
		for _, side := range []string{"server", "client"} {
			for name, want := range map[string]int64{"request": sent, "response": answered} {
				metric := "http." + side + "." + name + ".body.size"
				points := rec.Sizes(t, metric)
				if len(points) != 1 || points[0].Count != 1 || points[0].Sum != want {
					t.Errorf("%s: %s is %v, want %d", what, metric, points, want)
				}
			}
			if n := rec.Sum(t, "http."+side+".active_requests"); n != 0 {
				t.Errorf("%s: %d active requests in the end", what, n)
			}
		}
	}
	read := func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }
	f("nothing", nil, 0, 0, func(http.ResponseWriter, *http.Request) {})
	f("a length", strings.NewReader("abc"), 3, 0, read)
	f("chunked", unsized{strings.NewReader("abcd")}, 4, 0, read)
	f("written", nil, 0, 5, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("abc"))
		_, _ = io.WriteString(w, "de")
	})
	f("a file", nil, 0, 5000, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
}

func TestMetrics_ActiveRequests(t *testing.T) {
	rec := conformance.NewRecorder(t)
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if n := rec.Sum(t, "http.server.active_requests"); n != 1 {
			t.Errorf("%d active requests, want 1", n)
		}
	})
	serve(rec, h, httptest.NewRequest(http.MethodGet, "/", nil))
	serve(rec, recovers(Untraced(h)), httptest.NewRequest(http.MethodGet, "/", nil))
	if n := rec.Sum(t, "http.server.active_requests"); n != 0 {
		t.Errorf("%d active requests in the end, want 0", n)
	}
}

func TestOptions_OfAttributes(t *testing.T) {
	rec := conformance.NewRecorder(t)
	serve(rec, shop(), httptest.NewRequest(http.MethodGet, "/items/1", nil), WithServerName("shop.example:8443"),
		WithAttributes(attribute.String("team", "a")),
		WithMetricAttributes(func(r *http.Request) []attribute.KeyValue {
			return []attribute.KeyValue{attribute.String("pattern", r.Pattern)}
		}))
	conformance.Want(t, rec.One(t), map[string]string{
		"team": "a", "server.address": "shop.example", "server.port": "8443", "pattern": "-",
	})
	got := conformance.Texts(rec.Histogram(t, "http.server.request.duration")[0].Attributes.ToSlice())
	for k, want := range map[string]string{
		"team": "a", "server.address": "shop.example", "server.port": "8443", "pattern": "GET /items/{id}",
	} {
		if got[k] != want {
			t.Errorf("measured with %s %q, want %q", k, got[k], want)
		}
	}
}

func TestScope_HasItsVersion(t *testing.T) {
	rec := conformance.NewRecorder(t)
	serve(rec, shop(), httptest.NewRequest(http.MethodGet, "/items/1", nil))
	if v := rec.One(t).InstrumentationScope().Version; v == "" {
		t.Error("the scope has no version")
	}
}

func TestMessageEvents(t *testing.T) {
	rec := conformance.NewRecorder(t)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "a")
	})
	serve(rec, h, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("abc")), WithMessageEvents(true, true))
	var names []string
	for _, e := range rec.One(t).Events() {
		names = append(names, e.Name)
	}
	if got := strings.Join(names, " "); got != "read write" {
		t.Errorf("events are %q", got)
	}
}
