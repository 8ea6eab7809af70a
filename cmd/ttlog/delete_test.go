package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestDelete_OfAServer deletes what was just acknowledged, where the server allows
// it, and for no page of another origin.
func TestDelete_OfAServer(t *testing.T) {
	p := startServe(t, filepath.Join(t.TempDir(), "closed"))
	if _, errs, code := run(t, "delete", "--server", p.api, "--yes", "true"); code != 1 || !strings.Contains(errs, "--allow-delete") {
		t.Errorf("a server that does not allow it: %d, %s", code, errs)
	}
	p.stop(t)

	p = startServe(t, filepath.Join(t.TempDir(), "open"), "--allow-delete")
	defer p.stop(t)
	p.sendNumbered(t, "keep", 0, 5)
	p.sendNumbered(t, "drop", 0, 7)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.api+"/api/v1/delete", strings.NewReader("DELETE FROM spans WHERE true"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another origin gets %s", resp.Status)
	}
	out, errs, code := run(t, "delete", "--server", p.api, "--yes", "service = 'drop'")
	if code != 0 || !strings.Contains(out, "spans: 7 records deleted") {
		t.Errorf("ttlog delete: %d\n%s%s", code, out, errs)
	}
	for _, table := range []string{"spans", "logs", "metrics"} {
		rows := p.query(t, "SELECT service, count(*) FROM "+table+" GROUP BY service")
		if len(rows) != 1 || rows[0][0] != "keep" {
			t.Errorf("%s: %v", table, rows)
		}
	}
	if n := p.metric(t, "ttlog_store_deleted_rows_total"); n < 7 {
		t.Errorf("%v rows are counted", n)
	}
}
