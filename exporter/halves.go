package exporter

import "go.opentelemetry.io/otel/sdk/metric/metricdata"

// halves cuts metrics in two that share their parts with rm: by scope, the
// metrics of a lone scope, or the data points of a lone metric. It returns
// false for a single data point.
func halves(rm *metricdata.ResourceMetrics) (a, b *metricdata.ResourceMetrics, ok bool) {
	with := func(sms []metricdata.ScopeMetrics) *metricdata.ResourceMetrics {
		return &metricdata.ResourceMetrics{Resource: rm.Resource, ScopeMetrics: sms}
	}
	if n := len(rm.ScopeMetrics); n > 1 {
		return with(rm.ScopeMetrics[:n/2]), with(rm.ScopeMetrics[n/2:]), true
	} else if n == 0 {
		return nil, nil, false
	}
	sm := rm.ScopeMetrics[0]
	one := func(ms []metricdata.Metrics) *metricdata.ResourceMetrics {
		return with([]metricdata.ScopeMetrics{{Scope: sm.Scope, Metrics: ms}})
	}
	if n := len(sm.Metrics); n > 1 {
		return one(sm.Metrics[:n/2]), one(sm.Metrics[n/2:]), true
	} else if n == 0 {
		return nil, nil, false
	}
	m := sm.Metrics[0]
	x, y, ok := halvesOf(m.Data)
	if !ok {
		return nil, nil, false
	}
	again := func(data metricdata.Aggregation) *metricdata.ResourceMetrics {
		return one([]metricdata.Metrics{{Name: m.Name, Description: m.Description, Unit: m.Unit, Data: data}})
	}
	return again(x), again(y), true
}

// halvesOf cuts the data points of a metric in two.
func halvesOf(data metricdata.Aggregation) (a, b metricdata.Aggregation, ok bool) {
	if pointsOf(data) < 2 {
		return nil, nil, false
	}
	switch d := data.(type) {
	case metricdata.Gauge[int64]:
		x, y := d, d
		x.DataPoints, y.DataPoints = cut(d.DataPoints)
		return x, y, true
	case metricdata.Gauge[float64]:
		x, y := d, d
		x.DataPoints, y.DataPoints = cut(d.DataPoints)
		return x, y, true
	case metricdata.Sum[int64]:
		x, y := d, d
		x.DataPoints, y.DataPoints = cut(d.DataPoints)
		return x, y, true
	case metricdata.Sum[float64]:
		x, y := d, d
		x.DataPoints, y.DataPoints = cut(d.DataPoints)
		return x, y, true
	case metricdata.Histogram[int64]:
		x, y := d, d
		x.DataPoints, y.DataPoints = cut(d.DataPoints)
		return x, y, true
	case metricdata.Histogram[float64]:
		x, y := d, d
		x.DataPoints, y.DataPoints = cut(d.DataPoints)
		return x, y, true
	case metricdata.ExponentialHistogram[int64]:
		x, y := d, d
		x.DataPoints, y.DataPoints = cut(d.DataPoints)
		return x, y, true
	case metricdata.ExponentialHistogram[float64]:
		x, y := d, d
		x.DataPoints, y.DataPoints = cut(d.DataPoints)
		return x, y, true
	case metricdata.Summary:
		x, y := d, d
		x.DataPoints, y.DataPoints = cut(d.DataPoints)
		return x, y, true
	}
	return nil, nil, false
}

func cut[T any](s []T) (a, b []T) { return s[:len(s)/2], s[len(s)/2:] }

// points counts the data points of rm.
func points(rm *metricdata.ResourceMetrics) int {
	n := 0
	for _, sm := range rm.ScopeMetrics {
		for _, m := range sm.Metrics {
			n += pointsOf(m.Data)
		}
	}
	return n
}

// pointsOf counts the data points of one metric.
func pointsOf(data metricdata.Aggregation) int {
	switch d := data.(type) {
	case metricdata.Gauge[int64]:
		return len(d.DataPoints)
	case metricdata.Gauge[float64]:
		return len(d.DataPoints)
	case metricdata.Sum[int64]:
		return len(d.DataPoints)
	case metricdata.Sum[float64]:
		return len(d.DataPoints)
	case metricdata.Histogram[int64]:
		return len(d.DataPoints)
	case metricdata.Histogram[float64]:
		return len(d.DataPoints)
	case metricdata.ExponentialHistogram[int64]:
		return len(d.DataPoints)
	case metricdata.ExponentialHistogram[float64]:
		return len(d.DataPoints)
	case metricdata.Summary:
		return len(d.DataPoints)
	}
	return 0
}
