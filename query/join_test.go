package query

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/storage/column"
)

// storedJoin is an engine over a store with 20 parts of 100 traces each, of two
// spans and a log record; every hundredth trace has an error, and a late child
// with an event.
func storedJoin(t *testing.T) *Engine {
	t.Helper()
	s := openStoreWith(t, storage.Options{NoBackgroundCompaction: true})
	at := func(i int) pcommon.Timestamp { return pcommon.Timestamp(1_700_000_000_000_000_000 + int64(i)*1e9) }
	for part := range 20 {
		spans, logs := ptrace.NewTraces(), plog.NewLogs()
		spanList := spans.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		logList := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for i := part * 100; i < part*100+100; i++ {
			trace := traceOf(i)
			for j := range 2 {
				sp := spanList.AppendEmpty()
				sp.SetTraceID(trace)
				sp.SetSpanID(pcommon.SpanID{1, byte(j), byte(i >> 8), byte(i)})
				sp.SetName([]string{"parent", "child"}[j])
				sp.SetStartTimestamp(at(i))
				sp.SetEndTimestamp(at(i) + 1e6)
				if j == 1 {
					sp.SetParentSpanID(pcommon.SpanID{1, 0, byte(i >> 8), byte(i)})
				}
				if j == 1 && i%100 == 0 {
					sp.SetEndTimestamp(at(i) + 1e9)
					e := sp.Events().AppendEmpty()
					e.SetName("retry")
					e.SetTimestamp(at(i) + 5)
					e.Attributes().PutInt("try", int64(i))
				}
			}
			r := logList.AppendEmpty()
			r.SetTraceID(trace)
			r.SetTimestamp(at(i))
			r.SetSeverityNumber(plog.SeverityNumberInfo)
			if i == 700 {
				r.SetSeverityNumber(plog.SeverityNumberError)
			}
			r.Body().SetStr(fmt.Sprint("record ", i))
		}
		rawSpans, err := ptraceotlp.NewExportRequestFromTraces(spans).MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		rawLogs, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), otlpwire.Traces, rawSpans, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), otlpwire.Logs, rawLogs, 0); err != nil {
			t.Fatal(err)
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return New(FromStore(s), Options{Parallel: 2})
}

// traceOf is the id of trace i.
func traceOf(i int) (id pcommon.TraceID) {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	binary.BigEndian.PutUint64(id[:], r.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	return id
}

// TestJoin_PrunesByKeys joins slow spans with their error logs: of the parts with
// spans, only that with the trace is read.
func TestJoin_PrunesByKeys(t *testing.T) {
	e := storedJoin(t)
	for _, c := range []struct {
		sql, want string
		scanned   int64 // rows at most
	}{
		{"SELECT s.name, l.body FROM spans s JOIN logs l ON s.trace_id = l.trace_id WHERE s.duration > 500ms AND l.level = 'ERROR'", "child|record 700", 2400},
		{"SELECT name FROM spans WHERE duration > 500ms AND trace_id IN (SELECT trace_id FROM logs WHERE level = 'ERROR')", "child", 2400},
		{"SELECT p.name, c.name FROM spans c JOIN spans p ON p.trace_id = c.trace_id AND p.span_id = c.parent_span_id WHERE c.timestamp = '2023-11-14T22:25:00Z'", "parent|child", 600},
		// What is asked of one side's trace id is asked of the other's.
		{"SELECT s.name, l.body FROM spans s LEFT JOIN logs l ON s.trace_id = l.trace_id WHERE s.trace_id = '%s' ORDER BY s.name", "child|record 900\nparent|record 900", 400},
		{"SELECT s.name, e.name, e.try, e.timestamp FROM spans s, UNNEST(events) e WHERE s.timestamp < '2023-11-14T22:14:00Z'", "child|retry|0|2023-11-14T22:13:20.000000005Z", 400},
	} {
		if strings.Contains(c.sql, "%s") {
			c.sql = fmt.Sprintf(c.sql, traceOf(900))
		}
		r, err := e.Query(t.Context(), c.sql)
		if err != nil {
			t.Fatalf("%s: %v", c.sql, err)
		}
		if got := render(r); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.sql, got, c.want)
		}
		if r.Stats.RowsScanned > c.scanned {
			t.Errorf("%s: %d rows scanned, %d of %d parts pruned; want at most %d rows", c.sql, r.Stats.RowsScanned, r.Stats.PartsPruned, r.Stats.PartsTotal, c.scanned)
		}
	}
}

