package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func (p *process) post(t testing.TB, signal string, body []byte) {
	t.Helper()
	resp, err := http.Post(p.otlpHTTP+"/v1/"+signal, "application/x-protobuf", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", signal, resp.Status)
	}
}

// TestRepeats_AcrossRestarts sends the same requests to a daemon that is killed
// and stopped in between: a client sends again what it got no answer to.
func TestRepeats_AcrossRestarts(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	requests := numbered(t, "again", 1, time.Now())
	p := startServe(t, data)
	for _, end := range []func(){func() { p.kill() }, func() { p.stop(t) }} {
		for signal, body := range requests {
			p.post(t, signal, body)
			p.post(t, signal, body)
		}
		if rows := p.waitForNumbered(t, "again", 1); rows != 3 {
			t.Errorf("%d rows, want one for each signal", rows)
		}
		end()
		p = startServe(t, data)
		for signal, body := range requests {
			p.post(t, signal, body)
		}
	}
	resp, err := http.Get(p.api + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(text), "ttlog_receiver_repeated_requests_total{signal=\"logs\"}") {
		t.Errorf("the metrics do not count repeats: %v", err)
	}
	p.stop(t)

	p = startServe(t, filepath.Join(t.TempDir(), "off"), "--dedup-window", "0")
	for range 2 {
		p.post(t, "traces", requests["traces"])
	}
	p.waitForCount(t, "spans", 2)
	p.stop(t)
}

// TestRepeats_OfAForwarder loses the collector's acknowledgements: the daemon
// sends again, and the other one stores once.
func TestRepeats_OfAForwarder(t *testing.T) {
	dir := t.TempDir()
	collector := startServe(t, filepath.Join(dir, "collector"))
	to, err := url.Parse(collector.otlpHTTP)
	if err != nil {
		t.Fatal(err)
	}
	var lost atomic.Int64
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(*http.Response) error {
			if lost.Add(1)%3 != 0 {
				panic(http.ErrAbortHandler) // it is stored; nobody hears of it
			}
			return nil
		},
	}
	srv := httptest.NewServer(proxy)
	defer srv.Close()
	p := startServe(t, filepath.Join(dir, "edge"), "--forward", srv.URL)
	const n = 10
	p.sendNumbered(t, "edge", 0, n)
	if rows := collector.waitForNumbered(t, "edge", n); rows != 3*n {
		t.Errorf("the collector has %d rows, want %d", rows, 3*n)
	}
	await(t, "every request acknowledged", func() bool {
		for _, sink := range p.status(t).Sinks {
			if sink.Name == srv.URL {
				return sink.Requests >= 3*n
			}
		}
		return false
	})
	if lost.Load() < 2*3*n {
		t.Errorf("%d answers were lost", lost.Load())
	}
	if rows := collector.waitForNumbered(t, "edge", n); rows != 3*n {
		t.Errorf("after the repeats the collector has %d rows, want %d", rows, 3*n)
	}
	p.stop(t)
	collector.stop(t)
}
