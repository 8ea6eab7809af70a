//go:build go1.27

package drivers_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/ttlog/ttlog/internal/conformance"
)

// TestPgx_ScansItsOwnTypes asserts that what pgx scans since Go 1.27 into a
// caller's variables goes through.
func TestPgx_ScansItsOwnTypes(t *testing.T) {
	rec := conformance.NewRecorder(t)
	db := databases[0].open(t, options(rec.Tracers, rec.Meters)...)
	var ints []int
	var doc struct{ A int }
	var times []time.Time
	err := db.QueryRowContext(t.Context(),
		`SELECT ARRAY[1,2]::int[], '{"a": 3}'::jsonb, ARRAY['2026-01-02T03:04:05Z']::timestamptz[]`).Scan(&ints, &doc, &times)
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if !slices.Equal(ints, []int{1, 2}) || doc.A != 3 || len(times) != 1 || !times[0].Equal(want) {
		t.Errorf("got %v, %v, %v", ints, doc, times)
	}
	var raw json.RawMessage
	if err := db.QueryRowContext(t.Context(), `SELECT '[1]'::jsonb`).Scan(&raw); err != nil || string(raw) != "[1]" {
		t.Errorf("got %s, %v", raw, err)
	}
}