// TestJoin_TellsScan looks at what the scan of the probed side is asked for.
func TestJoin_TellsScan(t *testing.T) {
	src := manySpans(100)
	r, err := testEngine(src).Query(t.Context(), "SELECT count(*) FROM spans a JOIN spans b ON a.span_id = b.span_id WHERE b.name = 'name 7'")
	if err != nil || render(r) != "1" {
		t.Fatalf("%v, %v", r, err)
	}
	last := src.reqs[len(src.reqs)-1].Where
	if len(last) != 1 || last[0].Op != column.In || len(last[0].Values) != 1 || last[0].Values[0].Str != "00000007" {
		t.Errorf("the scan was asked for %v", last)
	}
}

func TestJoin_Limits(t *testing.T) {
	src := manySpans(20_000)
	for _, sql := range []string{
		"SELECT count(*) FROM spans a JOIN spans b ON a.span_id = b.span_id",
		"SELECT count(*) FROM spans a LEFT JOIN spans b ON a.span_id = b.span_id AND a.name < b.name",
		"SELECT count(*) FROM spans WHERE span_id NOT IN (SELECT span_id FROM spans)",
	} {
		e := New(src, Options{MaxMemoryBytes: 256 << 10, Parallel: 2})
		if _, err := e.Query(t.Context(), sql); !errors.Is(err, plan.ErrLimit) || !strings.Contains(err.Error(), "memory budget of 256 KiB reached at JOIN") {
			t.Errorf("%s: got error %v", sql, err)
		}
		e = New(src, Options{Parallel: 2})
		if _, err := e.Query(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestSubquery_ManyValues is an error that only the rows can tell.
func TestSubquery_ManyValues(t *testing.T) {
	_, err := testEngine(manySpans(2)).Query(t.Context(), "SELECT (SELECT name FROM spans)")
	if want := "query: a subquery that is a value gave more than one row"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

// TestJoin_Cancel ends queries whose joins give more rows than anybody waits for.
func TestJoin_Cancel(t *testing.T) {
	src := manySpans(20_000)
	for _, sql := range []string{
		"SELECT count(*) FROM spans a JOIN spans b ON a.service = b.service",
		"SELECT count(*) FROM spans a LEFT JOIN spans b ON a.service = b.service AND a.name < b.name",
		"SELECT a.name FROM spans a LEFT SEMI JOIN spans b ON a.service = b.service AND a.duration < b.duration - 1h",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := New(src, Options{Parallel: 2}).Query(ctx, sql)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got error %v", sql, err)
		}
	}
}

// TestJoin_Explain shows the operators in both plans.
func TestJoin_Explain(t *testing.T) {
	e := testEngine(manySpans(50))
	for sql, want := range map[string][]string{
		"SELECT a.name FROM spans a LEFT JOIN spans b ON a.span_id = b.span_id AND a.duration < b.duration": {
			"LeftJoin on span_id = span_id, duration < duration", "LeftJoin by hash of 1 key, then 1 condition; the second input is held",
		},
		"SELECT a.name FROM spans a JOIN spans b ON a.span_id = b.span_id WHERE b.name = 'name 1'": {
			"InnerJoin on span_id = span_id", "InnerJoin by hash of 1 key", "scan of the first told 1 value of span_id",
		},
		"SELECT name FROM spans WHERE name IN (SELECT name FROM spans UNION ALL SELECT 'x')": {"SemiJoin on", "Union of 2", "SemiJoin by hash"},
		"SELECT e.name, e.x FROM spans, UNNEST(events) e":                                    {"Unnest events: name string, x any", "Unnest into 2 columns"},
		"SELECT name, name NOT IN (SELECT 'x') FROM spans":                                   {"MarkJoin that NULL decides on"},
		"SELECT name, (SELECT 1) FROM spans":                                                 {"LeftJoin with one row"},
	} {
		r, err := e.Query(t.Context(), "EXPLAIN ANALYZE "+sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		text := render(r)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: the plan lacks %q:\n%s", sql, w, text)
			}
		}
	}
}
