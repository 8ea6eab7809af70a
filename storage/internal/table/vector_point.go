package table

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// metricInfo is a parsed string of the PointMetric column.
type metricInfo struct {
	name, description, unit string
	kind                    protowire.Number // MetricGauge, MetricSum, …
	temporality             int64
	monotonic               bool
	fields, data            []byte // all but the data field, and its content
}

// parseMetric parses the fields of a Metric message without points.
func parseMetric(s string) metricInfo {
	var m metricInfo
	msg := []byte(s)
	for f := otlpwire.Scan(msg); f.Next(); {
		switch f.Num {
		case otlpwire.MetricName:
			m.name = string(f.Bytes())
		case otlpwire.MetricDescription:
			m.description = string(f.Bytes())
		case otlpwire.MetricUnit:
			m.unit = string(f.Bytes())
		case otlpwire.MetricGauge, otlpwire.MetricSum, otlpwire.MetricHistogram,
			otlpwire.MetricExponentialHistogram, otlpwire.MetricSummary:
			// The decoder puts it last.
			m.kind, m.data, m.fields = f.Num, f.Bytes(), msg[:f.Offset()]
		}
	}
	if m.kind == otlpwire.MetricGauge || m.kind == otlpwire.MetricSummary {
		return m
	}
	for f := otlpwire.Scan(m.data); f.Next(); {
		switch {
		case f.Num == otlpwire.SumAggregationTemporality:
			m.temporality = int64(int32(f.Varint()))
		case f.Num == otlpwire.SumIsMonotonic && m.kind == otlpwire.MetricSum:
			m.monotonic = f.Varint() != 0
		}
	}
	return m
}

var temporalityNames = []string{"unspecified", "delta", "cumulative"}

func (m *metricInfo) typeName() string {
	switch m.kind {
	case otlpwire.MetricGauge:
		return "gauge"
	case otlpwire.MetricSum:
		return "sum"
	case otlpwire.MetricHistogram:
		return "histogram"
	case otlpwire.MetricExponentialHistogram:
		return "exponential_histogram"
	case otlpwire.MetricSummary:
		return "summary"
	}
	return ""
}

// metricField returns a column that is the same for all points of a metric.
func (b *Block) metricField(name string) (*column.Vector, error) {
	l, err := b.leaf(PointMetric)
	if err != nil {
		return nil, err
	}
	t := column.TypeString
	if name == "monotonic" {
		t = column.TypeBool
	}
	return b.mapped(l, t, func(code uint32) value {
		m := parseMetric(l.Dict.Values[code])
		switch name {
		case "name":
			return textValue(m.name)
		case "description":
			return textValue(m.description)
		case "unit":
			return textValue(m.unit)
		case "type":
			return textValue(m.typeName())
		case "temporality":
			return textValue(enumName(temporalityNames)(m.temporality))
		}
		if m.kind != otlpwire.MetricSum {
			return value{}
		}
		v := value{typ: column.TypeBool}
		if m.monotonic {
			v.num = 1
		}
		return v
	}), nil
}

// pointField returns a fixed column of data points.
func (b *Block) pointField(name string) (*column.Vector, error) {
	switch name {
	case "timestamp":
		return b.intField(PointTime, column.TypeTimestamp)
	case "start_timestamp":
		return b.nonZero(PointStart, column.TypeTimestamp)
	case "name", "description", "unit", "type", "temporality", "monotonic":
		return b.metricField(name)
	case "value", "value_int":
		return b.valueField(name)
	case "count":
		return b.ofKind(PointCount, column.TypeInt64, otlpwire.MetricHistogram, otlpwire.MetricExponentialHistogram, otlpwire.MetricSummary)
	case "sum":
		return b.sumField()
	case "min":
		return b.optional(PointMin, hasMin)
	case "max":
		return b.optional(PointMax, hasMax)
	case "scale":
		return b.ofKind(PointScale, column.TypeInt64, otlpwire.MetricExponentialHistogram)
	case "zero_count":
		return b.ofKind(PointZeroCount, column.TypeInt64, otlpwire.MetricExponentialHistogram)
	case "zero_threshold":
		return b.ofKind(PointZeroThreshold, column.TypeFloat64, otlpwire.MetricExponentialHistogram)
	case "flags":
		return b.intField(PointFlags, column.TypeInt64)
	case "bucket_counts":
		return b.countsField(listBuckets)
	case "explicit_bounds":
		return b.boundsField()
	case "positive":
		return b.sideField(PointPositiveOffset, listPositive)
	case "negative":
		return b.sideField(PointNegativeOffset, listNegative)
	case "quantiles":
		return b.quantilesField()
	case "exemplars":
		return b.exemplarsField()
	}
	return nil, nil
}

