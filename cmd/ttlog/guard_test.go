package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	grpcstatus "google.golang.org/grpc/status"
)

// askAs sends a request as it is written, and returns the status and the body.
func askAs(t *testing.T, base, method, path, contentType, body string, headers http.Header, host string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, headers)
	req.Header.Set("Content-Type", contentType)
	if host != "" {
		req.Host = host
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// exportAs sends an empty request of spans over gRPC for an :authority.
func exportAs(t *testing.T, addr, authority string) error {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithAuthority(authority))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = ptraceotlp.NewGRPCClient(conn).Export(ctx, ptraceotlp.NewExportRequest())
	return err
}

// TestServe_KeepsPagesOut asks on every port as a page does that let its name
// point to this machine, or whose form or script asks across origins.
func TestServe_KeepsPagesOut(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "data"), "--allowed-hosts", "ttlog.example.com,*.wild.example.com")
	foreign := http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}
	for _, c := range []struct {
		base, method, path, contentType, body string
	}{
		{p.api, "POST", "/api/v1/query", "text/plain", "SELECT 1"},
		{p.api, "GET", "/api/v1/services", "", ""},
		{p.api, "GET", "/api/v1/tail", "", ""},
		{p.api, "GET", "/metrics", "", ""},
		{p.api, "POST", "/v1/traces", "application/json", "{}"},
		{p.otlpHTTP, "POST", "/v1/traces", "application/json", "{}"},
		{p.otlpHTTP, "POST", "/v1/logs", "application/x-protobuf", ""},
		{p.otlpHTTP, "POST", "/v1/metrics", "text/plain", "{}"},
	} {
		code, text := askAs(t, c.base, c.method, c.path, c.contentType, c.body, nil, "evil.example:3000")
		if code != http.StatusForbidden || !strings.Contains(text, "--allowed-hosts evil.example") {
			t.Errorf("%s %s for a foreign host: %d %s", c.method, c.path, code, text)
		}
		code, text = askAs(t, c.base, c.method, c.path, c.contentType, c.body, foreign, "")
		if code != http.StatusForbidden || !strings.Contains(text, "https://evil.example") {
			t.Errorf("%s %s for a foreign page: %d %s", c.method, c.path, code, text)
		}
	}
	for _, host := range []string{"localhost:3000", "ttlog.example.com", "a.wild.example.com:443", "192.0.2.1", "[::1]:3000"} {
		if code, text := askAs(t, p.api, "GET", "/api/v1/services", "", "", nil, host); code != http.StatusOK {
			t.Errorf("host %s: %d %s", host, code, text)
		}
		if code, text := askAs(t, p.otlpHTTP, "POST", "/v1/traces", "application/json", "{}", nil, host); code != http.StatusOK {
			t.Errorf("OTLP to host %s: %d %s", host, code, text)
		}
		if err := exportAs(t, p.otlpGRPC, host); err != nil {
			t.Errorf("gRPC to host %s: %v", host, err)
		}
	}
	if err := exportAs(t, p.otlpGRPC, "evil.example:4317"); grpcstatus.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), "--allowed-hosts evil.example") {
		t.Errorf("gRPC to a foreign host: %v", err)
	}
	conn, err := grpc.NewClient(p.otlpGRPC, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithAuthority("evil.example"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); grpcstatus.Code(err) != codes.PermissionDenied {
		t.Errorf("a health check for a foreign host: %v", err)
	}
	// Nothing of it came in, and a refusal is counted.
	_, text := get(t, p.api+"/metrics")
	for _, want := range []string{`reason="forbidden",signal="traces",transport="http"} 4`, `reason="forbidden",signal="traces",transport="grpc"} 1`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("/metrics has no %s", want)
		}
	}
}

// TestServe_WideBind answers to the names of a network, but not to those of
// the internet.
func TestServe_WideBind(t *testing.T) {
	ip := networkAddress(t)
	p := startServe(t, filepath.Join(t.TempDir(), "data"), "--host", "0.0.0.0", "--otlp-http", ip+":0")
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(p.api, "http://"))
	api := "http://" + net.JoinHostPort(ip, port)
	for host, want := range map[string]int{
		"": 200, "ttlog:3000": 200, "ttlog.monitoring.svc.cluster.local": 200, "evil.example": 403,
	} {
		if code, text := askAs(t, api, "GET", "/api/v1/services", "", "", nil, host); code != want {
			t.Errorf("host %q: %d %s", host, code, text)
		}
		if code, text := askAs(t, p.otlpHTTP, "POST", "/v1/traces", "application/json", "{}", nil, host); code != want {
			t.Errorf("OTLP to host %q: %d %s", host, code, text)
		}
	}
	if code, text := askAs(t, "http://127.0.0.1:"+port, "GET", "/api/v1/services", "", "", nil, "ttlog:3000"); code != 403 {
		t.Errorf("the name of a network over loopback: %d %s", code, text)
	}
}

// networkAddress returns an address of this machine that is not loopback.
func networkAddress(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Skip(err)
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but loopback")
	return ""
}

// TestServe_WithoutAHost is how HTTP/1.0 asks, which no browser does.
func TestServe_WithoutAHost(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "data"))
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.api, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /readyz HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, " 200 ") {
		t.Errorf("%q, %v", line, err)
	}
}
