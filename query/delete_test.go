package query_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ttlog/ttlog/query"
)

// TestDelete_TakesWhatSelectFinds of the captured spans, from parts and from
// memory, and nothing else.
func TestDelete_TakesWhatSelectFinds(t *testing.T) {
	s := capturedSpans(t, 200, 60)
	e := query.New(query.FromStore(s), query.Options{})
	one := func(sql string, args ...any) int64 {
		t.Helper()
		r, err := e.Query(t.Context(), sql, args...)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return r.Rows[0][0].(int64)
	}
	middle := one("SELECT timestamp::int FROM spans ORDER BY timestamp LIMIT 1 OFFSET 2000")
	driver := rowOf(t, e, "SELECT param.driverID FROM spans WHERE param.driverID IS NOT NULL LIMIT 1")
	for _, c := range []struct {
		where string
		args  []any
	}{
		{"param.driverID = $1", []any{driver}},
		{"service = 'frontend' AND duration > 50ms", nil},
		{"name ~ 'Find.*' OR http.response.status_code >= 400", nil},
		{"timestamp < $1::timestamp AND kind = 'client'", []any{time.Unix(0, middle).UTC().Format(time.RFC3339Nano)}},
		{"events IS NOT NULL AND error", nil},
		{"nobody.sent.this = 1", nil},
		{"service = 'nobody'", nil},
		{"true", nil},
	} {
		all := one("SELECT count(*) FROM spans")
		want := one("SELECT count(*) FROM spans WHERE "+c.where, c.args...)
		done, _, err := e.Delete(t.Context(), s, "DELETE FROM spans WHERE "+c.where, c.args)
		if err != nil || done.Rows != want {
			t.Errorf("%s: %d rows are deleted, want %d, %v", c.where, done.Rows, want, err)
		}
		if got := one("SELECT count(*) FROM spans WHERE "+c.where, c.args...); got != 0 {
			t.Errorf("%s: %d rows are left", c.where, got)
		}
		if got := one("SELECT count(*) FROM spans"); got != all-want {
			t.Errorf("%s: %d rows remain of %d, want %d", c.where, got, all, all-want)
		}
	}
}

func TestDelete_SaysWhatItCannot(t *testing.T) {
	s := emptyStore(t)
	e := query.New(query.FromStore(s), query.Options{})
	for sql, want := range map[string]string{
		"DELETE FROM spans":                                               "DELETE needs WHERE",
		"DELETE FROM (SELECT 1) WHERE true":                               "DELETE is from spans, logs or metrics",
		"DELETE FROM spans WHERE count(*) > 1":                            "count",
		"DELETE FROM spans WHERE has_child(error)":                        "may be about the row itself",
		"DELETE FROM spans WHERE trace_id IN (SELECT trace_id FROM logs)": "may be about the row itself",
		"DELETE FROM spans WHERE kind = 'sever'":                          "server",
		"DELETE FROM information_schema.tables WHERE true":                "may be about the row itself",
		"DELETE FROM spans WHERE true LIMIT 1":                            "end of query",
		"SELECT 1":                                                        "no DELETE",
	} {
		_, _, err := e.Delete(t.Context(), s, sql, nil)
		if _, ok := errors.AsType[*query.Error](err); !ok || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v, want %q", sql, err, want)
		}
	}
	if _, err := e.Query(t.Context(), "DELETE FROM spans WHERE true"); err == nil || !strings.Contains(err.Error(), "ttlog delete") {
		t.Errorf("as a query: %v", err)
	}
}

// TestDelete_WaitsForWhatWasAcknowledged: rows that are not stored yet would stay.
func TestDelete_WaitsForWhatWasAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		behind := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		e := query.New(query.FromStore(nil), query.Options{CatchUp: behind})
		if _, _, err := e.Delete(t.Context(), nil, "DELETE FROM spans WHERE true", nil); !errors.Is(err, query.ErrNotStored) {
			t.Errorf("Delete: %v", err)
		}
	})
}
