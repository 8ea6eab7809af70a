package query_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/storage"
)

// BenchmarkCapture measures queries of two million spans: the captured ones, ten
// times. They are read from a store that stays in the directory of
// TTLOG_BENCH_STORE, where that is set.
func BenchmarkCapture(b *testing.B) {
	dir := os.Getenv("TTLOG_BENCH_STORE")
	if dir == "" {
		dir = filepath.Join(b.TempDir(), "data")
	}
	s, err := storage.Open(dir, storage.Options{NoBackgroundCompaction: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	}()
	if s.Status().Signals[storage.Traces].Rows == 0 {
		requests := capturetest.Messages(b, "hotrod.traces.binpb.zst", -1)
		for i := range 10 {
			for _, r := range requests {
				if _, err := s.Append(b.Context(), storage.Traces, later(b, r, time.Duration(i)*time.Hour), 0); err != nil {
					b.Fatal(err)
				}
			}
			if err := s.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Compact(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	e := query.New(query.FromStore(s), query.Options{})
	needle := rowOf(b, e, "SELECT param.driverID FROM spans WHERE param.driverID IS NOT NULL LIMIT 1")
	trace := rowOf(b, e, "SELECT trace_id FROM spans LIMIT 1")
	span := rowOf(b, e, "SELECT span_id FROM spans LIMIT 1")
	for _, q := range []struct{ name, sql string }{
		{"slow", "SELECT span_id, duration, error FROM traces WHERE service = 'frontend' AND duration > 100ms ORDER BY duration DESC LIMIT 100"},
		{"count", "SELECT count(*), service, name FROM spans GROUP BY service, name"},
		{"p99", "SELECT time_bucket(1m, timestamp) t, service, p99(duration) FROM spans GROUP BY t, service"},
		{"attr", "SELECT * FROM spans WHERE param.driverID = '" + needle + "'"},
		{"attr-none", "SELECT * FROM spans WHERE param.driverID = 'nobody'"},
		{"attr-count", "SELECT count(*) FROM spans WHERE param.driverID = '" + needle + "'"},
		{"service-10", "SELECT * FROM spans WHERE service = 'frontend' LIMIT 10"},
		{"newest-100", "SELECT * FROM spans ORDER BY timestamp DESC LIMIT 100"},
		{"span", "SELECT * FROM spans WHERE span_id = '" + span + "'"},
		{"trace", "SELECT count(*) FROM spans WHERE trace_id = '" + trace + "'"},
		{"services", "SELECT service, count(*) FROM spans GROUP BY service"},
		{"services-list", "SELECT DISTINCT service FROM spans"},
		{"total", "SELECT count(*), max(timestamp) FROM spans"},
	} {
		b.Run("query="+q.name+"/first", func(b *testing.B) { // nothing is kept of an earlier one
			for b.Loop() {
				if _, err := query.New(query.FromStore(s), query.Options{}).Query(b.Context(), q.sql); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("query="+q.name+"/again", func(b *testing.B) {
			for b.Loop() {
				if _, err := e.Query(b.Context(), q.sql); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// later returns a request whose spans are as much later, and have other ids.
func later(b testing.TB, request []byte, by time.Duration) []byte {
	b.Helper()
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(request)
	if err != nil {
		b.Fatal(err)
	}
	move := func(at pcommon.Timestamp) pcommon.Timestamp { return at + pcommon.Timestamp(by) }
	mark := byte(by / time.Hour)
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, sp := range ss.Spans().All() {
				sp.SetStartTimestamp(move(sp.StartTimestamp()))
				sp.SetEndTimestamp(move(sp.EndTimestamp()))
				for _, e := range sp.Events().All() {
					e.SetTimestamp(move(e.Timestamp()))
				}
				trace, span, parent := sp.TraceID(), sp.SpanID(), sp.ParentSpanID()
				trace[3] ^= mark
				span[3] ^= mark
				if !parent.IsEmpty() {
					parent[3] ^= mark
				}
				sp.SetTraceID(trace)
				sp.SetSpanID(span)
				sp.SetParentSpanID(parent)
			}
		}
	}
	out, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// rowOf returns the only value of a query's only row.
func rowOf(b testing.TB, e *query.Engine, sql string) string {
	b.Helper()
	r, err := e.Query(b.Context(), sql)
	if err != nil {
		b.Fatal(err)
	}
	return r.Rows[0][0].(string)
}
