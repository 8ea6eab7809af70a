package query_test

import (
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/storage"
)

// TestTopN_LeavesOutByTime asks for the newest and the oldest rows of a store of
// several parts: the answers are those of an order that no summary helps with,
// and blocks are left out.
func TestTopN_LeavesOutByTime(t *testing.T) {
	s, err := storage.Open(filepath.Join(t.TempDir(), "data"), storage.Options{NoBackgroundCompaction: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	requests := capturetest.Messages(t, "hotrod.traces.binpb.zst", 3)
	for i := range 4 {
		for _, r := range requests {
			if _, err := s.Append(t.Context(), storage.Traces, later(t, r, time.Duration(i)*time.Hour), 0); err != nil {
				t.Fatal(err)
			}
		}
		if i < 3 { // the last stay in memory
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	e := query.New(query.FromStore(s), query.Options{})
	rows := func(sql string) [][]any {
		t.Helper()
		r, err := e.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		return r.Rows
	}
	for _, order := range []string{"", " DESC"} {
		for _, limit := range []string{"LIMIT 1", "LIMIT 20", "LIMIT 5000 OFFSET 10", "LIMIT 1000000"} {
			sql := "SELECT span_id, timestamp FROM spans ORDER BY timestamp" + order + ", span_id " + limit
			// An expression hides from the scan what the order is about.
			plain := strings.Replace(sql, "BY timestamp", "BY coalesce(timestamp, timestamp)", 1)
			if got, want := rows(sql), rows(plain); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %d rows differ from those of %s", sql, len(got), plain)
			}
		}
	}
	var text strings.Builder
	for _, row := range rows("EXPLAIN ANALYZE SELECT span_id FROM spans ORDER BY timestamp LIMIT 5") {
		text.WriteString(row[0].(string) + "\n")
	}
	if !strings.Contains(text.String(), "blocks left out by time 2") {
		t.Errorf("no block was left out:\n%s", text.String())
	}
}
