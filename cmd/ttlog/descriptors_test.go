//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestServe_FewDescriptors has more parts, clients and senders than the process
// may have files open: everyone is answered, and nothing is lost.
func TestServe_FewDescriptors(t *testing.T) {
	const days, clients, limit = 60, 100, 64
	data := filepath.Join(t.TempDir(), "data")
	var names []string
	for i := range days {
		names = append(names, time.Date(2024, 1, 1+i, 12, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	importOld(t, data, names...)
	p := startServeBy(t, []string{"sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, limit)}, data)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			// A client with a connection of its own, which it keeps.
			client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
			t.Cleanup(client.CloseIdleConnections)
			for round := range 4 {
				table := signals[(i+round)%3].table
				resp, err := client.Post(p.api+"/api/v1/query", "text/plain", strings.NewReader("SELECT count(*), max(timestamp) FROM "+table+" WHERE service = 'old'"))
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), fmt.Sprintf(`"rows":[[%d,`, days)) {
					t.Errorf("%s: %s %v", resp.Status, body, err)
				}
			}
		})
	}
	wg.Go(func() { p.sendNumbered(t, "new", 0, 20) })
	wg.Wait()
	p.waitForNumbered(t, "new", 20)
	if log := p.stderr.String(); strings.Contains(log, "too many open files") {
		t.Errorf("the process ran out of descriptors:\n%s", log)
	}
	p.stop(t)
	if out, _, code := run(t, "check", data); code != 0 {
		t.Errorf("check: %s", out)
	}
}
