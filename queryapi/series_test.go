package queryapi_test

import (
	"fmt"
	"math"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi"
	"github.com/ttlog/ttlog/storage"
)

// serveMetrics returns a server over the metrics that add makes.
func serveMetrics(t *testing.T, add func(pmetric.MetricSlice)) *httptest.Server {
	t.Helper()
	s, err := storage.Open(filepath.Join(t.TempDir(), "data"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	md := pmetric.NewMetrics()
	add(md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics())
	body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), storage.Metrics, body, 0); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(queryapi.New(queryapi.Options{Source: query.FromStore(s), Traces: s}))
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv
}

func minute(i int) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(start.Truncate(time.Hour).Add(time.Duration(i) * time.Minute))
}

type seriesAnswer struct {
	Of     string
	Resets int
	Series []struct {
		Labels map[string]any
		Values []*float64
	}
	Bounds    []float64
	Counts    [][]int64
	Exemplars []struct {
		Value    float64
		Trace_ID string
	}
}

// values returns the numbers of the only series, with NaN for null.
func (a seriesAnswer) values(t *testing.T) (out []float64) {
	t.Helper()
	if len(a.Series) != 1 {
		t.Fatalf("%d series, want one", len(a.Series))
	}
	for _, v := range a.Series[0].Values {
		if v == nil {
			out = append(out, math.NaN())
		} else {
			out = append(out, *v)
		}
	}
	return out
}

func same(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-9 && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
			return false
		}
	}
	return true
}

// TestSeries_Counters counts what counters add over resets: two streams, one of
// which falls, while the other tells that it began anew, and one that begins
// within the range.
func TestSeries_Counters(t *testing.T) {
	srv := serveMetrics(t, func(list pmetric.MetricSlice) {
		m := list.AppendEmpty()
		m.SetName("requests")
		sum := m.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		for _, p := range []struct {
			stream         string
			at, start, val int
		}{
			{"falls", 0, -9, 100},
			{"falls", 1, -9, 110},
			{"falls", 2, -9, 4},
			{"falls", 3, -9, 5},
			{"anew", 0, -9, 7},
			{"anew", 1, -9, 8},
			{"anew", 2, 1, 20},
			{"anew", 3, 1, 21},
			{"new", 2, 1, 50},
			{"new", 3, 1, 60},
		} {
			d := sum.DataPoints().AppendEmpty()
			d.Attributes().PutStr("stream", p.stream)
			d.SetTimestamp(minute(p.at))
			d.SetStartTimestamp(minute(p.start))
			d.SetIntValue(int64(p.val))
		}
	})
	bounds := []string{"metric", "requests", "buckets", "4", "from", minute(0).AsTime().Format(time.RFC3339), "to", minute(4).AsTime().Format(time.RFC3339)}
	got := ask[seriesAnswer](t, srv, "series", append(bounds, "of", "increase")...)
	if want := []float64{0, 10 + 1, 4 + 20 + 50, 1 + 1 + 10}; !same(got.values(t), want) || got.Resets != 2 {
		t.Errorf("got %v and %d resets, want %v and 2", got.values(t), got.Resets, want)
	}
	rate := ask[seriesAnswer](t, srv, "series", append(bounds, "by", "stream", "where", "stream = 'new'")...)
	if want := []float64{math.NaN(), math.NaN(), 50.0 / 60, 10.0 / 60}; rate.Of != "rate" || !same(rate.values(t), want) || rate.Series[0].Labels["stream"] != "new" {
		t.Errorf("got %v, want %v", rate.values(t), want)
	}
	// What came before the range is where counting begins.
	late := ask[seriesAnswer](t, srv, "series", "metric", "requests", "of", "increase", "buckets", "1", "from", minute(1).AsTime().Format(time.RFC3339), "to", minute(2).AsTime().Format(time.RFC3339))
	if want := []float64{11}; !same(late.values(t), want) {
		t.Errorf("got %v, want %v", late.values(t), want)
	}
}

