package query_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/storage"
)

// oracleSpan is a span of the capture, with its place in its trace found by going
// up and down span by span.
type oracleSpan struct {
	trace, service, name string
	failed               bool
	start, end           int64
	parent               *oracleSpan
	kids                 []*oracleSpan
}

func (s *oracleSpan) anyAbove(f func(*oracleSpan) bool) bool {
	return s.parent != nil && (f(s.parent) || s.parent.anyAbove(f))
}

func (s *oracleSpan) anyBelow(f func(*oracleSpan) bool) bool {
	return slices.ContainsFunc(s.kids, func(k *oracleSpan) bool { return f(k) || k.anyBelow(f) })
}

// self counts the microseconds in which no child runs, at the edges of children.
func (s *oracleSpan) self() (total int64) {
	edges := []int64{s.start, s.end}
	for _, k := range s.kids {
		edges = append(edges, min(max(k.start, s.start), s.end), min(max(k.end, s.start), s.end))
	}
	slices.Sort(edges)
	for i := 1; i < len(edges); i++ {
		covered := slices.ContainsFunc(s.kids, func(k *oracleSpan) bool { return k.start <= edges[i-1] && k.end >= edges[i] })
		if !covered {
			total += edges[i] - edges[i-1]
		}
	}
	return total
}

func TestStructure_MatchesOracle(t *testing.T) {
	s, err := storage.Open(t.TempDir(), storage.Options{NoBackgroundCompaction: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for i, r := range capturetest.Messages(t, "hotrod.traces.binpb.zst", 120) {
		if _, err := s.Append(t.Context(), storage.Traces, r, 0); err != nil {
			t.Fatal(err)
		}
		if i == 50 {
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	e := query.New(query.FromStore(s), query.Options{})
	ask := func(sql string) [][]any {
		t.Helper()
		r, err := e.Query(t.Context(), sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return r.Rows
	}
	spans := map[string]*oracleSpan{}
	rows := ask("SELECT trace_id, span_id, parent_span_id, service, name, coalesce(error, false), timestamp, duration FROM spans")
	for _, r := range rows {
		start := r[6].(time.Time).UnixNano()
		spans[r[1].(string)] = &oracleSpan{
			trace: r[0].(string), service: r[3].(string), name: r[4].(string), failed: r[5].(bool), start: start, end: start + int64(r[7].(time.Duration)),
		}
	}
	roots := map[string]*oracleSpan{}
	for _, r := range rows {
		span := spans[r[1].(string)]
		if above, ok := r[2].(string); ok && spans[above] != nil {
			span.parent = spans[above]
			spans[above].kids = append(spans[above].kids, span)
		} else if have := roots[span.trace]; r[2] == nil && (have == nil || span.start < have.start) {
			roots[span.trace] = span
		}
	}
	frontend := func(s *oracleSpan) bool { return s.service == "frontend" }
	failed := func(s *oracleSpan) bool { return s.failed }
	slow := func(s *oracleSpan) bool { return s.service == "redis-manual" || s.end-s.start > 20e6 }
	checked, met := 0, 0
	for _, where := range []string{"", " WHERE service = 'driver'", " WHERE duration > 100ms"} {
		got := ask(`SELECT span_id, has_ancestor(service = 'frontend'), has_descendant(error), has_parent(error), has_child(service = 'redis-manual' OR duration > 20ms),
			self_time, root.name, trace_duration FROM spans` + where)
		for _, r := range got {
			span := spans[r[0].(string)]
			want := []any{span.anyAbove(frontend), span.anyBelow(failed), span.parent != nil && span.parent.failed, slices.ContainsFunc(span.kids, slow), time.Duration(span.self())}
			if !slices.Equal(r[1:6], want) {
				t.Fatalf("%s: span %s of %s: got %v, want %v", where, r[0], span.service, r[1:6], want)
			}
			if root := roots[span.trace]; root != nil && r[6] != root.name {
				t.Fatalf("span %s: got root %v, want %s", r[0], r[6], root.name)
			}
			checked++
			if want[1] == true {
				met++
			}
		}
	}
	if checked < len(rows) || met == 0 {
		t.Fatalf("compared %d spans of %d, %d with failures below", checked, len(rows), met)
	}
	// Each moment of a root is some span's part of the critical path.
	for _, r := range ask("SELECT trace_id, sum(critical_path) FROM spans GROUP BY trace_id") {
		if root := roots[r[0].(string)]; root != nil && fmt.Sprint(r[1]) != fmt.Sprint(time.Duration(root.end-root.start)) {
			t.Fatalf("trace %s: critical path of %v, root of %v", r[0], r[1], time.Duration(root.end-root.start))
		}
	}
	t.Logf("%d spans, %d traces", len(rows), len(roots))
}

func TestStructure_MemoryLimit(t *testing.T) {
	s, err := storage.Open(t.TempDir(), storage.Options{NoBackgroundCompaction: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, r := range capturetest.Messages(t, "hotrod.traces.binpb.zst", 30) {
		if _, err := s.Append(t.Context(), storage.Traces, r, 0); err != nil {
			t.Fatal(err)
		}
	}
	e := query.New(query.FromStore(s), query.Options{MaxMemoryBytes: 1 << 20})
	_, err = e.Query(t.Context(), "SELECT sum(self_time) FROM spans")
	if !errors.Is(err, query.ErrLimit) {
		t.Fatalf("got %v", err)
	}
}
