package otlpwire_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/capturetest"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// pdataCount unmarshals request with pdata and counts what it holds.
func pdataCount(s otlpwire.Signal, request []byte) (otlpwire.Count, error) {
	var c otlpwire.Count
	switch s {
	case otlpwire.Traces:
		r := ptraceotlp.NewExportRequest()
		if err := r.UnmarshalProto(request); err != nil {
			return c, err
		}
		c.Records, c.Resources = r.Traces().SpanCount(), r.Traces().ResourceSpans().Len()
		for _, x := range r.Traces().ResourceSpans().All() {
			c.Scopes += x.ScopeSpans().Len()
		}
	case otlpwire.Logs:
		r := plogotlp.NewExportRequest()
		if err := r.UnmarshalProto(request); err != nil {
			return c, err
		}
		c.Records, c.Resources = r.Logs().LogRecordCount(), r.Logs().ResourceLogs().Len()
		for _, x := range r.Logs().ResourceLogs().All() {
			c.Scopes += x.ScopeLogs().Len()
		}
	case otlpwire.Metrics:
		r := pmetricotlp.NewExportRequest()
		if err := r.UnmarshalProto(request); err != nil {
			return c, err
		}
		c.Records, c.Resources = r.Metrics().DataPointCount(), r.Metrics().ResourceMetrics().Len()
		for _, x := range r.Metrics().ResourceMetrics().All() {
			c.Scopes += x.ScopeMetrics().Len()
		}
	}
	return c, nil
}

func fillAttributes(m pcommon.Map) {
	m.PutStr("s", "text")
	m.PutStr("", "")
	m.PutBool("b", true)
	m.PutInt("i", -1)
	m.PutDouble("d", math.NaN())
	m.PutEmptyBytes("y").FromRaw([]byte{0, 1})
	m.PutEmpty("none")
	sl := m.PutEmptySlice("a")
	sl.AppendEmpty().SetInt(1)
	sl.AppendEmpty().SetEmptyMap().PutStr("k", strings.Repeat("v", 300))
}

