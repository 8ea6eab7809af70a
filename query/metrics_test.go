package query

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

func pointField(name string) column.Ref {
	_, typ, _ := plan.FixedType(otlpwire.Metrics, name)
	return column.Ref{Place: column.PlaceField, Name: name, Type: types.StoredType(typ)}
}

// TestIncrease_MatchesCounters lets counters run, which restart at times and are
// looked at every ten seconds, and asks for what they counted.
func TestIncrease_MatchesCounters(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	attr := func(name string) column.Ref {
		return column.Ref{Place: column.PlaceRecord, Name: name, Type: types.String}
	}
	for round := range 10 {
		var rows []memRow
		counted := map[string]int64{} // by minute and pod
		begin := testNow.UnixNano()
		for pod := range 3 {
			for core := range 2 {
				value, start, delta := int64(0), begin, r.IntN(3) == 0
				for tick := range 60 {
					at := begin + int64(tick+1)*10e9
					if r.IntN(12) == 0 {
						value, start = 0, at-int64(r.IntN(9e9))
					}
					n := int64(r.IntN(20))
					value += n
					counted[fmt.Sprintf("%d|%d", (at-begin)/60e9, pod)] += n
					row := memRow{
						pointField("timestamp"): types.NewInt(types.Time, at), pointField("start_timestamp"): types.NewInt(types.Time, start),
						pointField("name"): types.NewString(types.String, "ops"), pointField("type"): types.NewString(types.String, "sum"),
						pointField("monotonic"): types.NewBool(true), pointField("value"): types.NewFloat(float64(value)),
						pointField("temporality"): types.NewString(types.String, "cumulative"),
						attr("pod"):               types.NewString(types.String, fmt.Sprint(pod)), attr("core"): types.NewString(types.String, fmt.Sprint(core)),
					}
					if delta {
						row[pointField("temporality")] = types.NewString(types.String, "delta")
						row[pointField("value")] = types.NewFloat(float64(n))
					}
					rows = append(rows, row)
				}
			}
		}
		var want []string
		for k, n := range counted {
			want = append(want, fmt.Sprintf("%s|%d", k, n))
		}
		sort.Strings(want)
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		e := New(&memSource{tables: map[otlpwire.Signal][]memRow{otlpwire.Metrics: rows}, block: 1 + r.IntN(100)}, Options{Parallel: 1 + r.IntN(3)})
		res, err := e.Query(t.Context(), `SELECT floor((timestamp - $1) / 60s)::int AS m, pod, increase(value)::int FROM metrics
			WHERE timestamp >= $1 GROUP BY m, pod`, testNow)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Split(render(res), "\n")
		sort.Strings(got)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("round %d: got\n%s\nwant\n%s", round, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// A query whose points do not fit its memory says so.
func TestIncrease_MemoryLimit(t *testing.T) {
	var rows []memRow
	for i := range 20_000 {
		rows = append(rows, memRow{
			pointField("timestamp"): types.NewInt(types.Time, int64(i)+1), pointField("value"): types.NewFloat(1), pointField("type"): types.NewString(types.String, "sum"),
		})
	}
	e := New(&memSource{tables: map[otlpwire.Signal][]memRow{otlpwire.Metrics: rows}, block: 1000}, Options{MaxMemoryBytes: 300 << 10})
	if _, err := e.Query(t.Context(), "SELECT increase(value) FROM metrics"); err == nil || !strings.Contains(err.Error(), "memory budget of 300 KiB reached at aggregation") {
		t.Fatalf("got %v", err)
	}
}
