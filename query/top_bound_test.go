package query_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/storage"
)

// TestTopN_LeavesOut asks for the first rows of orders of a store of several parts:
// the answers are those of an order that no bound helps with, rows that are equal
// included, and blocks are left out.
func TestTopN_LeavesOut(t *testing.T) {
	s := emptyStore(t)
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
	e := query.New(query.FromStore(s), query.Options{Parallel: 3})
	rows := func(sql string) [][]any {
		t.Helper()
		r, err := e.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		return r.Rows
	}
	for _, where := range []string{"", "WHERE service = 'frontend'", "WHERE error OR duration > 10ms", "WHERE http.route = '/route' AND timestamp > '2020-01-01'"} {
		for _, key := range []string{"timestamp", "timestamp DESC", "duration", "duration DESC", "http.response.status_code", "http.response.status_code DESC"} {
			for _, limit := range []string{"LIMIT 1", "LIMIT 20", "LIMIT 1000 OFFSET 10", "LIMIT 1000000"} {
				sql := "SELECT span_id, timestamp, duration FROM spans " + where + " ORDER BY " + key + " " + limit
				// An expression hides from the scan what the order is about.
				name, desc, _ := strings.Cut(key, " ")
				plain := strings.Replace(sql, "BY "+key, "BY coalesce("+name+", "+name+") "+desc, 1)
				if got, want := rows(sql), rows(plain); !reflect.DeepEqual(got, want) {
					t.Errorf("%s: %d rows differ from those of %s", sql, len(got), plain)
				}
			}
		}
	}
	var text strings.Builder
	for _, row := range rows("EXPLAIN ANALYZE SELECT span_id FROM spans ORDER BY timestamp LIMIT 5") {
		text.WriteString(row[0].(string) + "\n")
	}
	if !strings.Contains(text.String(), "row groups left out: 2 by order of time") {
		t.Errorf("no block was left out:\n%s", text.String())
	}
}

// TestExplain_NamesWhatLeftOut runs queries of which indexes of the store leave
// row groups out, and finds the indexes in EXPLAIN ANALYZE.
func TestExplain_NamesWhatLeftOut(t *testing.T) {
	s := capturedSpans(t, 100, 50)
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := query.New(query.FromStore(s), query.Options{})
	for where, want := range map[string]string{
		"service = 'nobody'":                            "1 by services",
		"duration > 10h":                                "1 by bounds",
		"param.driverID = 'nobody'":                     "1 by value filters",
		"trace_id = '00112233445566778899aabbccddeeff'": "1 by trace filters",
	} {
		r, err := e.Query(t.Context(), "EXPLAIN ANALYZE SELECT * FROM spans WHERE "+where)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, row := range r.Rows {
			text.WriteString(row[0].(string) + "\n")
		}
		if !strings.Contains(text.String(), want) {
			t.Errorf("WHERE %s: no %q in\n%s", where, want, text.String())
		}
	}
}
