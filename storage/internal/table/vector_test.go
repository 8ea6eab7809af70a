package table_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// rowsOf returns a column as one printed value a row, "null" for none.
func rowsOf(t testing.TB, b column.Block, ref column.Ref) []string {
	t.Helper()
	v, err := b.Vector(ref)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, b.Rows())
	run := 0
	for i := range out {
		if v == nil || v.Valid != nil && v.Valid[i/64]>>(i%64)&1 == 0 {
			out[i] = "null"
			continue
		}
		at := i
		if v.RunEnds != nil {
			for uint32(i) >= v.RunEnds[run] {
				run++
			}
			at = run
		}
		switch {
		case v.Ints != nil:
			out[i] = fmt.Sprint(v.Ints[at])
		case v.Floats != nil:
			out[i] = fmt.Sprint(v.Floats[at])
		case v.Type == column.TypeID:
			out[i] = fmt.Sprintf("%x", v.Dict[v.Codes[at]])
		default:
			out[i] = v.Dict[v.Codes[at]]
		}
	}
	return out
}

func field(name string) column.Ref { return column.Ref{Place: column.PlaceField, Name: name} }

func marshal(t testing.TB, b []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVector_Spans(t *testing.T) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "shop")
	rs.Resource().Attributes().PutInt("pid", 7)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("lib")
	ss.Scope().Attributes().PutBool("beta", true)
	a := ss.Spans().AppendEmpty()
	a.SetName("GET /")
	a.SetKind(ptrace.SpanKindServer)
	a.SetTraceID([16]byte{1, 2})
	a.SetSpanID([8]byte{3})
	a.SetStartTimestamp(1000)
	a.SetEndTimestamp(1500)
	a.Attributes().PutStr("k", "v")
	a.Attributes().PutInt("n", 5)
	e := a.Events().AppendEmpty()
	e.SetName("exception")
	e.SetTimestamp(1_000_000_000)
	e.Attributes().PutStr("a", "b")
	a.Events().AppendEmpty().SetTimestamp(2_000_000_000)
	b := ss.Spans().AppendEmpty()
	b.SetParentSpanID([8]byte{3})
	b.SetStartTimestamp(2000)
	b.SetEndTimestamp(1900)
	b.SetKind(9)
	b.Status().SetCode(ptrace.StatusCodeError)
	b.Status().SetMessage("bad")
	b.Attributes().PutDouble("n", 2.5)
	b.Attributes().PutEmptySlice("list").AppendEmpty().SetInt(1)
	l := b.Links().AppendEmpty()
	l.SetSpanID([8]byte{9})
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()

	raw, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	blk := block(t, fill(t, otlpwire.Traces, marshal(t, raw, err)))
	f := func(ref column.Ref, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, rowsOf(t, blk, ref)); diff != "" {
			t.Errorf("%v:\n%s", ref, diff)
		}
	}
	f(field("timestamp"), "1000", "2000", "0")
	f(field("end_timestamp"), "1500", "1900", "null")
	f(field("duration"), "500", "0", "null")
	f(field("clock_skew"), "0", "1", "0")
	f(field("service"), "shop", "shop", "")
	f(field("scope_name"), "lib", "lib", "")
	f(field("name"), "GET /", "", "")
	f(field("kind"), "server", "9", "unspecified")
	f(field("status"), "unset", "error", "unset")
	f(field("error"), "0", "1", "0")
	f(field("status_message"), "", "bad", "")
	f(field("trace_id"), "01020000000000000000000000000000", "null", "null")
	f(field("span_id"), "0300000000000000", "null", "null")
	f(field("parent_span_id"), "null", "0300000000000000", "null")
	f(field("events"), `[{"time":"1970-01-01T00:00:01Z","name":"exception","attributes":{"a":"b"}},{"time":"1970-01-01T00:00:02Z"}]`, "null", "null")
	f(field("root_span"), "1", "0", "1")
	f(field("events_count"), "2", "0", "0")
	f(field("exceptions_count"), "1", "0", "0")
	f(field("links_count"), "0", "1", "0")
	f(field("links"), "null", `[{"span_id":"0900000000000000"}]`, "null")
	f(field("no such column"), "null", "null", "null")
	f(column.Ref{Place: column.PlaceRecord, Name: "k", Type: column.TypeString}, "v", "null", "null")
	f(column.Ref{Place: column.PlaceRecord, Name: "n", Type: column.TypeInt64}, "5", "null", "null")
	f(column.Ref{Place: column.PlaceRecord, Name: "n", Type: column.TypeFloat64}, "null", "2.5", "null")
	f(column.Ref{Place: column.PlaceRecord, Name: "n"}, "5", "null", "null")
	f(column.Ref{Place: column.PlaceRecord, Name: "list", Type: column.TypeArray}, "null", "[1]", "null")
	f(column.Ref{Place: column.PlaceResource, Name: "pid", Type: column.TypeInt64}, "7", "7", "null")
	f(column.Ref{Place: column.PlaceResource, Name: "pid", Type: column.TypeString}, "null", "null", "null")
	f(column.Ref{Place: column.PlaceScope, Name: "beta", Type: column.TypeBool}, "1", "1", "null")

	want := []column.Ref{
		{Place: column.PlaceRecord, Name: "k", Type: column.TypeString},
		{Place: column.PlaceRecord, Name: "n", Type: column.TypeInt64},
		{Place: column.PlaceRecord, Name: "n", Type: column.TypeFloat64},
		{Place: column.PlaceRecord, Name: "list", Type: column.TypeArray},
		{Place: column.PlaceResource, Name: "service.name", Type: column.TypeString},
		{Place: column.PlaceResource, Name: "pid", Type: column.TypeInt64},
		{Place: column.PlaceScope, Name: "beta", Type: column.TypeBool},
	}
	if diff := cmp.Diff(want, blk.Columns()); diff != "" {
		t.Errorf("columns:\n%s", diff)
	}
}

