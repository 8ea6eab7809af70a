package ttlog_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/ttlog/ttlog"
	ttloghttp "github.com/ttlog/ttlog/instrument/http"
)

// send makes a request of a real server's and returns the status and the body.
func send(t *testing.T, method, url string, change func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("SELECT count(*) FROM spans"))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body strings.Builder
	if err := res.Write(&body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body.String()
}

// TestMount: beside the application's own OPTIONS, behind its instrumented
// handler, without a trace of its own calls.
func TestMount(t *testing.T) {
	start(t, ttlog.WithDataDir(t.TempDir()))
	mux := http.NewServeMux()
	mux.HandleFunc("OPTIONS /", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /items", func(http.ResponseWriter, *http.Request) {})
	ttlog.Mount(mux, "/telemetry/")
	server := httptest.NewServer(ttloghttp.NewHandler(mux))
	defer server.Close()
	f := func(method, path string, want int) {
		t.Helper()
		if code, body := send(t, method, server.URL+path, nil); code != want {
			t.Errorf("%s %s: got %d, want %d\n%s", method, path, code, want, body)
		}
	}
	f(http.MethodPost, "/telemetry/api/v1/query", 200)
	f(http.MethodGet, "/telemetry/healthz", 200)
	f(http.MethodHead, "/telemetry/healthz", 200)
	f(http.MethodPut, "/telemetry/api/v1/dashboards/mine", 415) // it reaches the API, which wants JSON
	f(http.MethodDelete, "/telemetry/api/v1/dashboards/mine", 404)
	f(http.MethodPatch, "/telemetry/healthz", 405)
	f(http.MethodOptions, "/telemetry/api/v1/query", 204)
	f(http.MethodGet, "/items", 200)
	f(http.MethodGet, "/telemetry/", 200) // the page
	if code, body := send(t, http.MethodGet, server.URL+"/telemetry/trace/01", func(r *http.Request) { r.Header.Set("Accept", "text/html") }); code != 200 || !strings.Contains(body, `<base href="./../" />`) {
		t.Errorf("a page below the prefix: %d\n%s", code, body)
	}
	// A pattern that matches everything is no route; what the mux itself refuses
	// is the application's, too.
	eventually(t, "SELECT name FROM spans ORDER BY name", [][]any{{"GET /items"}, {"OPTIONS"}, {"PATCH"}})
}

// TestHandler_WhoIsAnswered: clients on this host, and nobody that a proxy on it
// may speak for, until the application says otherwise.
func TestHandler_WhoIsAnswered(t *testing.T) {
	start(t, ttlog.WithDataDir(t.TempDir()))
	server := httptest.NewServer(ttlog.Handler())
	defer server.Close()
	if code, body := send(t, http.MethodGet, server.URL+"/healthz", nil); code != http.StatusOK {
		t.Fatalf("a client on this host: %d %s", code, body)
	}
	for what, change := range map[string]func(*http.Request){
		"a proxy's client":       func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1") },
		"a proxy by RFC 7239":    func(r *http.Request) { r.Header.Set("Forwarded", "for=127.0.0.1") },
		"an empty header":        func(r *http.Request) { r.Header.Set("X-Real-IP", "") },
		"a name that leads here": func(r *http.Request) { r.Host = "shop.example" },
	} {
		if code, body := send(t, http.MethodPost, server.URL+"/api/v1/query", change); code != http.StatusForbidden || !strings.Contains(body, "ttlog.Allow") {
			t.Errorf("%s: %d %s", what, code, body)
		}
	}
	for address, want := range map[string]int{
		"127.0.0.1:1": 200, "[::1]:1": 200, "[::ffff:127.0.0.1]:1": 200, "127.9.9.9:1": 200,
		"10.0.0.1:1": 403, "[fe80::1%eth0]:1": 403, "0.0.0.0:1": 403, "": 403, "localhost.example:1": 403,
	} {
		r := httptest.NewRequest(http.MethodGet, "/healthz", http.NoBody)
		r.RemoteAddr, r.Host = address, "LOCALHOST"
		w := httptest.NewRecorder()
		ttlog.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("from %q: %d, want %d", address, w.Code, want)
		}
	}

	opened := httptest.NewServer(ttlog.Handler(ttlog.Allow(func(r *http.Request) bool { return r.Header.Get("X-Key") == "k" })))
	defer opened.Close()
	withKey := func(r *http.Request) {
		r.Header.Set("X-Key", "k")
		r.Header.Set("X-Forwarded-For", "10.0.0.1")
		r.Host = "shop.example"
	}
	if code, body := send(t, http.MethodPost, opened.URL+"/api/v1/query", withKey); code != http.StatusOK {
		t.Errorf("an allowed request: %d %s", code, body)
	}
	if code, body := send(t, http.MethodPost, opened.URL+"/api/v1/query", nil); code != http.StatusForbidden || strings.Contains(body, "ttlog.Allow") {
		t.Errorf("a request that is not allowed: %d %s", code, body)
	}
}

// TestStart_MetricsAtOnce: whatever the interval is, a process that dies young
// has left metrics.
func TestStart_MetricsAtOnce(t *testing.T) {
	start(t, ttlog.WithDataDir(t.TempDir()), ttlog.WithMetricInterval(time.Hour))
	counter, err := otel.Meter("test").Int64Counter("orders")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 2)
	eventually(t, "SELECT name, value FROM metrics", [][]any{{"orders", 2.0}})
}
