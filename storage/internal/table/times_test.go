package table_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// TestVector_OddTimes gives spans whose times are missing or in the wrong
// order: none has a duration that no clock measured.
func TestVector_OddTimes(t *testing.T) {
	const start = tabletest.Start
	f := func(from, to uint64, end, duration, skew string) {
		t.Helper()
		td := ptrace.NewTraces()
		s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.SetStartTimestamp(pcommon.Timestamp(from))
		s.SetEndTimestamp(pcommon.Timestamp(to))
		s.SetName("x")
		raw, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
		blk := block(t, fill(t, otlpwire.Traces, marshal(t, raw, err)))
		got := []string{
			rowsOf(t, blk, field("end_timestamp"))[0], rowsOf(t, blk, field("duration"))[0], rowsOf(t, blk, field("clock_skew"))[0],
		}
		if diff := cmp.Diff([]string{end, duration, skew}, got); diff != "" {
			t.Errorf("from %d to %d:\n%s", from, to, diff)
		}
		out, err := blk.AppendOTLP(nil, nil)
		back, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(marshal(t, out, err))
		if err != nil {
			t.Fatal(err)
		}
		sp := back.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
		if uint64(sp.StartTimestamp()) != from || uint64(sp.EndTimestamp()) != to {
			t.Errorf("from %d to %d came back from %d to %d", from, to, sp.StartTimestamp(), sp.EndTimestamp())
		}
	}
	f(start, start+5, "1767323045000000005", "5", "0")
	f(start, start, "1767323045000000000", "0", "0")
	f(start, 0, "null", "null", "0")
	f(start, start-1, "1767323044999999999", "0", "1")
	f(start, 1, "1", "0", "1")
	f(0, start, "1767323045000000000", "null", "0")
	f(0, 0, "null", "null", "0")
	f(1, math.MaxInt64, "9223372036854775807", "9223372036854775806", "0")
	f(math.MaxInt64, 1, "1", "0", "1")
}

// TestVector_ChildrenWithoutTime leaves the time of events and exemplars out
// where they have none.
func TestVector_ChildrenWithoutTime(t *testing.T) {
	td := ptrace.NewTraces()
	s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	s.SetStartTimestamp(5_000_000_000)
	s.SetEndTimestamp(6_000_000_000)
	s.Events().AppendEmpty().SetName("no time")
	s.Events().AppendEmpty().SetTimestamp(1_000_000_000) // before the span
	raw, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	blk := block(t, fill(t, otlpwire.Traces, marshal(t, raw, err)))
	want := []string{`[{"name":"no time"},{"time":"1970-01-01T00:00:01Z"}]`}
	if diff := cmp.Diff(want, rowsOf(t, blk, field("events"))); diff != "" {
		t.Error(diff)
	}

	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(5_000_000_000)
	p.SetStartTimestamp(6_000_000_000) // behind the time
	p.Exemplars().AppendEmpty().SetIntValue(7)
	p.Exemplars().AppendEmpty().SetTimestamp(9_000_000_000)
	raw, err = (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	blk = block(t, fill(t, otlpwire.Metrics, marshal(t, raw, err)))
	want = []string{`[{"value":7},{"time":"1970-01-01T00:00:09Z"}]`}
	if diff := cmp.Diff(want, rowsOf(t, blk, field("exemplars"))); diff != "" {
		t.Error(diff)
	}
	if got := rowsOf(t, blk, field("start_timestamp"))[0]; got != "6000000000" {
		t.Errorf("start_timestamp %s", got)
	}
}