// nonZero returns an integer column whose zero means no value.
func (b *Block) nonZero(leaf int, t column.Type) (*column.Vector, error) {
	l, err := b.leaf(leaf)
	if err != nil || len(l.Ints) == 0 {
		return nil, err
	}
	v := intVector(t, l.Ints, b.c.Rows.N)
	v.Valid = validNonZero(b.c.Rows.N, func(i int) bool { return l.Int(i) != 0 })
	return v, nil
}

// ofKind returns a column that only points of some kinds of metric have.
func (b *Block) ofKind(leaf int, t column.Type, kinds ...protowire.Number) (*column.Vector, error) {
	l, err := b.leaf(leaf)
	if err != nil {
		return nil, err
	}
	has, err := b.kindTest(kinds...)
	if err != nil {
		return nil, err
	}
	out := newRuns(t, b.c.Rows.N)
	for i := range b.c.Rows.N {
		if has(i) {
			out.pushInt(l.Int(i))
		} else {
			out.pushNull()
		}
	}
	return out.vector(), nil
}

// kindTest returns whether a row is a point of one of the kinds.
func (b *Block) kindTest(kinds ...protowire.Number) (func(row int) bool, error) {
	l, err := b.leaf(PointMetric)
	if err != nil {
		return nil, err
	}
	is := make([]bool, len(l.Dict.Values))
	for i, s := range l.Dict.Values {
		kind := parseMetric(s).kind
		for _, k := range kinds {
			is[i] = is[i] || k == kind
		}
	}
	return func(row int) bool { return is[l.Code(row)] }, nil
}

// valueField returns the number of gauges and sums: value as floats, value_int
// only where it came as an integer.
func (b *Block) valueField(name string) (*column.Vector, error) {
	var leaves [3]*Leaf
	for i, n := range []int{PointHas, PointInt, PointDouble} {
		l, err := b.leaf(n)
		if err != nil {
			return nil, err
		}
		leaves[i] = l
	}
	has, ints, doubles := leaves[0], leaves[1], leaves[2]
	t := column.TypeFloat64
	if name == "value_int" {
		t = column.TypeInt64
	}
	out := newRuns(t, b.c.Rows.N)
	for i := range b.c.Rows.N {
		switch h := has.Int(i); {
		case h&hasInt != 0 && t == column.TypeInt64:
			out.pushInt(ints.Int(i))
		case h&hasInt != 0:
			out.pushInt(int64(floatBits(float64(ints.Int(i)))))
		case h&hasDouble != 0 && t == column.TypeFloat64:
			out.pushInt(doubles.Int(i))
		default:
			out.pushNull()
		}
	}
	return out.vector(), nil
}

// optional returns a column of floats that rows have by a bit of PointHas.
func (b *Block) optional(leaf int, bit int64) (*column.Vector, error) {
	has, err := b.leaf(PointHas)
	if err != nil {
		return nil, err
	}
	return b.floatsWhere(leaf, func(i int) bool { return has.Int(i)&bit != 0 })
}

// sumField returns the sums: optional for histograms, always there for summaries.
func (b *Block) sumField() (*column.Vector, error) {
	has, err := b.leaf(PointHas)
	if err != nil {
		return nil, err
	}
	summary, err := b.kindTest(otlpwire.MetricSummary)
	if err != nil {
		return nil, err
	}
	return b.floatsWhere(PointSum, func(i int) bool { return has.Int(i)&hasSum != 0 || summary(i) })
}

