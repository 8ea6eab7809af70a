package query

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ttlog/ttlog/query/plan"
)

// FuzzQuery runs arbitrary text over a small table: it must not panic, run
// for long, or fail with anything but a clear error.
func FuzzQuery(f *testing.F) {
	for _, file := range []string{
		"testdata/basic.txt", "testdata/expressions.txt", "testdata/aggregates.txt", "testdata/errors.txt",
		"testdata/metrics.txt", "testdata/windows.txt", "testdata/structure.txt", "testdata/json.txt", "testdata/fill.txt", "testdata/show.txt", "testdata/joins.txt",
	} {
		_, cases := readScript(&testing.T{}, file)
		for _, c := range cases {
			f.Add(c.sql)
		}
	}
	tbl, _ := readScript(&testing.T{}, "testdata/expressions.txt")
	engines := []*Engine{
		New(&memSource{tables: tbl, block: 100}, Options{MaxMemoryBytes: 1 << 20, Timeout: 5 * time.Second, Parallel: 1}),
		New(&memSource{tables: tbl, block: 2, runs: true}, Options{MaxMemoryBytes: 1 << 20, Timeout: 5 * time.Second, Parallel: 2}),
	}
	f.Fuzz(func(t *testing.T, sql string) {
		var got [2]string
		for i, e := range engines {
			r, err := e.Query(t.Context(), sql, 1, "x")
			switch {
			case err == nil:
				got[i] = render(r)
			case strings.Contains(err.Error(), "internal error"):
				t.Fatalf("%q: %v", sql, err)
			case !errors.Is(err, plan.ErrLimit) && !errors.As(err, new(*plan.Error)):
				t.Fatalf("%q: error of type %T: %v", sql, err, err)
			default:
				got[i] = "error"
			}
		}
		// The clock differs between the two runs.
		if got[0] != got[1] && !strings.Contains(strings.ToLower(sql), "now") {
			t.Fatalf("%q: blocks of 100 rows give\n%s\nruns in blocks of 2 give\n%s", sql, got[0], got[1])
		}
	})
}