// TestSeries_Gauges puts streams together: each counts once in a bucket.
func TestSeries_Gauges(t *testing.T) {
	srv := serveMetrics(t, func(list pmetric.MetricSlice) {
		m := list.AppendEmpty()
		m.SetName("depth")
		points := m.SetEmptyGauge().DataPoints()
		for i, v := range []float64{1, 3, 10, math.NaN()} {
			d := points.AppendEmpty()
			d.Attributes().PutStr("queue", []string{"a", "a", "b", "c"}[i])
			d.SetTimestamp(minute(0) + pcommon.Timestamp(i))
			d.SetDoubleValue(v)
		}
	})
	for of, want := range map[string]float64{"last": 13, "sum": 13, "avg": 6, "min": 1, "max": 10} {
		got := ask[seriesAnswer](t, srv, "series", "metric", "depth", "of", of, "where", "queue != 'c'")
		total := math.NaN()
		for _, v := range got.values(t) {
			if !math.IsNaN(v) {
				total = v
			}
		}
		if len(got.values(t)) == 1 && total != want {
			t.Errorf("%s: got %v, want %g", of, got.values(t), want)
		}
	}
	// A NaN is no number that JSON has.
	if got := ask[seriesAnswer](t, srv, "series", "metric", "depth", "where", "queue = 'c'").values(t); len(got) != 1 || !math.IsNaN(got[0]) {
		t.Errorf("got %v, want null", got)
	}
}

// TestSeries_Histograms asks for quantiles of what was added in each minute, of
// both kinds of histograms, cumulative ones.
func TestSeries_Histograms(t *testing.T) {
	srv := serveMetrics(t, func(list pmetric.MetricSlice) {
		classic, exponential := list.AppendEmpty(), list.AppendEmpty()
		classic.SetName("classic")
		exponential.SetName("exponential")
		h, x := classic.SetEmptyHistogram(), exponential.SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		x.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		for i := range 3 {
			p := h.DataPoints().AppendEmpty()
			p.SetTimestamp(minute(i))
			p.SetStartTimestamp(minute(-5))
			p.ExplicitBounds().FromRaw([]float64{1, 2, 4})
			p.BucketCounts().FromRaw([]uint64{100, 10 * uint64(i), 10 * uint64(i*i), 0})
			p.SetCount(100 + 10*uint64(i) + 10*uint64(i*i))
			p.SetSum(float64(50 * i))
			if i == 2 {
				e := p.Exemplars().AppendEmpty()
				e.SetDoubleValue(3)
				e.SetTraceID([16]byte{7})
			}
			e := x.DataPoints().AppendEmpty()
			e.SetTimestamp(minute(i))
			e.SetStartTimestamp(minute(-5))
			e.SetScale(int32(2 - i)) // the sender makes it coarser as it goes
			e.Positive().SetOffset(int32(4 >> i))
			e.Positive().BucketCounts().FromRaw([]uint64{uint64(10 * i)}) // from 2 on
			e.SetZeroCount(5)
			e.SetCount(5 + uint64(10*i))
		}
	})
	bounds := []string{"buckets", "3", "from", minute(0).AsTime().Format(time.RFC3339), "to", minute(3).AsTime().Format(time.RFC3339)}
	for _, c := range []struct {
		metric, of string
		want       []float64
	}{
		// Ten each in (1, 2] and (2, 4]; then ten and thirty.
		{"classic", "p50", []float64{math.NaN(), 2, 2 + 2.0/3}},
		{"classic", "count", []float64{0, 20, 40}},
		{"classic", "rate", []float64{0, 20.0 / 60, 40.0 / 60}},
		{"classic", "avg", []float64{math.NaN(), 50.0 / 20, 50.0 / 40}},
		// Ten more from 2 on, in a bucket of the coarser scale of the two.
		{"exponential", "count", []float64{0, 10, 10}},
		{"exponential", "p50", []float64{math.NaN(), 2 * math.Pow(2, 0.25), 2 * math.Pow(2, 0.5)}},
	} {
		got := ask[seriesAnswer](t, srv, "series", append(bounds, "metric", c.metric, "of", c.of)...)
		if !same(got.values(t), c.want) {
			t.Errorf("%s of %s: got %v, want %v", c.of, c.metric, got.values(t), c.want)
		}
	}
	heat := ask[seriesAnswer](t, srv, "series", append(bounds, "metric", "classic", "of", "heatmap")...)
	if fmt.Sprint(heat.Bounds, heat.Counts) != "[1 2 4] [[0 0 0] [10 10 0] [10 30 0]]" {
		t.Errorf("got %v %v", heat.Bounds, heat.Counts)
	}
	if len(heat.Exemplars) != 1 || heat.Exemplars[0].Value != 3 || heat.Exemplars[0].Trace_ID != "07000000000000000000000000000000" {
		t.Errorf("got the exemplars %v", heat.Exemplars)
	}
}
