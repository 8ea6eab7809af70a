package otlpsdk

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// ErrUnsupported is what the error about a metric that OTLP cannot hold wraps:
// an unknown aggregation or temporality.
var ErrUnsupported = errors.New("unsupported metric")

// CheckMetric returns an error that wraps [ErrUnsupported] for a metric that
// OTLP cannot hold. The encoder leaves such a metric out.
func CheckMetric(m *metricdata.Metrics) error {
	var t metricdata.Temporality
	switch a := m.Data.(type) {
	case metricdata.Gauge[int64], metricdata.Gauge[float64], metricdata.Summary:
		return nil
	case metricdata.Sum[int64]:
		t = a.Temporality
	case metricdata.Sum[float64]:
		t = a.Temporality
	case metricdata.Histogram[int64]:
		t = a.Temporality
	case metricdata.Histogram[float64]:
		t = a.Temporality
	case metricdata.ExponentialHistogram[int64]:
		t = a.Temporality
	case metricdata.ExponentialHistogram[float64]:
		t = a.Temporality
	default:
		return fmt.Errorf("%w %q: aggregation %T", ErrUnsupported, m.Name, a)
	}
	if temporality(t) == temporalityUnspecified {
		return fmt.Errorf("%w %q: temporality %d", ErrUnsupported, m.Name, t)
	}
	return nil
}

// OTLP's AggregationTemporality.
const (
	temporalityUnspecified = 0
	temporalityDelta       = 1
	temporalityCumulative  = 2
)

func temporality(t metricdata.Temporality) uint64 {
	switch t {
	case metricdata.DeltaTemporality:
		return temporalityDelta
	case metricdata.CumulativeTemporality:
		return temporalityCumulative
	}
	return temporalityUnspecified
}

// metric puts the content of a Metric message in front.
func (e *Encoder) metric(m *metricdata.Metrics) {
	end := e.len()
	switch a := m.Data.(type) {
	case metricdata.Gauge[int64]:
		numberPoints(e, a.DataPoints)
		e.close(otlpwire.MetricGauge, end)
	case metricdata.Gauge[float64]:
		numberPoints(e, a.DataPoints)
		e.close(otlpwire.MetricGauge, end)
	case metricdata.Sum[int64]:
		sum(e, a)
		e.close(otlpwire.MetricSum, end)
	case metricdata.Sum[float64]:
		sum(e, a)
		e.close(otlpwire.MetricSum, end)
	case metricdata.Histogram[int64]:
		histogram(e, a)
		e.close(otlpwire.MetricHistogram, end)
	case metricdata.Histogram[float64]:
		histogram(e, a)
		e.close(otlpwire.MetricHistogram, end)
	case metricdata.ExponentialHistogram[int64]:
		exponential(e, a)
		e.close(otlpwire.MetricExponentialHistogram, end)
	case metricdata.ExponentialHistogram[float64]:
		exponential(e, a)
		e.close(otlpwire.MetricExponentialHistogram, end)
	case metricdata.Summary:
		e.summary(a)
		e.close(otlpwire.MetricSummary, end)
	}
	e.textIf(otlpwire.MetricUnit, m.Unit)
	e.textIf(otlpwire.MetricDescription, m.Description)
	e.textIf(otlpwire.MetricName, m.Name)
}

func sum[N int64 | float64](e *Encoder, s metricdata.Sum[N]) {
	if s.IsMonotonic {
		e.bool(otlpwire.SumIsMonotonic, true)
	}
	e.varintIf(otlpwire.SumAggregationTemporality, temporality(s.Temporality))
	numberPoints(e, s.DataPoints)
}

// numberPoints puts the points of a gauge or sum, which both have as field 1,
// in front.
func numberPoints[N int64 | float64](e *Encoder, points []metricdata.DataPoint[N]) {
	for i := len(points) - 1; i >= 0; i-- {
		p, end := &points[i], e.len()
		e.set(otlpwire.NumberDataPointAttributes, &p.Attributes)
		number(e, otlpwire.NumberDataPointAsInt, otlpwire.NumberDataPointAsDouble, p.Value)
		exemplars(e, otlpwire.NumberDataPointExemplars, p.Exemplars)
		e.fixed64If(otlpwire.NumberDataPointTimeUnixNano, unixNano(p.Time))
		e.fixed64If(otlpwire.NumberDataPointStartTimeUnixNano, unixNano(p.StartTime))
		e.close(otlpwire.GaugeDataPoints, end)
	}
}

func histogram[N int64 | float64](e *Encoder, h metricdata.Histogram[N]) {
	e.varintIf(otlpwire.HistogramAggregationTemporality, temporality(h.Temporality))
	for i := len(h.DataPoints) - 1; i >= 0; i-- {
		p, end := &h.DataPoints[i], e.len()
		extremum(e, otlpwire.HistogramDataPointMax, p.Max)
		extremum(e, otlpwire.HistogramDataPointMin, p.Min)
		e.set(otlpwire.HistogramDataPointAttributes, &p.Attributes)
		exemplars(e, otlpwire.HistogramDataPointExemplars, p.Exemplars)
		packed(e, otlpwire.HistogramDataPointExplicitBounds, p.Bounds, func(e *Encoder, f float64) { e.bareFixed64(math.Float64bits(f)) })
		packed(e, otlpwire.HistogramDataPointBucketCounts, p.BucketCounts, (*Encoder).bareFixed64)
		e.double(otlpwire.HistogramDataPointSum, float64(p.Sum))
		e.fixed64If(otlpwire.HistogramDataPointCount, p.Count)
		e.fixed64If(otlpwire.HistogramDataPointTimeUnixNano, unixNano(p.Time))
		e.fixed64If(otlpwire.HistogramDataPointStartTimeUnixNano, unixNano(p.StartTime))
		e.close(otlpwire.HistogramDataPoints, end)
	}
}

