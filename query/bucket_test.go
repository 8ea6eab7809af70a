package query_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/query"
)

// TestTimeBucket_OfPages groups spans of a merged part by buckets of all sizes, in
// which pages of times are whole or not: the groups are those of times that the
// store knows no bounds of.
func TestTimeBucket_OfPages(t *testing.T) {
	s := capturedSpans(t, 100, 100)
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, width := range []string{"100ms", "1s", "7s", "1m", "1h", "7d", "INTERVAL '1 month'"} {
		for _, where := range []string{"", "WHERE service = 'frontend'", "WHERE duration > 1ms"} {
			e := query.New(query.FromStore(s), query.Options{}) // nothing is kept
			sql := "SELECT time_bucket(" + width + ", timestamp) t, service, count(*), sum(duration), p50(duration) FROM spans " + where + " GROUP BY t, service"
			got, err := e.Query(t.Context(), sql)
			if err != nil {
				t.Fatal(err)
			}
			want, err := e.Query(t.Context(), strings.Replace(sql, "timestamp", "coalesce(timestamp, timestamp)", 1))
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Rows) == 0 || !reflect.DeepEqual(got.Rows, want.Rows) {
				t.Errorf("%s: %d groups, %d of times without bounds", sql, len(got.Rows), len(want.Rows))
			}
		}
	}
}
