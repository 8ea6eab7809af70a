package query

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
)

func openStore(t *testing.T) *storage.Store { return openStoreWith(t, storage.Options{}) }

func openStoreWith(t *testing.T, o storage.Options) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestFromStore_Logs(t *testing.T) {
	s := openStore(t)
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "api")
	list := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i, body := range []string{"one", "two", "three"} {
		r := list.AppendEmpty()
		r.SetTimestamp(1_700_000_000_000_000_000 + 1e9*1)
		r.SetSeverityNumber(plog.SeverityNumber(9 + 4*i))
		r.Body().SetStr(body)
		r.Attributes().PutInt("i", int64(i))
	}
	raw, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), otlpwire.Logs, raw, 0); err != nil {
		t.Fatal(err)
	}
	e := New(FromStore(s), Options{})
	for range 2 { // from memory, then from a part
		for sql, want := range map[string]string{
			"SELECT body, level, i FROM logs WHERE level >= 'WARN' ORDER BY i":                    "two|WARN|1\nthree|ERROR|2",
			"SELECT service, count(*), sum(i) FROM logs WHERE timestamp < now() GROUP BY service": "api|3|3",
			"SELECT attributes, resource FROM logs WHERE i = 0 AND timestamp > '2023-11-14'":      `{"i":0}|{"service.name":"api"}`,
			"SELECT count(*) FROM logs WHERE timestamp > '2024-01-01'":                            "0",
			"SELECT count(*) FROM spans": "0",
		} {
			r, err := e.Query(t.Context(), sql)
			if err != nil {
				t.Errorf("%s: %v", sql, err)
			} else if got := render(r); got != want {
				t.Errorf("%s: got %s, want %s", sql, got, want)
			}
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFromStore_HotROD asks for the known figures of the captured spans.
func TestFromStore_HotROD(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped by -short: loads 90 MB of spans")
	}
	s := openStore(t)
	for _, request := range capturetest.Messages(t, "hotrod.traces.binpb.zst", 0) {
		if _, err := s.Append(t.Context(), otlpwire.Traces, request, 0); err != nil {
			t.Fatal(err)
		}
	}
	e := New(FromStore(s), Options{Timeout: 5 * time.Minute})
	for sql, want := range map[string]string{
		"SELECT count(*) FROM spans": "208711",
		"SELECT service, count(*) FROM spans GROUP BY service ORDER BY 2 DESC, 1": "redis-manual|72323\nfrontend|68194\nroute|51430\ncustomer|5588\ndriver|5588\nmysql|5588",
		"SELECT count(DISTINCT trace_id), count_if(error) FROM spans":             "5588|14682",
		"SELECT count(*) FROM spans WHERE error":                                  "14682",
	} {
		r, err := e.Query(t.Context(), sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
		} else if got := render(r); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", sql, got, want)
		}
	}
}