func TestVector_Logs(t *testing.T) {
	ld := plog.NewLogs()
	lrs := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	a := lrs.AppendEmpty()
	a.SetTimestamp(10)
	a.SetObservedTimestamp(15)
	a.SetSeverityNumber(plog.SeverityNumberWarn2)
	a.SetSeverityText("warning")
	a.Body().SetStr("hello")
	b := lrs.AppendEmpty()
	b.SetObservedTimestamp(20)
	b.SetSeverityText("notice")
	m := b.Body().SetEmptyMap()
	m.PutDouble("nan", math.NaN())
	m.PutEmptyBytes("b").FromRaw([]byte{1})
	m.PutStr("s", "a\n\x01\xff\"")
	lrs.AppendEmpty().Body().SetInt(3)
	raw, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	blk := block(t, fill(t, otlpwire.Logs, marshal(t, raw, err)))
	f := func(name string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, rowsOf(t, blk, field(name))); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	f("timestamp", "10", "20", "0")
	f("observed_timestamp", "15", "20", "null")
	f("level", "WARN", "NOTICE", "null")
	f("severity_number", "14", "0", "0")
	f("severity_text", "warning", "notice", "")
	f("body", "hello", `{"nan":"NaN","b":"AQ==","s":"a\n\u0001`+"\ufffd"+`\""}`, "3")
	if body := rowsOf(t, blk, field("body"))[1]; !json.Valid([]byte(body)) {
		t.Errorf("body %s is not JSON", body)
	}
}

