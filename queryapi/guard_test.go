package queryapi_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/queryapi"
)

// TestGuard_Hosts asks over loopback and over the network.
func TestGuard_Hosts(t *testing.T) {
	guard, err := queryapi.NewGuard(queryapi.GuardOptions{
		Hosts: []string{"telemetry.example.com", "*.Wild.example.com:3000"}, HostFlag: "--allowed-hosts",
	})
	if err != nil {
		t.Fatal(err)
	}
	open, err := queryapi.NewGuard(queryapi.GuardOptions{Hosts: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]struct{ loopback, network bool }{
		"":                           {true, true},
		"127.0.0.1:3000":             {true, true},
		"[::1]:3000":                 {true, true},
		"[::1]":                      {true, true},
		"192.0.2.7":                  {true, true},
		"localhost":                  {true, true},
		"LocalHost.:3000":            {true, true},
		"ui.localhost:3000":          {true, true},
		"telemetry.example.com":      {true, true},
		"TELEMETRY.example.com.:443": {true, true},
		"a.wild.example.com":         {true, true},
		"a.b.wild.example.com":       {true, true},
		"wild.example.com":           {false, false},
		"example.com":                {false, false},
		"nottelemetry.example.com":   {false, false},
		"localhost.evil.example":     {false, false},
		"127.0.0.1.evil.example":     {false, false},
		"127.0.0.1:3000:evil":        {false, false},
		"evil-localhost:3000":        {false, true}, // as a container may be called
		"ttlog:4318":                 {false, true},
		"host.docker.internal:4318":  {false, true},
		"ttlog.monitoring.svc":       {false, true},
		"ttlog.x.svc.cluster.local":  {false, true},
	} {
		for _, way := range []struct {
			local net.Addr
			want  bool
		}{
			{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3000}, want.loopback},
			{&net.TCPAddr{IP: net.IPv6loopback, Port: 3000}, want.loopback},
			{nil, want.loopback},
			{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 3000}, want.network},
		} {
			r := httptest.NewRequest(http.MethodGet, "/api/v1/services", http.NoBody)
			r.Host = host
			if way.local != nil {
				r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, way.local))
			}
			err := guard.Check(r)
			if got := err == nil; got != way.want {
				t.Errorf("host %q at %v: %v, want let in: %v", host, way.local, err, way.want)
			}
			if err != nil && !strings.Contains(err.Error(), "--allowed-hosts "+strings.Split(strings.ToLower(host), ":")[0]) {
				t.Errorf("host %q: %v: does not say what allows it", host, err)
			}
			if err := open.Check(r); err != nil {
				t.Errorf("host %q with *: %v", host, err)
			}
		}
	}
	for _, host := range []string{"", "http://example.com", "a b", "a.*.com", "x@y"} {
		if _, err := queryapi.NewGuard(queryapi.GuardOptions{Hosts: []string{host}}); err == nil {
			t.Errorf("%q is taken for a host", host)
		}
	}
	if _, err := queryapi.NewGuard(queryapi.GuardOptions{Origins: []string{"shop.example.com"}}); err == nil {
		t.Error("an origin without a scheme is taken for one")
	}
}

// TestGuard_Origins asks as browsers do for a page, and as programs do.
func TestGuard_Origins(t *testing.T) {
	guard, err := queryapi.NewGuard(queryapi.GuardOptions{Origins: []string{"https://shop.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	anybody, err := queryapi.NewGuard(queryapi.GuardOptions{Origins: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, method string
		headers      []string
		want         bool
	}{
		{"a program", "POST", nil, true},
		{"our own page", "POST", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:3000"}, true},
		{"our own page, without TLS", "POST", []string{"Origin", "http://localhost:3000"}, true},
		{"typed into the address bar", "GET", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, true},
		{"a link elsewhere", "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, true},
		{"a frame elsewhere", "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, false},
		{"a form elsewhere", "POST", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Origin", "https://evil.example"}, false},
		{"a form, without TLS", "POST", []string{"Origin", "http://evil.example"}, false},
		{"a form in a sandbox", "POST", []string{"Origin", "null"}, false},
		{"an EventSource elsewhere", "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "Origin", "https://evil.example"}, false},
		{"an EventSource, without TLS", "GET", []string{"Origin", "http://evil.example"}, false},
		{"a script element elsewhere", "GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}, false},
		{"another port of this machine", "POST", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://localhost:5173"}, false},
		{"the preflight of a page elsewhere", "OPTIONS", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, true},
		{"a page that is allowed", "POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://shop.example.com"}, true},
		{"an EventSource that is allowed", "GET", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://shop.example.com"}, true},
	} {
		r := httptest.NewRequest(c.method, "/api/v1/query", http.NoBody)
		r.Host = "localhost:3000"
		for i := 0; i < len(c.headers); i += 2 {
			r.Header.Set(c.headers[i], c.headers[i+1])
		}
		if err := guard.Check(r); (err == nil) != c.want {
			t.Errorf("%s: %v, want let in: %v", c.what, err, c.want)
		}
		if err := anybody.Check(r); err != nil {
			t.Errorf("%s, where any origin is allowed: %v", c.what, err)
		}
	}
}

// TestAPI_KeepsPagesOut has nothing of the API, not even what is not there,
// answer a host or a page of somebody else's; OTLP decides for itself.
func TestAPI_KeepsPagesOut(t *testing.T) {
	otlp := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	srv, _ := serve(t, queryapi.Options{
		OTLP: otlp, Metrics: otlp, Status: func() any { return nil },
	})
	for _, call := range []string{
		"POST /api/v1/query", "GET /api/v1/services", "GET /api/v1/operations", "GET /api/v1/status",
		"GET /api/v1/traces/00000000000000000000000000000001", "GET /api/v1/tail", "GET /metrics", "GET /healthz",
		"GET /readyz", "GET /nothing", "DELETE /api/v1/query",
	} {
		method, path, _ := strings.Cut(call, " ")
		for _, spoil := range []func(*http.Request){
			func(r *http.Request) { r.Host = "evil.example:3000" },
			func(r *http.Request) { r.Header.Set("Origin", "http://evil.example:3000") },
		} {
			r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader("SELECT 1"))
			if err != nil {
				t.Fatal(err)
			}
			spoil(r)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			err = queryapi.ReadProblem(resp)
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden || !strings.Contains(err.Error(), "evil.example") {
				t.Errorf("%s: %s, %v", call, resp.Status, err)
			}
		}
	}
	if status, _, _ := call(t, "POST", srv.URL+"/v1/traces", "", "Origin", "http://evil.example"); status != http.StatusTeapot {
		t.Errorf("OTLP: status %d", status)
	}
}
