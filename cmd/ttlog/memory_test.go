package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/queryapi"
)

// TestMemory_AtRest sends compressed requests from many clients to a daemon
// with many cores, queries it and reads traces, and looks at what is left in
// the heap when everything is flushed and merged.
func TestMemory_AtRest(t *testing.T) {
	if testing.Short() {
		t.Skip("it sends 160,000 spans")
	}
	const most = 128 << 20
	for _, cores := range []int{16, 64} {
		t.Run(fmt.Sprint("cores=", cores), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			guard, err := queryapi.NewGuard(queryapi.GuardOptions{})
			if err != nil {
				t.Fatal(err)
			}
			d, err := startDaemon(config{
				data: t.TempDir(), addr: "127.0.0.1:0", otlpHTTP: "127.0.0.1:0", guard: guard, memoryBytes: membudget.ForDaemon(),
			}, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := d.close(t.Context()); err != nil {
					t.Error(err)
				}
			}()
			urls := map[string]string{}
			for _, addr := range d.addrs {
				name, url, _ := strings.Cut(addr, "=")
				urls[name] = url
			}
			for round := range 4 {
				var wg sync.WaitGroup
				for client := range 20 {
					wg.Go(func() { sendCompressed(t, urls["otlp-http"], (20*round+client)*2000) })
				}
				wg.Wait()
				if err := d.dir.Pipeline.DrainStore(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for _, sql := range heavy {
				fetch(t, http.MethodPost, urls["http"]+"/api/v1/query", sql)
			}
			fetch(t, http.MethodGet, fmt.Sprintf("%s/api/v1/traces/%x", urls["http"], longTraceID), "")
			if err := d.dir.Store.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			http.DefaultClient.CloseIdleConnections()
			var m runtime.MemStats
			for range 2 {
				runtime.GC()
			}
			if runtime.ReadMemStats(&m); m.HeapAlloc > most {
				t.Errorf("%d MiB of live heap, want at most %d", m.HeapAlloc>>20, most>>20)
			} else {
				t.Logf("%d MiB of live heap", m.HeapAlloc>>20)
			}
		})
	}
}

// sendCompressed sends 2,000 spans, with zstd or gzip by turns.
func sendCompressed(t *testing.T, url string, from int) {
	t.Helper()
	trace := [16]byte{}
	if from%4000 == 0 {
		trace = longTraceID
	}
	body, encoding := new(bytes.Buffer), "gzip"
	var w io.WriteCloser = gzip.NewWriter(body)
	if from%8000 < 4000 {
		z, err := zstd.NewWriter(body, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Error(err)
			return
		}
		w, encoding = z, "zstd"
	}
	if _, err := w.Write(soakRequest(from, 2000, trace)); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	req, err := http.NewRequest(http.MethodPost, url+"/v1/traces", body)
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", encoding)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("OTLP: %s", resp.Status)
	}
}

// fetch makes a request that has to be answered in whole, and throws the answer away.
func fetch(t *testing.T, method, url, body string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%s %s: %s, %v", url, body, resp.Status, err)
	}
}
