package tabletest

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Once returns a request with one value for each key, the last, in all
// attributes and maps: what a store makes of it.
func Once(s otlpwire.Signal, request []byte) ([]byte, error) {
	switch s {
	case otlpwire.Traces:
		td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(request)
		if err != nil {
			return nil, err
		}
		for _, rs := range td.ResourceSpans().All() {
			onceMap(rs.Resource().Attributes())
			for _, ss := range rs.ScopeSpans().All() {
				onceMap(ss.Scope().Attributes())
				for _, sp := range ss.Spans().All() {
					onceMap(sp.Attributes())
					for _, e := range sp.Events().All() {
						onceMap(e.Attributes())
					}
					for _, l := range sp.Links().All() {
						onceMap(l.Attributes())
					}
				}
			}
		}
		return (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	case otlpwire.Logs:
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(request)
		if err != nil {
			return nil, err
		}
		for _, rl := range ld.ResourceLogs().All() {
			onceMap(rl.Resource().Attributes())
			for _, sl := range rl.ScopeLogs().All() {
				onceMap(sl.Scope().Attributes())
				for _, lr := range sl.LogRecords().All() {
					onceMap(lr.Attributes())
					onceValue(lr.Body())
				}
			}
		}
		return (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	}
	md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(request)
	if err != nil {
		return nil, err
	}
	for _, rm := range md.ResourceMetrics().All() {
		onceMap(rm.Resource().Attributes())
		for _, sm := range rm.ScopeMetrics().All() {
			onceMap(sm.Scope().Attributes())
			for _, m := range sm.Metrics().All() {
				onceMap(m.Metadata())
				oncePoints(m)
			}
		}
	}
	return (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
}

func oncePoints(m pmetric.Metric) {
	exemplars := func(s pmetric.ExemplarSlice) {
		for _, e := range s.All() {
			onceMap(e.FilteredAttributes())
		}
	}
	numbers := func(s pmetric.NumberDataPointSlice) {
		for _, p := range s.All() {
			onceMap(p.Attributes())
			exemplars(p.Exemplars())
		}
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		numbers(m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		numbers(m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			onceMap(p.Attributes())
			exemplars(p.Exemplars())
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			onceMap(p.Attributes())
			exemplars(p.Exemplars())
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			onceMap(p.Attributes())
		}
	}
}

// onceMap keeps the last value of each key.
func onceMap(m pcommon.Map) {
	last := map[string]int{}
	i := 0
	for k, v := range m.All() {
		onceValue(v)
		last[k] = i
		i++
	}
	i = 0
	m.RemoveIf(func(k string, _ pcommon.Value) bool {
		i++
		return last[k] != i-1
	})
}

func onceValue(v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeMap:
		onceMap(v.Map())
	case pcommon.ValueTypeSlice:
		for _, e := range v.Slice().All() {
			onceValue(e)
		}
	}
}
