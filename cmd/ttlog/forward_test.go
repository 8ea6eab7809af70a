package main

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// freeAddr returns a loopback address that nobody listens on.
func freeAddr(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// stopWithin expects the process to end with 0 in less than limit.
func (p *process) stopWithin(t testing.TB, limit time.Duration) {
	t.Helper()
	start := time.Now()
	p.stop(t)
	if took := time.Since(start); took > limit {
		t.Errorf("ttlog serve took %v to stop, want less than %v\n%s", took, limit, p.stderr)
	}
}

// TestForward_EverySignalOverBothTransports sends all signals through a daemon
// to a second one, the collector.
func TestForward_EverySignalOverBothTransports(t *testing.T) {
	dir := t.TempDir()
	collector := startServe(t, filepath.Join(dir, "collector"))
	byHTTP := startServe(t, filepath.Join(dir, "http"), "--forward", collector.otlpHTTP)
	byGRPC := startServe(t, filepath.Join(dir, "grpc"), "--forward", "grpc://"+collector.otlpGRPC)
	const n = 20
	byHTTP.sendNumbered(t, "by-http", 0, n)
	byGRPC.sendNumbered(t, "by-grpc", 0, n)
	for service, p := range map[string]*process{"by-http": byHTTP, "by-grpc": byGRPC} {
		if rows := collector.waitForNumbered(t, service, n); rows != 3*n {
			t.Errorf("%s: the collector has %d rows, want %d", service, rows, 3*n)
		}
		p.waitForNumbered(t, service, n)
		p.stopWithin(t, 3*time.Second)
	}
	collector.stop(t)
}

// TestForward_CollectorComesLate starts without a collector, is stopped and
// killed meanwhile, and loses nothing.
func TestForward_CollectorComesLate(t *testing.T) {
	for _, scheme := range []string{"http", "grpc"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			dir, addr := t.TempDir(), freeAddr(t)
			data := filepath.Join(dir, "data")
			forward := []string{"--forward", scheme + "://" + addr}

			p := startServe(t, data, forward...)
			p.sendNumbered(t, "late", 0, 10)
			p.waitForNumbered(t, "late", 10)
			p.kill()

			p = startServe(t, data, forward...)
			p.sendNumbered(t, "late", 10, 20)
			p.waitForNumbered(t, "late", 20)
			p.stopWithin(t, forwardGrace+5*time.Second)
			if log := p.stderr.String(); !strings.Contains(log, "sent after the next start") || !strings.Contains(log, addr) {
				t.Errorf("the log does not tell what %s has not got:\n%s", addr, log)
			}

			p = startServe(t, data, forward...)
			p.sendNumbered(t, "late", 20, 30)
			collector := startServe(t, filepath.Join(dir, "collector"), "--otlp-"+scheme, addr)
			collector.waitForNumbered(t, "late", 30)
			if rows := p.waitForNumbered(t, "late", 30); rows != 3*30 {
				t.Errorf("the daemon's own store has %d rows, want %d", rows, 3*30)
			}
			p.stop(t)
			collector.stop(t)
		})
	}
}

// TestServe_StopsDespiteHangingClients has a tail and a half-sent request open
// when the daemon is told to stop.
func TestServe_StopsDespiteHangingClients(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := startServe(t, data)
	p.sendNumbered(t, "app", 0, 5)
	resp, err := http.Get(p.api + "/api/v1/tail?signal=spans")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.otlpHTTP, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\n\x0a")); err != nil {
		t.Fatal(err)
	}
	p.stopWithin(t, requestGrace+5*time.Second)
	out, _, _ := run(t, "query", "--data", data, "--format", "csv", "SELECT count(*) FROM spans")
	if out != "count(*)\n5\n" {
		t.Errorf("what was acknowledged is not in the store: %q", out)
	}
}

// TestServe_StopsAtOnceWithATailOpen: a tail has no end of its own.
func TestServe_StopsAtOnceWithATailOpen(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "data"))
	resp, err := http.Get(p.api + "/api/v1/tail")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	p.stopWithin(t, requestGrace-time.Second)
}

// TestServe_RefusesToForwardToItself by whatever name.
func TestServe_RefusesToForwardToItself(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	ip := networkAddress(t)
	for listen, endpoints := range map[string][]string{
		"--host=127.0.0.1 --port=3999":                     {"http://127.0.0.1:3999", "http://localhost:3999/", "http://0.0.0.0:3999"},
		"--host=0.0.0.0 --port=3999":                       {"http://127.0.0.1:3999", "http://[::1]:3999", "http://" + ip + ":3999", "http://" + name + ":3999"},
		"--port=0 --otlp-grpc=127.0.0.1:4317":              {"grpc://localhost", "grpc://u:pw@127.0.0.1:4317"},
		"--port=0 --otlp-grpc=:4317":                       {"grpc://" + ip, "grpc://" + name},
		"--port=0 --otlp-grpc= --otlp-http=localhost:4999": {"http://127.0.0.1:4999", "http://collector.example:4999,http://127.0.0.1:4999"},
	} {
		for _, endpoint := range endpoints {
			args := append([]string{"serve", "--data", filepath.Join(t.TempDir(), "data"), "--forward", endpoint}, strings.Fields(listen)...)
			if _, errs, code := run(t, args...); code != exitUsage || !strings.Contains(errs, "is this ttlog itself") {
				t.Errorf("%s: %d %s", args, code, errs)
			}
		}
	}
}

// TestForward_FindsCircles has two daemons forward to each other, over either
// transport, and sends to one of them.
func TestForward_FindsCircles(t *testing.T) {
	for _, scheme := range []string{"http", "grpc"} {
		t.Run(scheme, func(t *testing.T) {
			addr := freeAddr(t)
			a := startServe(t, filepath.Join(t.TempDir(), "a"), "--forward", scheme+"://"+addr)
			back := a.otlpHTTP
			if scheme == "grpc" {
				back = "grpc://" + a.otlpGRPC
			}
			b := startServe(t, filepath.Join(t.TempDir(), "b"), "--otlp-"+scheme, addr, "--forward", back)
			a.sendNumbered(t, "app", 0, 5)
			for name, p := range map[string]*process{"a": a, "b": b} {
				if rows := p.waitForNumbered(t, "app", 5); rows != 15 {
					t.Errorf("%s has %d rows, want 15", name, rows)
				}
			}
			await(t, "b gives up what comes from a", func() bool {
				_, text := get(t, b.api+"/metrics")
				return bytes.Contains(text, []byte("\nttlog_sink_dropped_records_total{reason=\"unsupported\",sink=\""+back+"\"} 15\n"))
			})
			b.stop(t)
			if log := b.stderr.String(); !strings.Contains(log, "its forwarders lead back to it") {
				t.Errorf("the log of b does not say why:\n%s", log)
			}
			if rows := a.waitForNumbered(t, "app", 5); rows != 15 {
				t.Errorf("a has %d rows at the end, want 15", rows)
			}
		})
	}
}
