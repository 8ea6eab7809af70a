package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/queryapi"
)

// TestQuerySpill groups more than the memory of a small daemon holds. What a crash
// left behind is gone when it starts, and what a query put there when that is done.
func TestQuerySpill(t *testing.T) {
	guard, err := queryapi.NewGuard(queryapi.GuardOptions{})
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	scratch := filepath.Join(data, "tmp", "queries")
	left := filepath.Join(scratch, "1.spill")
	if err := os.MkdirAll(scratch, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("left"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := startDaemon(config{
		data: data, addr: "127.0.0.1:0", otlpHTTP: "127.0.0.1:0", guard: guard, memoryBytes: 32 << 20, querySpillMax: 64 << 20,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what a crash left: %v", err)
	}
	urls := map[string]string{}
	for _, addr := range d.addrs {
		name, url, _ := strings.Cut(addr, "=")
		urls[name] = url
	}
	const n = 20
	for i := range n {
		sendCompressed(t, urls["otlp-http"], i*2000)
	}
	resp, err := http.Post(urls["http"]+"/api/v1/query", "text/plain", strings.NewReader("SELECT count(*), sum(n) FROM (SELECT timestamp, span_id, name, count(*) AS n FROM spans GROUP BY timestamp, span_id, name)"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Rows  [][]int64
		Stats struct {
			Scanned int64 `json:"rows_scanned"`
			Spilled int64 `json:"spilled_bytes"`
		}
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if len(doc.Rows) != 1 || doc.Rows[0][1] != doc.Stats.Scanned || doc.Stats.Spilled == 0 {
		t.Errorf("got %s", body)
	}
	if files, err := os.ReadDir(scratch); err != nil || len(files) > 0 {
		t.Errorf("left on the disk: %v, %v", files, err)
	}
}
