package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/internal/testservers"
)

// preflight asks what a page of an origin may send, as a browser does.
func preflight(t *testing.T, url, origin string) http.Header {
	t.Helper()
	req, err := http.NewRequest(http.MethodOptions, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", origin)
	req.Header.Set("Access-Control-Request-Method", "POST")
	req.Header.Set("Access-Control-Request-Headers", "content-type,x-team")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.Header
}

func TestCORS_Preflight(t *testing.T) {
	closed := startServe(t, filepath.Join(t.TempDir(), "closed"))
	named := startServe(t, filepath.Join(t.TempDir(), "named"), "--cors-origin", "https://shop.example.com", "--cors-origin", "http://localhost:5173")
	all := startServe(t, filepath.Join(t.TempDir(), "all"), "--cors-origin", "*")
	for _, c := range []struct {
		p              *process
		origin, allows string
	}{
		{closed, "https://shop.example.com", ""},
		{named, "https://shop.example.com", "https://shop.example.com"},
		{named, "http://localhost:5173", "http://localhost:5173"},
		{named, "https://shop.example.com.evil.test", ""},
		{all, "https://any.example.com", "*"},
	} {
		for _, url := range []string{c.p.otlpHTTP + "/v1/traces", c.p.api + "/v1/logs", c.p.api + "/api/v1/query"} {
			h := preflight(t, url, c.origin)
			if got := h.Get("Access-Control-Allow-Origin"); got != c.allows {
				t.Errorf("%s from %s: allows %q, want %q", url, c.origin, got, c.allows)
			}
			if c.allows == "" {
				continue
			}
			if h.Get("Access-Control-Allow-Methods") != "POST" || h.Get("Access-Control-Allow-Headers") != "content-type,x-team" || h.Get("Access-Control-Max-Age") != "7200" {
				t.Errorf("%s from %s: %v", url, c.origin, h)
			}
			if credentials := h.Get("Access-Control-Allow-Credentials") == "true"; credentials != (c.allows != "*") {
				t.Errorf("%s from %s: credentials %v", url, c.origin, credentials)
			}
		}
	}
	for _, p := range []*process{closed, named, all} {
		p.stop(t)
	}
}

// TestCORS_ABrowserSendsAndAsks opens a page of another origin in a real browser,
// which sends OTLP with a header of its own and then asks for it.
func TestCORS_ABrowserSendsAndAsks(t *testing.T) {
	chromium := testservers.Chromium(t)
	var p *process
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `<body><script>
function send(url, type, body) {
  const x = new XMLHttpRequest();
  try {
    x.open("POST", url, false);
    x.setRequestHeader("Content-Type", type);
    x.setRequestHeader("X-Team", "web");
    x.send(body);
    return x.status + " " + x.responseText;
  } catch (e) { return "blocked"; }
}
const spans = {resourceSpans: [{scopeSpans: [{spans: [{name: "page load", traceId: "0102030405060708090a0b0c0d0e0f10", spanId: "0102030405060708", startTimeUnixNano: Date.now() + "000000"}]}]}]};
const sent = send(%q, "application/json", JSON.stringify(spans));
let asked; // what was acknowledged is seen a moment later
for (let i = 0; i < 200; i++) {
	asked = send(%q, "text/plain", "SELECT name FROM spans");
	if (!asked.includes('"rows":[]')) break;
}
document.body.innerText = "sent: " + sent + "; asked: " + asked;
</script></body>`, p.otlpHTTP+"/v1/traces", p.api+"/api/v1/query")
	}))
	defer page.Close()
	for _, c := range []struct {
		flags []string
		want  []string
	}{
		{nil, []string{"sent: blocked; asked: blocked"}},
		{[]string{"--cors-origin", page.URL}, []string{"sent: 200 {}; asked: 200", "page load"}},
	} {
		p = startServe(t, filepath.Join(t.TempDir(), "data"), c.flags...)
		out, err := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
			"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
			"--user-data-dir="+t.TempDir(), "--dump-dom", page.URL).Output()
		for _, want := range c.want {
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%v: %v: %s", c.flags, err, out)
			}
		}
		p.stop(t)
	}
}

// TestHTTP2_WithoutTLS posts and asks over HTTP/2 from a client that knows
// beforehand, on both ports.
func TestHTTP2_WithoutTLS(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "data"))
	var h2c http.Protocols
	h2c.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: &h2c}}
	defer client.CloseIdleConnections()
	for _, c := range []struct{ url, contentType, body string }{
		{p.otlpHTTP + "/v1/logs", "application/json", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}}]}]}]}`},
		{p.api + "/v1/logs", "application/json", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"b"}}]}]}]}`},
		{p.api + "/api/v1/query", "text/plain", "SELECT count(*) FROM logs"},
	} {
		resp, err := client.Post(c.url, c.contentType, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
			t.Errorf("%s: %s over %s: %s, %v", c.url, resp.Status, resp.Proto, answer, err)
		}
	}
	p.stop(t)
}