func tracesRequest(tb testing.TB) []byte {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.SetSchemaUrl("https://example.test/1")
	fillAttributes(rs.Resource().Attributes())
	rs.Resource().SetDroppedAttributesCount(3)
	for range 2 {
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Scope().SetName("scope")
		fillAttributes(ss.Scope().Attributes())
		for i := range 3 {
			s := ss.Spans().AppendEmpty()
			s.SetTraceID([16]byte{1, byte(i)})
			s.SetSpanID([8]byte{2})
			s.SetParentSpanID([8]byte{3})
			s.TraceState().FromRaw("a=b")
			s.SetName("name")
			s.SetKind(ptrace.SpanKindServer)
			s.SetStartTimestamp(1)
			s.SetEndTimestamp(math.MaxUint64)
			s.SetFlags(0x301)
			fillAttributes(s.Attributes())
			e := s.Events().AppendEmpty()
			e.SetName("event")
			e.SetTimestamp(5)
			fillAttributes(e.Attributes())
			l := s.Links().AppendEmpty()
			l.SetTraceID([16]byte{1})
			l.SetSpanID([8]byte{2})
			l.SetFlags(1)
			fillAttributes(l.Attributes())
			s.SetDroppedLinksCount(math.MaxUint32)
			s.Status().SetCode(ptrace.StatusCodeError)
			s.Status().SetMessage("bad")
		}
	}
	b, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func logsRequest(tb testing.TB) []byte {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	fillAttributes(rl.Resource().Attributes())
	for range 3 {
		r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetTimestamp(1)
		r.SetObservedTimestamp(2)
		r.SetSeverityNumber(plog.SeverityNumberError)
		r.SetSeverityText("ERROR")
		r.SetEventName("event")
		r.SetTraceID([16]byte{1})
		r.SetSpanID([8]byte{1})
		r.SetFlags(1)
		fillAttributes(r.Body().SetEmptyMap())
		fillAttributes(r.Attributes())
	}
	b, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func metricsRequest(tb testing.TB) []byte {
	md := pmetric.NewMetrics()
	sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	exemplar := func(e pmetric.Exemplar) {
		e.SetTraceID([16]byte{1})
		e.SetSpanID([8]byte{1})
		e.SetIntValue(-4)
		e.SetTimestamp(4)
		fillAttributes(e.FilteredAttributes())
	}
	m := sm.Metrics().AppendEmpty()
	m.SetName("gauge")
	fillAttributes(m.Metadata())
	g := m.SetEmptyGauge().DataPoints().AppendEmpty()
	g.SetDoubleValue(1.5)
	fillAttributes(g.Attributes())
	exemplar(g.Exemplars().AppendEmpty())
	sum := sm.Metrics().AppendEmpty().SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	sum.DataPoints().AppendEmpty().SetIntValue(-3)
	sum.DataPoints().AppendEmpty()
	h := sm.Metrics().AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty()
	h.BucketCounts().FromRaw([]uint64{1, 2, 3})
	h.ExplicitBounds().FromRaw([]float64{1, 2})
	h.SetMin(1)
	exemplar(h.Exemplars().AppendEmpty())
	x := sm.Metrics().AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	x.SetScale(-3)
	x.Positive().SetOffset(-7)
	x.Positive().BucketCounts().FromRaw([]uint64{0, 1, 1 << 40})
	x.SetZeroThreshold(0.5)
	s := sm.Metrics().AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty()
	q := s.QuantileValues().AppendEmpty()
	q.SetQuantile(0.5)
	q.SetValue(2)
	b, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestValidate_Counts(t *testing.T) { // not parallel: counts allocations
	f := func(s otlpwire.Signal, request []byte, want otlpwire.Count) {
		t.Helper()
		got, err := otlpwire.Validate(s, request)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", s, got, want)
		}
		if n := testing.AllocsPerRun(20, func() { _, _ = otlpwire.Validate(s, request) }); n != 0 {
			t.Errorf("%s: %v allocations, want none", s, n)
		}
	}
	f(otlpwire.Traces, nil, otlpwire.Count{})
	f(otlpwire.Traces, tracesRequest(t), otlpwire.Count{Resources: 1, Scopes: 2, Records: 6})
	f(otlpwire.Logs, logsRequest(t), otlpwire.Count{Resources: 1, Scopes: 3, Records: 3})
	f(otlpwire.Metrics, metricsRequest(t), otlpwire.Count{Resources: 1, Scopes: 1, Records: 6})
}

// nest returns the content of an AnyValue that holds a plain value within depth
// others.
func nest(depth int, kvlist bool) []byte {
	v := otlpwire.AppendBool(nil, otlpwire.AnyValueBool, true)
	for range depth {
		if kvlist {
			kv := otlpwire.AppendBytes(nil, otlpwire.KeyValueValue, v)
			v = otlpwire.AppendBytes(nil, otlpwire.AnyValueKvlist, otlpwire.AppendBytes(nil, otlpwire.KeyValueListValues, kv))
		} else {
			v = otlpwire.AppendBytes(nil, otlpwire.AnyValueArray, otlpwire.AppendBytes(nil, otlpwire.ArrayValueValues, v))
		}
	}
	return v
}

// path wraps content in one length-delimited field after another, the last
// number given being the outermost.
func path(content []byte, nums ...protowire.Number) []byte {
	for _, n := range nums {
		content = otlpwire.AppendBytes(nil, n, content)
	}
	return content
}

func TestValidate_Accepts(t *testing.T) {
	t.Parallel()
	f := func(s otlpwire.Signal, request []byte) {
		t.Helper()
		got, err := otlpwire.Validate(s, request)
		if err != nil {
			t.Errorf("got error %v", err)
			return
		}
		want, err := pdataCount(s, request)
		if err != nil || got != want {
			t.Errorf("got %+v, pdata has %+v, %v", got, want, err)
		}
	}
	inBody := func(v []byte) []byte { return path(v, otlpwire.LogRecordBody, 2, 2, 1) }
	// Since v1.71 pdata has a limit on depth of its own, a lower one.
	for _, kvlist := range []bool{false, true} {
		f(otlpwire.Logs, inBody(nest(otlpwire.MaxDepth/4, kvlist)))
		if _, err := otlpwire.Validate(otlpwire.Logs, inBody(nest(otlpwire.MaxDepth, kvlist))); err != nil {
			t.Errorf("the deepest value: %v", err)
		}
	}
	// Unknown fields of every wire type, and unknown numbers beyond the tables.
	unknown := otlpwire.AppendVarint(nil, 99, 7)
	unknown = otlpwire.AppendFixed64(unknown, 18, 7)
	unknown = otlpwire.AppendFixed32(unknown, 19, 7)
	unknown = otlpwire.AppendString(unknown, protowire.MaxValidNumber, "x")
	f(otlpwire.Traces, append(unknown, path(unknown, 2, 2, 1)...))
	// Packed and unpacked numbers.
	buckets := otlpwire.AppendBytes(otlpwire.AppendVarint(nil, otlpwire.BucketsBucketCounts, 300), otlpwire.BucketsBucketCounts, []byte{1, 0x80, 1})
	point := path(buckets, otlpwire.ExponentialHistogramDataPointPositive)
	f(otlpwire.Metrics, path(point, otlpwire.ExponentialHistogramDataPoints, otlpwire.MetricExponentialHistogram, 2, 2, 1))
	bounds := otlpwire.AppendBytes(otlpwire.AppendDouble(nil, otlpwire.HistogramDataPointExplicitBounds, 1), otlpwire.HistogramDataPointExplicitBounds, make([]byte, 16))
	f(otlpwire.Metrics, path(bounds, otlpwire.HistogramDataPoints, otlpwire.MetricHistogram, 2, 2, 1))
	// A oneof given twice: the last one counts.
	points := path(nil, otlpwire.GaugeDataPoints)
	twice := append(path(append(points, points...), otlpwire.MetricGauge), path(points, otlpwire.MetricSum)...)
	f(otlpwire.Metrics, path(append(twice, twice...), 2, 2, 1))
	// Empty ids, strings that are no UTF-8, a tag that takes too many bytes.
	f(otlpwire.Traces, path(append(otlpwire.AppendBytes(nil, otlpwire.SpanTraceID, nil), otlpwire.AppendString(nil, otlpwire.SpanName, "\xff")...), 2, 2, 1))
	f(otlpwire.Traces, []byte{0x8a, 0x00, 0x00})
}

func TestValidate_Refuses(t *testing.T) {
	t.Parallel()
	f := func(s otlpwire.Signal, request []byte, want string) {
		t.Helper()
		c, err := otlpwire.Validate(s, request)
		if !errors.Is(err, otlpwire.ErrMalformed) {
			t.Errorf("want %q: got error %v", want, err)
			return
		}
		if got := strings.TrimPrefix(err.Error(), "malformed OTLP: "); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if c != (otlpwire.Count{}) {
			t.Errorf("%s: got count %+v beside the error", want, c)
		}
	}
	span := func(content []byte) []byte {
		spans := append(path(nil, otlpwire.ScopeSpansSpans), path(content, otlpwire.ScopeSpansSpans)...)
		return append(path(nil, 1), path(spans, 2, 1)...)
	}
	// Bytes 0-1 are an empty resource_spans; the second begins at 2, its
	// scope_spans at 4, its spans at 6 and 8, whose content begins at 10.
	f(otlpwire.Traces, span(otlpwire.AppendBytes(nil, otlpwire.SpanTraceID, make([]byte, 15))), "resource_spans[1].scope_spans[0].spans[1].trace_id: 15 bytes, want 16 (byte 10)")
	f(otlpwire.Traces, span(otlpwire.AppendBytes(nil, otlpwire.SpanSpanID, make([]byte, 9))), "resource_spans[1].scope_spans[0].spans[1].span_id: 9 bytes, want 8 (byte 10)")
	f(otlpwire.Traces, span(otlpwire.AppendBytes(nil, otlpwire.SpanParentSpanID, make([]byte, 1))), "resource_spans[1].scope_spans[0].spans[1].parent_span_id: 1 bytes, want 8 (byte 10)")
	f(otlpwire.Traces, span(otlpwire.AppendVarint(nil, otlpwire.SpanName, 1)), "resource_spans[1].scope_spans[0].spans[1].name: wire type 0, want 2 (byte 10)")
	f(otlpwire.Traces, span(otlpwire.AppendVarint(nil, otlpwire.SpanAttributes, 1)), "resource_spans[1].scope_spans[0].spans[1].attributes[0]: wire type 0, want 2 (byte 10)")
	f(otlpwire.Traces, span(otlpwire.AppendVarint(nil, otlpwire.SpanFlags, 1)), "resource_spans[1].scope_spans[0].spans[1].flags: wire type 0, want 5 (byte 10)")
	f(otlpwire.Traces, span([]byte{0x2a, 5, 'a'}), "resource_spans[1].scope_spans[0].spans[1].name: length 5, but 1 bytes are left (byte 10)")
	f(otlpwire.Traces, span([]byte{0x39, 0}), "resource_spans[1].scope_spans[0].spans[1].start_time_unix_nano: message ends within the field (byte 10)")
	f(otlpwire.Traces, span([]byte{0x80}), "resource_spans[1].scope_spans[0].spans[1]: message ends within the field (byte 10)")
	f(otlpwire.Traces, span([]byte{99<<3&0x7f | 3 | 0x80, 99 >> 4}), "resource_spans[1].scope_spans[0].spans[1].field 99: a group, which OTLP does not use (byte 10)")
	f(otlpwire.Traces, span([]byte{2}), "resource_spans[1].scope_spans[0].spans[1]: field number out of range (byte 10)")
	f(otlpwire.Traces, span([]byte{0x2f}), "resource_spans[1].scope_spans[0].spans[1].name: unknown wire type 7 (byte 10)")
	f(otlpwire.Traces, span(append([]byte{0x30}, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"...)), "resource_spans[1].scope_spans[0].spans[1].kind: varint of more than 64 bits (byte 10)")
	f(otlpwire.Traces, []byte{0x80}, "message ends within the field (byte 0)")
	f(otlpwire.Traces, []byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, "resource_spans[0]: length 18446744073709551615, but 0 bytes are left (byte 0)")
	f(otlpwire.Traces, path(path(nil, 1000), 1), "resource_spans[0].field 1000: field 1000, from before OTLP 1.0, is no longer read; send scopes as field 2 (byte 2)")
	f(otlpwire.Logs, path(path(otlpwire.AppendFixed32(nil, otlpwire.KeyValueValue, 1), otlpwire.LogRecordAttributes), 2, 2, 1), "resource_logs[0].scope_logs[0].log_records[0].attributes[0].value: wire type 5, want 2 (byte 8)")
	f(otlpwire.Metrics, path(otlpwire.AppendBytes(nil, otlpwire.HistogramDataPointExplicitBounds, make([]byte, 7)), otlpwire.HistogramDataPoints, otlpwire.MetricHistogram, 2, 2, 1), "resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points[0].explicit_bounds: 7 bytes, which is no multiple of 8 (byte 10)")
	f(otlpwire.Metrics, path(otlpwire.AppendBytes(nil, otlpwire.BucketsBucketCounts, []byte{1, 0x80}), otlpwire.ExponentialHistogramDataPointNegative, otlpwire.ExponentialHistogramDataPoints, otlpwire.MetricExponentialHistogram, 2, 2, 1), "resource_metrics[0].scope_metrics[0].metrics[0].exponential_histogram.data_points[0].negative.bucket_counts: message ends within the field (byte 12)")
	f(otlpwire.Signal(9), nil, "no request of signal 9")

	for _, kvlist := range []bool{false, true} {
		_, err := otlpwire.Validate(otlpwire.Logs, path(nest(otlpwire.MaxDepth+1, kvlist), otlpwire.LogRecordBody, 2, 2, 1))
		if !errors.Is(err, otlpwire.ErrMalformed) || !strings.Contains(err.Error(), "within more than 64") {
			t.Errorf("got error %v", err)
		}
	}
}

// TestValidate_Truncated cuts sound requests at every byte: Validate and pdata
// agree on each.
func TestValidate_Truncated(t *testing.T) {
	t.Parallel()
	for s, request := range map[otlpwire.Signal][]byte{otlpwire.Traces: tracesRequest(t), otlpwire.Logs: logsRequest(t), otlpwire.Metrics: metricsRequest(t)} {
		for n := range request {
			agree(t, s, request[:n])
		}
	}
}

// agree fails the test when Validate and pdata do not agree on a request.
func agree(t *testing.T, s otlpwire.Signal, request []byte) {
	t.Helper()
	got, err := otlpwire.Validate(s, request)
	if err == nil {
		want, perr := pdataCount(s, request)
		if perr != nil {
			t.Fatalf("%s: pdata refuses what Validate takes: %v\n%x", s, perr, request)
		}
		if got != want {
			t.Fatalf("%s: got %+v, pdata has %+v\n%x", s, got, want, request)
		}
		return
	}
	if !errors.Is(err, otlpwire.ErrMalformed) {
		t.Fatalf("error %v is not ErrMalformed", err)
	}
	if otlpwire.StricterThanPdata(err) {
		return
	}
	if _, perr := pdataCount(s, request); perr == nil {
		t.Fatalf("%s: Validate refuses what pdata takes: %v\n%x", s, err, request)
	}
}

func FuzzValidate(f *testing.F) {
	f.Add(uint8(otlpwire.Traces), tracesRequest(f))
	f.Add(uint8(otlpwire.Logs), logsRequest(f))
	f.Add(uint8(otlpwire.Metrics), metricsRequest(f))
	f.Add(uint8(otlpwire.Logs), path(nest(3, true), otlpwire.LogRecordBody, 2, 2, 1))
	f.Fuzz(func(t *testing.T, signal uint8, request []byte) {
		agree(t, otlpwire.Signal(signal%3+1), request)
	})
}

// TestValidate_Real runs over what real programs sent.
func TestValidate_Real(t *testing.T) {
	t.Parallel()
	f := func(s otlpwire.Signal, name string) {
		for i, m := range capturetest.Messages(t, name, 40) {
			got, err := otlpwire.Validate(s, m)
			if err != nil {
				t.Fatalf("%s, message %d: %v", name, i, err)
			}
			if want, err := pdataCount(s, m); err != nil || got != want || got.Records == 0 {
				t.Fatalf("%s, message %d: got %+v, pdata has %+v, %v", name, i, got, want, err)
			}
		}
	}
	f(otlpwire.Traces, "hotrod.traces.binpb.zst")
	f(otlpwire.Logs, "loghub.logs.binpb.zst")
	f(otlpwire.Metrics, "node.metrics.binpb.zst")
}

func BenchmarkValidate(b *testing.B) {
	request := capturetest.Messages(b, "hotrod.traces.binpb.zst", 1)[0]
	b.SetBytes(int64(len(request)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := otlpwire.Validate(otlpwire.Traces, request); err != nil {
			b.Fatal(err)
		}
	}
}