func TestVector_Metrics(t *testing.T) {
	md := pmetric.NewMetrics()
	ms := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	g := ms.AppendEmpty()
	g.SetName("g")
	g.SetUnit("s")
	g.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(3)
	s := ms.AppendEmpty()
	s.SetName("s")
	sum := s.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := sum.DataPoints().AppendEmpty()
	p.SetDoubleValue(0.5)
	p.SetStartTimestamp(1)
	p.SetTimestamp(2_000_000_000)
	p.Exemplars().AppendEmpty().SetIntValue(4)
	h := ms.AppendEmpty()
	h.SetName("h")
	hp := h.SetEmptyHistogram().DataPoints().AppendEmpty()
	hp.SetCount(3)
	hp.SetSum(0)
	hp.BucketCounts().FromRaw([]uint64{1, 2})
	hp.ExplicitBounds().FromRaw([]float64{0.5})
	x := ms.AppendEmpty()
	x.SetName("x")
	xp := x.SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	xp.SetScale(2)
	xp.Positive().SetOffset(-1)
	xp.Positive().BucketCounts().FromRaw([]uint64{7})
	q := ms.AppendEmpty()
	q.SetName("q")
	qp := q.SetEmptySummary().DataPoints().AppendEmpty()
	qp.SetSum(9)
	qp.QuantileValues().AppendEmpty().SetQuantile(0.5)
	raw, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	msg := marshal(t, raw, err)
	b, err := table.Decode(otlpwire.Metrics, msg)
	if err != nil {
		t.Fatal(err)
	}
	tab := table.New(otlpwire.Metrics)
	tab.Append(b, 0)
	blk := block(t, tab)
	f := func(name string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, rowsOf(t, blk, field(name))); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	f("name", "g", "s", "h", "x", "q")
	f("unit", "s", "", "", "", "")
	f("type", "gauge", "sum", "histogram", "exponential_histogram", "summary")
	f("temporality", "unspecified", "cumulative", "unspecified", "unspecified", "unspecified")
	f("monotonic", "null", "1", "null", "null", "null")
	f("start_timestamp", "null", "1", "null", "null", "null")
	f("value", "3", "0.5", "null", "null", "null")
	f("value_int", "3", "null", "null", "null", "null")
	f("count", "null", "null", "3", "0", "0")
	f("sum", "null", "null", "0", "null", "9")
	f("min", "null", "null", "null", "null", "null")
	f("bucket_counts", "null", "null", "[1,2]", "null", "null")
	f("explicit_bounds", "null", "null", "[0.5]", "null", "null")
	f("scale", "null", "null", "null", "2", "null")
	f("positive", "null", "null", "null", `{"offset":-1,"bucket_counts":[7]}`, "null")
	f("negative", "null", "null", "null", "null", "null")
	f("quantiles", "null", "null", "null", "null", `[{"quantile":0.5,"value":0}]`)
	f("exemplars", "null", `[{"value":4}]`, "null", "null", "null")
}

// TestVector_KeepsPromises reads every column of the hand-made records.
func TestVector_KeepsPromises(t *testing.T) {
	for _, s := range signals {
		checkVectors(t, s, block(t, fill(t, s, tabletest.Full(s)...)))
	}
}

// TestVector_Overflow has more keys than there are columns: all stay readable.
func TestVector_Overflow(t *testing.T) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	const n = 3000
	for i := range 3 {
		s := spans.AppendEmpty()
		for k := range n {
			s.Attributes().PutInt(fmt.Sprintf("key %d", k), int64(k*i))
		}
	}
	raw, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	msg := marshal(t, raw, err)
	blk := block(t, fill(t, otlpwire.Traces, msg, msg))
	if got := len(blk.Columns()); got != n {
		t.Errorf("%d columns, want %d", got, n)
	}
	for _, k := range []int{0, 2046, 2047, n - 1} {
		got := rowsOf(t, blk, column.Ref{Place: column.PlaceRecord, Name: fmt.Sprintf("key %d", k), Type: column.TypeInt64})
		want := []string{"0", fmt.Sprint(k), fmt.Sprint(2 * k), "0", fmt.Sprint(k), fmt.Sprint(2 * k)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("key %d:\n%s", k, diff)
		}
	}
	counts := tabletest.Counts{}
	counts.Add(t, otlpwire.Traces, msg, 2)
	out, err := blk.AppendOTLP(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	counts.Add(t, otlpwire.Traces, out, -1)
	counts.Zero(t, otlpwire.Traces)
}
