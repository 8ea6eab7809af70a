package query

import (
	"math"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/fn"
	"github.com/ttlog/ttlog/query/types"
	"github.com/ttlog/ttlog/storage/column"
)

// numbers is a table with the values in an attribute x, in blocks that several
// workers take.
func numbers(vals ...float64) *memSource {
	x := column.Ref{Place: column.PlaceRecord, Name: "x", Type: types.Float}
	rows := make([]memRow, len(vals))
	for i, v := range vals {
		rows[i] = memRow{field("timestamp"): types.NewInt(types.Time, testNow.UnixNano()), x: types.NewFloat(v)}
	}
	return &memSource{tables: map[otlpwire.Signal][]memRow{otlpwire.Traces: rows}, block: 1000}
}

// TestQuantile_Infinities has more values than are kept, so that the sketch
// answers, and a tenth of them infinite on either side.
func TestQuantile_Infinities(t *testing.T) {
	vals := make([]float64, 3*fn.ExactQuantile)
	for i := range vals {
		switch i % 10 {
		case 0:
			vals[i] = math.Inf(-1)
		case 1:
			vals[i] = math.Inf(1)
		case 2:
			vals[i] = math.NaN()
		default:
			vals[i] = float64(i)
		}
	}
	r, err := testEngine(numbers(vals...)).Query(t.Context(), "SELECT quantile(0.05, x), quantile(0.1, x), quantile(0.45, x), quantile(0.79, x), quantile(0.85, x), quantile(0.95, x) FROM spans")
	if err != nil {
		t.Fatal(err)
	}
	n := float64(len(vals))
	for i, want := range []float64{math.Inf(-1), math.Inf(-1), n / 2, n * 69 / 70, math.Inf(1), math.NaN()} {
		got := r.Rows[0][i].(float64)
		if got != want && !(math.Abs(got-want) < 0.01*n) && (got == got || want == want) {
			t.Errorf("quantile %d: got %v, want %v", i, got, want)
		}
	}
}
