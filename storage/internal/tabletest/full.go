package tabletest

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Start is the time around which the hand-made records stand: 2026-01-02
// 03:04:05 UTC, in nanoseconds.
const Start = 1767323045_000000000

// Full returns requests of a signal that together have every field set, with
// every type of value, with empty, extreme and repeated ones.
func Full(s otlpwire.Signal) [][]byte {
	switch s {
	case otlpwire.Traces:
		return fullTraces()
	case otlpwire.Logs:
		return fullLogs()
	default:
		return fullMetrics()
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// allTypes puts an attribute of every type.
func allTypes(m pcommon.Map) {
	m.PutStr("string", "text")
	m.PutStr("string.empty", "")
	m.PutStr("", "empty key")
	m.PutBool("bool", true)
	m.PutBool("bool.false", false)
	m.PutInt("int", -42)
	m.PutInt("int.zero", 0)
	m.PutInt("int.max", math.MaxInt64)
	m.PutInt("int.min", math.MinInt64)
	m.PutDouble("double", 2.5)
	m.PutDouble("double.nan", math.NaN())
	m.PutDouble("double.inf", math.Inf(-1))
	m.PutDouble("double.negzero", math.Copysign(0, -1))
	m.PutEmptyBytes("bytes").FromRaw([]byte{0, 1, 0xff})
	m.PutEmptyBytes("bytes.empty").EnsureCapacity(1) // pdata before v1.45 leaves out bytes that are nil
	m.PutEmpty("unset")
	a := m.PutEmptySlice("array")
	a.AppendEmpty().SetStr(`with "quotes" and \`)
	a.AppendEmpty().SetInt(7)
	a.AppendEmpty()
	a.AppendEmpty().SetEmptySlice().AppendEmpty().SetBool(true)
	m.PutEmptySlice("array.empty")
	kv := m.PutEmptyMap("map")
	kv.PutStr("k", "v")
	kv.PutEmptyMap("deep").PutEmptySlice("deeper").AppendEmpty().SetDouble(math.Inf(1))
	m.PutEmptyMap("map.empty")
	// One key with two types.
	m.PutStr("mixed", "one")
	m.PutStr("invalid utf-8", "a\xff\xfeb")
}

// repeated appends attributes whose keys come more than once, which a map's
// Put methods do not allow: it builds them on the wire.
func repeated(field func(dst, kv []byte) []byte) []byte {
	var out []byte
	for i, v := range []string{"first", "", "first", "last"} {
		var kv, val []byte
		val = otlpwire.AppendString(val, otlpwire.AnyValueString, v)
		if i == 1 {
			val = otlpwire.AppendVarint(nil, otlpwire.AnyValueInt, 5)
		}
		kv = otlpwire.AppendString(kv, otlpwire.KeyValueKey, "again")
		kv = otlpwire.AppendBytes(kv, otlpwire.KeyValueValue, val)
		out = field(out, kv)
	}
	return out
}

func trace(n byte) pcommon.TraceID {
	return pcommon.TraceID{n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, n}
}
func span(n byte) pcommon.SpanID { return pcommon.SpanID{n, 2, 3, 4, 5, 6, 7, n} }

func fullTraces() [][]byte {
	td := ptrace.NewTraces()
	for r := range 3 {
		rs := td.ResourceSpans().AppendEmpty()
		if r > 0 {
			rs.Resource().Attributes().PutStr("service.name", []string{"", "shop", "cart"}[r])
			allTypes(rs.Resource().Attributes())
			rs.Resource().SetDroppedAttributesCount(3)
			rs.SetSchemaUrl("https://opentelemetry.io/schemas/1.43.0")
		}
		for k := range 2 {
			ss := rs.ScopeSpans().AppendEmpty()
			if k > 0 {
				ss.Scope().SetName("lib")
				ss.Scope().SetVersion("v1.2.3")
				ss.Scope().Attributes().PutStr("scope.key", "x")
				ss.Scope().SetDroppedAttributesCount(1)
				ss.SetSchemaUrl("https://example.com/schema")
			}
			for i := range 4 {
				fullSpan(ss.Spans().AppendEmpty(), byte(r*8+k*4+i))
			}
			ss.Spans().AppendEmpty() // nothing set at all
		}
	}
	odd := ptrace.NewTraces()
	times := odd.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, v := range [][2]uint64{{Start, Start - 5}, {Start, 0}, {0, Start}, {math.MaxUint64, 1}, {1, math.MaxUint64}, {0, 0}} {
		s := times.AppendEmpty()
		s.SetName("odd times")
		s.SetStartTimestamp(pcommon.Timestamp(v[0]))
		s.SetEndTimestamp(pcommon.Timestamp(v[1]))
		s.Events().AppendEmpty().SetTimestamp(pcommon.Timestamp(v[1]))
		s.Events().AppendEmpty()
	}
	var m ptrace.ProtoMarshaler
	body := repeated(func(dst, kv []byte) []byte { return otlpwire.AppendBytes(dst, otlpwire.SpanAttributes, kv) })
	return [][]byte{must(m.MarshalTraces(td)), must(m.MarshalTraces(odd)), wrap(body)}
}

// wrap puts one record into a request without resource and scope.
func wrap(record []byte) []byte {
	scope := otlpwire.AppendBytes(nil, otlpwire.ScopeGroupRecords, record)
	resource := otlpwire.AppendBytes(nil, otlpwire.GroupScopes, scope)
	return otlpwire.AppendBytes(nil, otlpwire.RequestResource, resource)
}

func fullSpan(s ptrace.Span, n byte) {
	s.SetTraceID(trace(n % 3))
	s.SetSpanID(span(n + 1))
	if n%4 != 0 {
		s.SetParentSpanID(span(n)) // the span before, or one of another trace
	}
	if n == 5 {
		s.SetParentSpanID(span(200)) // nowhere
	}
	s.TraceState().FromRaw("vendor=1,other=2")
	s.SetFlags(0x301)
	s.SetName([]string{"GET /", "SELECT", "GET /"}[n%3])
	s.SetKind(ptrace.SpanKind(n % 6))
	s.SetStartTimestamp(Start + pcommon.Timestamp(n)*1000)
	s.SetEndTimestamp(Start + pcommon.Timestamp(n)*3000)
	allTypes(s.Attributes())
	s.SetDroppedAttributesCount(uint32(n))
	for i := range int(n % 3) {
		e := s.Events().AppendEmpty()
		e.SetName("event")
		e.SetTimestamp(Start + pcommon.Timestamp(i))
		allTypes(e.Attributes())
		e.SetDroppedAttributesCount(9)
		l := s.Links().AppendEmpty()
		l.SetTraceID(trace(n))
		l.SetSpanID(span(n))
		l.TraceState().FromRaw("a=b")
		l.SetFlags(1)
		allTypes(l.Attributes())
		l.SetDroppedAttributesCount(math.MaxUint32)
	}
	s.Events().AppendEmpty()
	s.Links().AppendEmpty()
	s.SetDroppedEventsCount(2)
	s.SetDroppedLinksCount(1)
	s.Status().SetCode(ptrace.StatusCode(n % 3))
	if n%3 == 2 {
		s.Status().SetMessage("it broke")
	}
}

func fullLogs() [][]byte {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("log lib")
	bodies := pcommon.NewMap()
	allTypes(bodies)
	i := 0
	for _, v := range bodies.All() {
		lr := sl.LogRecords().AppendEmpty()
		v.CopyTo(lr.Body())
		lr.SetTimestamp(Start + pcommon.Timestamp(i))
		lr.SetObservedTimestamp(Start + 2*pcommon.Timestamp(i))
		lr.SetSeverityNumber(plog.SeverityNumber(i % 26))
		lr.SetSeverityText([]string{"", "warning", "Info"}[i%3])
		lr.SetTraceID(trace(byte(i % 4)))
		lr.SetSpanID(span(byte(i)))
		lr.SetFlags(plog.DefaultLogRecordFlags.WithIsSampled(true))
		lr.SetEventName("event.name")
		lr.SetDroppedAttributesCount(4)
		if i%2 == 0 {
			allTypes(lr.Attributes())
		}
		i++
	}
	none := rl.ScopeLogs().AppendEmpty().LogRecords()
	none.AppendEmpty()
	none.AppendEmpty().SetObservedTimestamp(Start + 7)
	none.AppendEmpty().SetTimestamp(Start)
	before := none.AppendEmpty()
	before.SetTimestamp(Start)
	before.SetObservedTimestamp(Start - 1)
	first := none.AppendEmpty()
	first.SetTimestamp(1)
	var m plog.ProtoMarshaler
	body := repeated(func(dst, kv []byte) []byte { return otlpwire.AppendBytes(dst, otlpwire.LogRecordAttributes, kv) })
	body = append(body, repeated(func(dst, kv []byte) []byte { // the body several times: the last wins
		for f := otlpwire.Scan(kv); f.Next(); {
			if f.Num == otlpwire.KeyValueValue {
				dst = otlpwire.AppendBytes(dst, otlpwire.LogRecordBody, f.Bytes())
			}
		}
		return dst
	})...)
	return [][]byte{must(m.MarshalLogs(ld)), wrap(body)}
}

func fullMetrics() [][]byte {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "shop")
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName("meter")
	metric := func(name string) pmetric.Metric {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		m.SetDescription("what it counts")
		m.SetUnit("By")
		m.Metadata().PutStr("meta", "data")
		return m
	}
	numbers(metric("gauge").SetEmptyGauge().DataPoints())
	for t := range 3 {
		sum := metric("sum").SetEmptySum()
		sum.SetAggregationTemporality(pmetric.AggregationTemporality(t))
		sum.SetIsMonotonic(t == 1)
		numbers(sum.DataPoints())
	}
	h := metric("histogram").SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	for i := range 3 {
		p := h.DataPoints().AppendEmpty()
		p.SetStartTimestamp(Start)
		p.SetTimestamp(Start + pcommon.Timestamp(i))
		if i == 0 {
			continue
		}
		p.SetCount(10)
		p.SetSum(float64(i - 1))
		p.SetMin(0)
		p.SetMax(math.NaN())
		p.BucketCounts().FromRaw([]uint64{0, 5, math.MaxUint64})
		p.ExplicitBounds().FromRaw([]float64{1.5, math.Inf(1)})
		p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
		allTypes(p.Attributes())
		exemplars(p.Exemplars())
	}
	e := metric("exponential").SetEmptyExponentialHistogram()
	e.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	for i := range 3 {
		p := e.DataPoints().AppendEmpty()
		p.SetTimestamp(Start + pcommon.Timestamp(i))
		if i == 0 {
			continue
		}
		p.SetScale(int32(-i))
		p.SetCount(3)
		p.SetSum(-1)
		p.SetMin(-2)
		p.SetMax(2)
		p.SetZeroCount(1)
		p.SetZeroThreshold(1e-9)
		p.Positive().SetOffset(-5)
		p.Positive().BucketCounts().FromRaw([]uint64{1, 0, 300})
		p.Negative().SetOffset(math.MaxInt32)
		exemplars(p.Exemplars())
		allTypes(p.Attributes())
	}
	s := metric("summary").SetEmptySummary()
	for i := range 2 {
		p := s.DataPoints().AppendEmpty()
		p.SetTimestamp(Start + pcommon.Timestamp(i))
		p.SetCount(uint64(i))
		p.SetSum(float64(i) * 1.5)
		for q := range 3 {
			v := p.QuantileValues().AppendEmpty()
			v.SetQuantile(float64(q) / 2)
			v.SetValue(float64(-q))
		}
		allTypes(p.Attributes())
	}
	var m pmetric.ProtoMarshaler
	return [][]byte{must(m.MarshalMetrics(md))}
}

func numbers(points pmetric.NumberDataPointSlice) {
	for i := range 5 {
		p := points.AppendEmpty()
		p.SetStartTimestamp(Start - 1)
		p.SetTimestamp(Start + pcommon.Timestamp(i))
		switch i {
		case 0:
			p.SetIntValue(math.MinInt64)
		case 1:
			p.SetDoubleValue(math.NaN())
		case 2:
			p.SetIntValue(0)
		case 3:
			p.SetDoubleValue(0)
		}
		allTypes(p.Attributes())
		exemplars(p.Exemplars())
	}
}

func exemplars(dst pmetric.ExemplarSlice) {
	e := dst.AppendEmpty()
	e.SetTimestamp(Start - 3)
	e.SetDoubleValue(1.25)
	e.SetTraceID(trace(1))
	e.SetSpanID(span(1))
	allTypes(e.FilteredAttributes())
	dst.AppendEmpty().SetIntValue(-9)
	dst.AppendEmpty()
}
