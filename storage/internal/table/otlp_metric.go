package table

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// metricRecords appends the Metric messages of one scope's points. Points of
// one metric become one message, in the order in which they first appear.
func (w *writer) metricRecords(dst []byte, rows []uint32) []byte {
	codes := &w.c.Rows.Leaves[PointMetric]
	var order []uint32
	byMetric := make(map[uint32][]uint32)
	for _, row := range rows {
		c := codes.Code(int(row))
		if byMetric[c] == nil {
			order = append(order, c)
		}
		byMetric[c] = append(byMetric[c], row)
	}
	var metric, data, point int
	for _, c := range order {
		m, ok := w.metrics[c]
		if !ok {
			m = parseMetric(codes.Dict.Values[c])
			w.metrics[c] = m
		}
		dst, metric = begin(dst, otlpwire.ScopeGroupRecords)
		dst = append(dst, m.fields...)
		if m.kind != 0 {
			dst, data = begin(dst, m.kind)
			dst = append(dst, m.data...)
			for _, row := range byMetric[c] {
				dst, point = begin(dst, otlpwire.GaugeDataPoints)
				dst = w.point(dst, m.kind, int(row))
				dst = end(dst, point)
			}
			dst = end(dst, data)
		}
		dst = end(dst, metric)
	}
	return dst
}

// point appends the fields of row i's data point message.
func (w *writer) point(dst []byte, kind protowire.Number, i int) []byte {
	l := w.c.Rows.Leaves
	dst = appendFixed64(dst, otlpwire.NumberDataPointStartTimeUnixNano, l[PointStart].Int(i))
	dst = appendFixed64(dst, otlpwire.NumberDataPointTimeUnixNano, l[PointTime].Int(i))
	switch kind {
	case otlpwire.MetricHistogram:
		dst = w.histogram(dst, i)
	case otlpwire.MetricExponentialHistogram:
		dst = w.exponential(dst, i)
	case otlpwire.MetricSummary:
		dst = w.summary(dst, i)
	default:
		dst = w.number(dst, i)
	}
	return append(dst, l[pointExtra].Str(i)...)
}

func (w *writer) number(dst []byte, i int) []byte {
	l := w.c.Rows.Leaves
	switch has := l[PointHas].Int(i); {
	case has&hasDouble != 0:
		dst = otlpwire.AppendFixed64(dst, otlpwire.NumberDataPointAsDouble, uint64(l[PointDouble].Int(i)))
	case has&hasInt != 0:
		dst = otlpwire.AppendFixed64(dst, otlpwire.NumberDataPointAsInt, uint64(l[PointInt].Int(i)))
	}
	dst = w.exemplars(dst, otlpwire.NumberDataPointExemplars, i)
	dst = w.attrs.append(dst, otlpwire.NumberDataPointAttributes, i)
	return appendVarint(dst, otlpwire.NumberDataPointFlags, l[PointFlags].Int(i))
}

// optional appends a double that is there when bit is set in PointHas.
func (w *writer) optional(dst []byte, num protowire.Number, leaf int, bit int64, i int) []byte {
	if w.c.Rows.Leaves[PointHas].Int(i)&bit == 0 {
		return dst
	}
	return otlpwire.AppendFixed64(dst, num, uint64(w.c.Rows.Leaves[leaf].Int(i)))
}

func (w *writer) histogram(dst []byte, i int) []byte {
	l := w.c.Rows.Leaves
	dst = appendFixed64(dst, otlpwire.HistogramDataPointCount, l[PointCount].Int(i))
	dst = w.optional(dst, otlpwire.HistogramDataPointSum, PointSum, hasSum, i)
	buckets := &w.children[listBuckets]
	if from, to := buckets.starts[i], buckets.starts[i+1]; from < to {
		dst = otlpwire.AppendHeader(dst, otlpwire.HistogramDataPointBucketCounts, 8*int(to-from))
		for k := from; k < to; k++ {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(buckets.items.Leaves[0].Int(int(k))))
		}
	}
	dst = appendString(dst, otlpwire.HistogramDataPointExplicitBounds, l[PointBounds].Str(i))
	dst = w.exemplars(dst, otlpwire.HistogramDataPointExemplars, i)
	dst = w.attrs.append(dst, otlpwire.HistogramDataPointAttributes, i)
	dst = appendVarint(dst, otlpwire.HistogramDataPointFlags, l[PointFlags].Int(i))
	dst = w.optional(dst, otlpwire.HistogramDataPointMin, PointMin, hasMin, i)
	return w.optional(dst, otlpwire.HistogramDataPointMax, PointMax, hasMax, i)
}