func exponential[N int64 | float64](e *Encoder, h metricdata.ExponentialHistogram[N]) {
	e.varintIf(otlpwire.ExponentialHistogramAggregationTemporality, temporality(h.Temporality))
	for i := len(h.DataPoints) - 1; i >= 0; i-- {
		p, end := &h.DataPoints[i], e.len()
		e.fixed64If(otlpwire.ExponentialHistogramDataPointZeroThreshold, math.Float64bits(p.ZeroThreshold))
		extremum(e, otlpwire.ExponentialHistogramDataPointMax, p.Max)
		extremum(e, otlpwire.ExponentialHistogramDataPointMin, p.Min)
		exemplars(e, otlpwire.ExponentialHistogramDataPointExemplars, p.Exemplars)
		e.buckets(otlpwire.ExponentialHistogramDataPointNegative, &p.NegativeBucket)
		e.buckets(otlpwire.ExponentialHistogramDataPointPositive, &p.PositiveBucket)
		e.fixed64If(otlpwire.ExponentialHistogramDataPointZeroCount, p.ZeroCount)
		e.varintIf(otlpwire.ExponentialHistogramDataPointScale, protowire.EncodeZigZag(int64(p.Scale)))
		e.double(otlpwire.ExponentialHistogramDataPointSum, float64(p.Sum))
		e.fixed64If(otlpwire.ExponentialHistogramDataPointCount, p.Count)
		e.fixed64If(otlpwire.ExponentialHistogramDataPointTimeUnixNano, unixNano(p.Time))
		e.fixed64If(otlpwire.ExponentialHistogramDataPointStartTimeUnixNano, unixNano(p.StartTime))
		e.set(otlpwire.ExponentialHistogramDataPointAttributes, &p.Attributes)
		e.close(otlpwire.ExponentialHistogramDataPoints, end)
	}
}

func (e *Encoder) buckets(num protowire.Number, b *metricdata.ExponentialBucket) {
	end := e.len()
	packed(e, otlpwire.BucketsBucketCounts, b.Counts, (*Encoder).uvarint)
	e.varintIf(otlpwire.BucketsOffset, protowire.EncodeZigZag(int64(b.Offset)))
	e.close(num, end)
}

func (e *Encoder) summary(s metricdata.Summary) {
	for i := len(s.DataPoints) - 1; i >= 0; i-- {
		p, end := &s.DataPoints[i], e.len()
		e.set(otlpwire.SummaryDataPointAttributes, &p.Attributes)
		for j := len(p.QuantileValues) - 1; j >= 0; j-- {
			q, end := &p.QuantileValues[j], e.len()
			e.fixed64If(otlpwire.ValueAtQuantileValue, math.Float64bits(q.Value))
			e.fixed64If(otlpwire.ValueAtQuantileQuantile, math.Float64bits(q.Quantile))
			e.close(otlpwire.SummaryDataPointQuantileValues, end)
		}
		e.fixed64If(otlpwire.SummaryDataPointSum, math.Float64bits(p.Sum))
		e.fixed64If(otlpwire.SummaryDataPointCount, p.Count)
		e.fixed64If(otlpwire.SummaryDataPointTimeUnixNano, unixNano(p.Time))
		e.fixed64If(otlpwire.SummaryDataPointStartTimeUnixNano, unixNano(p.StartTime))
		e.close(otlpwire.SummaryDataPoints, end)
	}
}

func exemplars[N int64 | float64](e *Encoder, num protowire.Number, list []metricdata.Exemplar[N]) {
	for i := len(list) - 1; i >= 0; i-- {
		x, end := &list[i], e.len()
		e.keyValues(otlpwire.ExemplarFilteredAttributes, x.FilteredAttributes, 0)
		number(e, otlpwire.ExemplarAsInt, otlpwire.ExemplarAsDouble, x.Value)
		if len(x.TraceID) == 16 {
			e.bytes(otlpwire.ExemplarTraceID, x.TraceID)
		}
		if len(x.SpanID) == 8 {
			e.bytes(otlpwire.ExemplarSpanID, x.SpanID)
		}
		e.fixed64If(otlpwire.ExemplarTimeUnixNano, unixNano(x.Time))
		e.close(num, end)
	}
}

// number puts a value in front as the integer or the double of a oneof.
func number[N int64 | float64](e *Encoder, asInt, asDouble protowire.Number, v N) {
	switch v := any(v).(type) {
	case int64:
		e.fixed64(asInt, uint64(v))
	case float64:
		e.double(asDouble, v)
	}
}

func extremum[N int64 | float64](e *Encoder, num protowire.Number, x metricdata.Extrema[N]) {
	if v, ok := x.Value(); ok {
		e.double(num, float64(v))
	}
}

// packed puts a packed list of numbers in front, nothing for an empty one.
func packed[T any](e *Encoder, num protowire.Number, vals []T, put func(*Encoder, T)) {
	if len(vals) == 0 {
		return
	}
	end := e.len()
	for _, val := range slices.Backward(vals) {
		put(e, val)
	}
	e.close(num, end)
}