func (b *Block) floatsWhere(leaf int, has func(i int) bool) (*column.Vector, error) {
	l, err := b.leaf(leaf)
	if err != nil {
		return nil, err
	}
	out := newRuns(column.TypeFloat64, b.c.Rows.N)
	for i := range b.c.Rows.N {
		if has(i) {
			out.pushInt(l.Int(i))
		} else {
			out.pushNull()
		}
	}
	return out.vector(), nil
}

func (b *Block) countsField(list int) (*column.Vector, error) {
	counts := &b.c.Rows.Lists[list].Items.Leaves[0]
	return b.jsonList(list, func(dst []byte, _, i int) []byte { return appendUint(dst, uint64(counts.Int(i))) })
}

func (b *Block) boundsField() (*column.Vector, error) {
	l, err := b.leaf(PointBounds)
	if err != nil {
		return nil, err
	}
	return b.mapped(l, column.TypeString, func(code uint32) value {
		packed := []byte(l.Dict.Values[code])
		if len(packed) == 0 {
			return value{}
		}
		dst := []byte{'['}
		for i := 0; i+8 <= len(packed); i += 8 {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSONFloat(dst, bitsFloat(int64(binary.LittleEndian.Uint64(packed[i:]))))
		}
		return textValue(string(append(dst, ']')))
	}), nil
}

// sideField returns one side of the exponential histograms.
func (b *Block) sideField(offset, list int) (*column.Vector, error) {
	l, err := b.leaf(offset)
	if err != nil {
		return nil, err
	}
	side := &b.c.Rows.Lists[list]
	starts, err := side.Starts(b.c.Rows.N)
	if err != nil {
		return nil, err
	}
	if err := side.Items.EnsureAll(); err != nil {
		return nil, err
	}
	out := newRuns(column.TypeString, b.c.Rows.N)
	for row := range b.c.Rows.N {
		none := starts[row] == starts[row+1] && l.Int(row) == 0
		if none || side.Counts.IsLost() || side.Items.anyLost(starts[row], starts[row+1]) {
			out.pushNull()
			continue
		}
		o := openObject(nil)
		o.int("offset", l.Int(row))
		o.key("bucket_counts")
		o.dst = append(o.dst, '[')
		for i := starts[row]; i < starts[row+1]; i++ {
			if i > starts[row] {
				o.dst = append(o.dst, ',')
			}
			o.dst = appendUint(o.dst, uint64(side.Items.Leaves[0].Int(int(i))))
		}
		o.dst = append(o.dst, ']')
		out.pushString(string(o.close()))
	}
	return out.vector(), nil
}

func (b *Block) quantilesField() (*column.Vector, error) {
	l := b.c.Rows.Lists[listQuantiles].Items.Leaves
	return b.jsonList(listQuantiles, func(dst []byte, _, i int) []byte {
		o := openObject(dst)
		o.float("quantile", bitsFloat(l[quantileQ].Int(i)))
		o.float("value", bitsFloat(l[quantileValue].Int(i)))
		return o.close()
	})
}

func (b *Block) exemplarsField() (*column.Vector, error) {
	at, err := b.leaf(PointTime)
	if err != nil {
		return nil, err
	}
	g := &b.c.Rows.Lists[listExemplars].Items
	l := g.Leaves
	var w attrWriter
	return b.jsonList(listExemplars, func(dst []byte, row, i int) []byte {
		if w.set == nil {
			w = newAttrWriter(&g.Sets[setAttrs], g.N)
		}
		o := openObject(dst)
		if at := at.Int(row) + l[exemplarTime].Int(i); at != 0 {
			o.time("time", at)
		}
		switch l[exemplarHas].Int(i) {
		case hasInt:
			o.key("value")
			o.dst = appendInt(o.dst, l[exemplarInt].Int(i))
		case hasDouble:
			o.float("value", bitsFloat(l[exemplarDouble].Int(i)))
		}
		o.spanID("span_id", l[exemplarSpanID].Int(i))
		o.hex("trace_id", l[exemplarTraceID].Str(i))
		o.attrs(&w, i)
		return o.close()
	})
}
