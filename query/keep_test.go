package query

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage"
)

// keepQueries group in all ways that keep something of a block. The range of %d to
// %d moves.
var keepQueries = []string{
	"SELECT count(*) FROM spans",
	"SELECT count(*), min(timestamp), max(timestamp) FROM spans WHERE timestamp >= %d AND timestamp < %d",
	"SELECT DISTINCT service FROM spans WHERE timestamp >= %d AND timestamp < %d ORDER BY service DESC",
	"SELECT service, count(*) FROM spans WHERE timestamp >= %d AND timestamp < %d GROUP BY service ORDER BY count(*), service LIMIT 2",
	"SELECT service, count(*) FROM spans GROUP BY service HAVING count(*) > 100",
	"SELECT count(*), min(timestamp) FROM spans WHERE timestamp > %d AND timestamp <= %d AND service <> 'service-1'",
	"SELECT DISTINCT service FROM spans WHERE timestamp >= %d AND timestamp < %d",
	"SELECT service, name, count(*) FROM spans WHERE timestamp >= %d AND timestamp < %d GROUP BY service, name",
	"SELECT service, name, count(*) n FROM spans WHERE timestamp >= %d AND timestamp < %d GROUP BY service, name HAVING count(*) > 5 ORDER BY n DESC, service, name LIMIT 3",
	"SELECT time_bucket(1m, timestamp) t, service, p99(duration), p50(duration) FROM spans WHERE timestamp >= %d AND timestamp < %d GROUP BY t, service",
	"SELECT time_bucket(5m, timestamp) t, service, p99(duration), p50(duration) FROM spans WHERE timestamp >= %d AND timestamp < %d GROUP BY t, service",
	"SELECT name, sum(duration), avg(duration), count(DISTINCT trace_id), count(DISTINCT i), approx_count_distinct(span_id) FROM spans GROUP BY name",
	"SELECT name, sum(i), max(i), min(name), any(service) FROM spans WHERE i > 3 GROUP BY name",
	"SELECT name, sum(i), max(i), min(name) FROM spans WHERE i > 4 GROUP BY name",
	"SELECT count(*) FROM spans WHERE name LIKE '%%1' AND timestamp < %d",
	"SELECT count(*) FROM spans WHERE name LIKE '%%2' AND timestamp < %d",
	"SELECT service, count(*) FROM (SELECT service, duration * 2 AS d FROM spans WHERE duration > 3ms) WHERE d > 10ms GROUP BY service",
	"SELECT count(*) FILTER (WHERE i = 1) a, count(*) FILTER (WHERE i = 2) b FROM spans",
	"SELECT quantile(0.1, i), quantile(0.9, i) FROM spans",
	"SELECT topk(2, name), topk(3, name), round(stddev(i), 9) FROM spans",
	"SELECT span_id, duration FROM spans WHERE service = 'service-1' AND i = 4 ORDER BY duration DESC, span_id LIMIT 10",
	"SELECT span_id FROM spans WHERE service = 'service-1' AND i = 5 AND timestamp >= %d AND timestamp < %d ORDER BY timestamp DESC, span_id LIMIT 10",
	"SELECT span_id FROM spans WHERE i = 4 AND service IN ('service-1', 'service-2') ORDER BY span_id",
	"SELECT span_id FROM spans WHERE i > 4 AND i <= 6 AND service = 'nobody'",
}

// TestKept_AnswersAsWithout asks the same of an engine that keeps groups of parts
// and of one that does not, while parts come, are merged and go.
func TestKept_AnswersAsWithout(t *testing.T) {
	dir := t.TempDir()
	base := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	open := func(o storage.Options) *storage.Store {
		o.NoBackgroundCompaction = true
		s, err := storage.Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open(storage.Options{})
	defer func() { _ = s.Close() }()
	kept, without := New(FromStore(s), Options{Parallel: 2}), New(FromStore(s), Options{Parallel: 2})
	without.kept, without.skip = nil, []string{"metadata"}
	ask := func(step string, from, to time.Time) {
		t.Helper()
		for _, q := range keepQueries {
			switch strings.Count(q, "%d") {
			case 2:
				q = fmt.Sprintf(strings.ReplaceAll(q, "%d", "'%s'::timestamp"), from.Format(time.RFC3339), to.Format(time.RFC3339))
			case 1:
				q = fmt.Sprintf(strings.ReplaceAll(q, "%d", "'%s'::timestamp"), to.Format(time.RFC3339))
			}
			want, err := without.Query(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			for range 2 {
				got, err := kept.Query(t.Context(), q)
				if err != nil {
					t.Fatalf("%s: %v", q, err)
				}
				if render(got) != render(want) {
					t.Fatalf("%s: %s\ngot\n%s\nwant\n%s", step, q, render(got), render(want))
				}
			}
		}
	}
	all := base.Add(1000 * time.Hour)
	for i := range 3 {
		appendSpans(t, s, base.Add(time.Duration(i)*10*time.Minute), 400, i)
		ask("in memory", base, all)
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		ask("flushed", base, all)
		ask("a range that cuts parts", base.Add(3*time.Minute), base.Add(15*time.Minute))
	}
	appendSpans(t, s, base.Add(5*time.Minute), 100, 3)
	ask("parts and memory", base, all)
	appendSpans(t, s, base.Add(-48*time.Hour), 100, 4)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask("an older day", base.Add(-72*time.Hour), all)
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask("merged", base, all)

	for q, want := range map[string]string{
		"SELECT max(duration) FROM spans": "groups of 2 blocks of 2 were kept",
		"SELECT service, name, count(*) FROM spans WHERE timestamp < now() GROUP BY service, name": "groups of 2 blocks of 2 were kept",
		"SELECT count(*), max(timestamp) FROM spans WHERE timestamp < now()":                       "groups of 2 blocks from metadata",
		"SELECT span_id FROM spans WHERE service = 'service-1' AND i = 4":                          "3 selections of rows of 3 were kept",
		"SELECT DISTINCT service FROM spans ORDER BY service":                                      "groups of 2 blocks from metadata",
		"SELECT service, count(*) FROM spans GROUP BY service ORDER BY count(*), service":          "groups of 2 blocks from metadata",
	} {
		for range 2 {
			_, _ = kept.Query(t.Context(), q)
		}
		plan, err := kept.Query(t.Context(), "EXPLAIN ANALYZE "+q)
		if err != nil {
			t.Fatal(err)
		}
		if got := render(plan); !strings.Contains(got, want) {
			t.Errorf("not %q:\n%s", want, got)
		}
	}
}

// appendSpans appends n spans, a second apart.
func appendSpans(t *testing.T, s *storage.Store, from time.Time, n, seed int) {
	t.Helper()
	td := ptrace.NewTraces()
	for svc := range 3 {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", (svc+seed)%4))
		list := rs.ScopeSpans().AppendEmpty().Spans()
		for i := range n / 3 {
			sp := list.AppendEmpty()
			at := from.Add(time.Duration(i*3+svc) * time.Second)
			sp.SetTraceID(pcommon.TraceID{1, byte(seed), byte(i / 5)})
			sp.SetSpanID(pcommon.SpanID{1, byte(seed), byte(svc), byte(i), byte(i >> 8)})
			sp.SetName(fmt.Sprintf("operation %d", (i*i+seed)%7))
			sp.SetStartTimestamp(pcommon.NewTimestampFromTime(at))
			sp.SetEndTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(i%17) * time.Millisecond)))
			sp.Attributes().PutInt("i", int64(i%11))
		}
	}
	raw, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), otlpwire.Traces, raw, 0); err != nil {
		t.Fatal(err)
	}
}
