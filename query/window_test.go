package query

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestWindow_MemoryLimit(t *testing.T) {
	e := New(manySpans(50_000), Options{MaxMemoryBytes: 1 << 20})
	_, err := e.Query(t.Context(), "SELECT row_number() OVER (ORDER BY name), name FROM spans")
	if err == nil || !strings.Contains(err.Error(), "memory budget of 1 MiB reached at OVER") {
		t.Fatalf("got %v", err)
	}
}

// stopSink ends its query's context with the first rows.
type stopSink struct{ cancel context.CancelFunc }

func (s stopSink) Columns([]Column) error { return nil }

func (s stopSink) Batch(*Batch) error { s.cancel(); return nil }

func TestWindow_EndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	e := New(manySpans(50_000), Options{})
	st, err := e.Stream(ctx, "SELECT name, sum(duration) OVER (ORDER BY timestamp ROWS 100 PRECEDING) FROM spans", nil, stopSink{cancel})
	if !errors.Is(err, context.Canceled) || st.RowsReturned >= 50_000 {
		t.Fatalf("got %v after %d rows", err, st.RowsReturned)
	}
}

// What nobody reads of a window is neither computed nor kept.
func TestWindow_UnreadColumns(t *testing.T) {
	e := New(manySpans(1000), Options{})
	for q, want := range map[string]string{
		"EXPLAIN SELECT count(*) FROM (SELECT name, row_number() OVER (ORDER BY name) AS r FROM spans)":               "Window",
		"EXPLAIN SELECT name FROM (SELECT name, service, row_number() OVER (ORDER BY name) AS r FROM spans) LIMIT 10": "Window",
	} {
		r, err := e.Query(t.Context(), q)
		if err != nil || strings.Contains(render(r), want) {
			t.Errorf("%s: %v\n%s", q, err, render(r))
		}
	}
}
