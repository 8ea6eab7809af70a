package main

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestReady_NotBeforeTheReplay starts a server on a ring that holds more than the
// store takes while it cannot write: it answers queries, of which some rows are
// missing, and says that it is not ready, until everything is there.
func TestReady_NotBeforeTheReplay(t *testing.T) {
	dir := smallDisk(t, "48m")
	data := filepath.Join(dir, "data")
	flags := []string{"--ring-size", "16MiB", "--memory", "32MiB", "--min-free", "0"}
	p := startServe(t, data, flags...)
	remove := ballast(t, dir, 0)
	acknowledged := 0
	for ; acknowledged < 1000; acknowledged++ {
		// What many rows share takes no memory: each has a text of its own.
		req := padded(acknowledged)
		req.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetName(strings.Repeat(fmt.Sprintf("%07d ", acknowledged), 50_000/8))
		body, err := req.MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		if post(p.otlpHTTP+"/v1/traces", "application/x-protobuf", "", bytes.NewReader(body)) != http.StatusOK {
			break
		}
	}
	p.kill()

	p = startServe(t, data, flags...)
	const missing = "what the ring held at the start is not in the store yet"
	await(t, "the store takes no more", func() bool {
		_, text := ask(t, p.api+"/metrics")
		return strings.Contains(text, "\nttlog_degraded{reason=\"store_errors\"} 1\n")
	})
	if n := p.query(t, "SELECT count(*) FROM spans")[0][0]; n == float64(acknowledged) {
		t.Fatalf("all %v rows are there: nothing is left to be replayed", n)
	}
	if code, text := ask(t, p.api+"/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(text, missing) {
		t.Errorf("readyz: %d %s", code, text)
	}
	if _, text := ask(t, p.api+"/metrics"); !strings.Contains(text, "\nttlog_ready 0\n") || !strings.Contains(text, "\nttlog_degraded{reason=\"replay\"} 1\n") {
		t.Error("the metrics say that it is ready, or replayed")
	}
	if st := p.status(t); !strings.Contains(st.NotReady, missing) || !st.Degraded["replay"] {
		t.Errorf("status: not ready since %q, degraded %v", st.NotReady, st.Degraded)
	}

	remove()
	await(t, "ready", func() bool { code, _ := ask(t, p.api+"/readyz"); return code == http.StatusOK })
	if n := p.query(t, "SELECT count(*) FROM spans")[0][0]; n != float64(acknowledged) {
		t.Errorf("ready with %v rows of %d", n, acknowledged)
	}
	if st := p.status(t); st.Degraded["replay"] || st.Degraded["store_errors"] || st.Degraded["ring_full"] {
		t.Errorf("ready and degraded: %v", st.Degraded)
	}
}