func (w *writer) exponential(dst []byte, i int) []byte {
	l := w.c.Rows.Leaves
	dst = w.attrs.append(dst, otlpwire.ExponentialHistogramDataPointAttributes, i)
	dst = appendFixed64(dst, otlpwire.ExponentialHistogramDataPointCount, l[PointCount].Int(i))
	dst = w.optional(dst, otlpwire.ExponentialHistogramDataPointSum, PointSum, hasSum, i)
	if s := l[PointScale].Int(i); s != 0 {
		dst = otlpwire.AppendZigZag(dst, otlpwire.ExponentialHistogramDataPointScale, s)
	}
	dst = appendFixed64(dst, otlpwire.ExponentialHistogramDataPointZeroCount, l[PointZeroCount].Int(i))
	dst = w.side(dst, otlpwire.ExponentialHistogramDataPointPositive, listPositive, l[PointPositiveOffset].Int(i), i)
	dst = w.side(dst, otlpwire.ExponentialHistogramDataPointNegative, listNegative, l[PointNegativeOffset].Int(i), i)
	dst = appendVarint(dst, otlpwire.ExponentialHistogramDataPointFlags, l[PointFlags].Int(i))
	dst = w.exemplars(dst, otlpwire.ExponentialHistogramDataPointExemplars, i)
	dst = w.optional(dst, otlpwire.ExponentialHistogramDataPointMin, PointMin, hasMin, i)
	dst = w.optional(dst, otlpwire.ExponentialHistogramDataPointMax, PointMax, hasMax, i)
	return appendFixed64(dst, otlpwire.ExponentialHistogramDataPointZeroThreshold, l[PointZeroThreshold].Int(i))
}

// side appends one side of an exponential histogram.
func (w *writer) side(dst []byte, num protowire.Number, list int, offset int64, i int) []byte {
	counts := &w.children[list]
	from, to := counts.starts[i], counts.starts[i+1]
	if from == to && offset == 0 {
		return dst
	}
	dst, mark := begin(dst, num)
	if offset != 0 {
		dst = otlpwire.AppendZigZag(dst, otlpwire.BucketsOffset, offset)
	}
	if from < to {
		var inner int
		dst, inner = begin(dst, otlpwire.BucketsBucketCounts)
		for k := from; k < to; k++ {
			dst = otlpwire.AppendUvarint(dst, uint64(counts.items.Leaves[0].Int(int(k))))
		}
		dst = end(dst, inner)
	}
	return end(dst, mark)
}

func (w *writer) summary(dst []byte, i int) []byte {
	l := w.c.Rows.Leaves
	dst = appendFixed64(dst, otlpwire.SummaryDataPointCount, l[PointCount].Int(i))
	dst = appendFixed64(dst, otlpwire.SummaryDataPointSum, l[PointSum].Int(i))
	q := &w.children[listQuantiles]
	var mark int
	for k := q.starts[i]; k < q.starts[i+1]; k++ {
		dst, mark = begin(dst, otlpwire.SummaryDataPointQuantileValues)
		dst = appendFixed64(dst, otlpwire.ValueAtQuantileQuantile, q.items.Leaves[quantileQ].Int(int(k)))
		dst = appendFixed64(dst, otlpwire.ValueAtQuantileValue, q.items.Leaves[quantileValue].Int(int(k)))
		dst = end(dst, mark)
	}
	dst = w.attrs.append(dst, otlpwire.SummaryDataPointAttributes, i)
	return appendVarint(dst, otlpwire.SummaryDataPointFlags, l[PointFlags].Int(i))
}

func (w *writer) exemplars(dst []byte, num protowire.Number, i int) []byte {
	e := &w.children[listExemplars]
	l := e.items.Leaves
	at := w.c.Rows.Leaves[PointTime].Int(i)
	var mark int
	for k := int(e.starts[i]); k < int(e.starts[i+1]); k++ {
		dst, mark = begin(dst, num)
		dst = appendFixed64(dst, otlpwire.ExemplarTimeUnixNano, at+l[exemplarTime].Int(k))
		switch l[exemplarHas].Int(k) {
		case hasDouble:
			dst = otlpwire.AppendFixed64(dst, otlpwire.ExemplarAsDouble, uint64(l[exemplarDouble].Int(k)))
		case hasInt:
			dst = otlpwire.AppendFixed64(dst, otlpwire.ExemplarAsInt, uint64(l[exemplarInt].Int(k)))
		}
		dst = appendSpanID(dst, otlpwire.ExemplarSpanID, l[exemplarSpanID].Int(k))
		dst = appendString(dst, otlpwire.ExemplarTraceID, l[exemplarTraceID].Str(k))
		dst = e.attrs.append(dst, otlpwire.ExemplarFilteredAttributes, k)
		dst = append(dst, l[exemplarExtra].Str(k)...)
		dst = end(dst, mark)
	}
	return dst
}
