package table

import (
	"encoding/binary"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// metric adds the data points of a Metric message as rows. A metric without
// points leaves nothing.
func (d *decoder) metric(scope uint32, msg []byte) error {
	d.meta = d.meta[:0]
	var data []byte
	var kind protowire.Number
	var keys keySet
	repeats := false
	f := otlpwire.Scan(msg)
	for f.Next() {
		switch f.Num {
		case otlpwire.MetricGauge, otlpwire.MetricSum, otlpwire.MetricHistogram,
			otlpwire.MetricExponentialHistogram, otlpwire.MetricSummary:
			// The last one wins; those before are only checked.
			if kind != 0 {
				if err := d.checkData(kind, data); err != nil {
					return err
				}
			}
			kind, data = f.Num, f.Bytes()
			continue
		case otlpwire.MetricName, otlpwire.MetricDescription, otlpwire.MetricUnit:
			f.Bytes()
		case otlpwire.MetricMetadata:
			again, err := keys.check(f.Bytes(), 0)
			if err != nil {
				return err
			}
			repeats = repeats || again
		}
		var err error
		if d.meta, err = keep(d.meta, &f); err != nil {
			return err
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	if kind == 0 {
		return nil
	}
	if repeats {
		d.meta = appendLast(nil, d.meta, otlpwire.MetricMetadata)
	}
	return d.points(scope, kind, data)
}

// checkData validates the data of a metric without keeping any of it.
func (d *decoder) checkData(kind protowire.Number, data []byte) error {
	scratch := decoder{chunk: NewChunk(otlpwire.Metrics)}
	return scratch.points(0, kind, data)
}

// points adds the data points of a Gauge, Sum, … message.
func (d *decoder) points(scope uint32, kind protowire.Number, data []byte) error {
	inner := d.buf[:0]
	f := otlpwire.Scan(data)
	for f.Next() {
		switch f.Num {
		case otlpwire.GaugeDataPoints:
			f.Bytes()
			continue
		case otlpwire.SumAggregationTemporality:
			if kind != otlpwire.MetricGauge && kind != otlpwire.MetricSummary {
				f.Varint()
			}
		case otlpwire.SumIsMonotonic:
			if kind == otlpwire.MetricSum {
				f.Varint()
			}
		}
		var err error
		if inner, err = keep(inner, &f); err != nil {
			return err
		}
	}
	d.buf = inner
	if err := f.Err(); err != nil {
		return err
	}
	d.meta = otlpwire.AppendBytes(d.meta, kind, inner)
	meta := d.chunk.Rows.Leaves[PointMetric].Dict.code(d.meta)
	for f := otlpwire.Scan(data); f.Next(); {
		if f.Num != otlpwire.GaugeDataPoints {
			continue
		}
		row := d.chunk.Rows.N
		l := d.chunk.Rows.Leaves
		l[LeafScope].setCode(row, scope)
		l[PointMetric].setCode(row, meta)
		if err := d.point(kind, row, f.Bytes()); err != nil {
			return fmt.Errorf("data point at byte %d: %w", f.Offset(), err)
		}
	}
	return nil
}

func (d *decoder) point(kind protowire.Number, row int, msg []byte) error {
	g := &d.chunk.Rows
	l := g.Leaves
	exemplars := &g.Lists[listExemplars]
	var firsts [5]int
	for i := range g.Lists {
		firsts[i] = g.Lists[i].Items.N
	}
	extra := len(d.extra)
	p := pointFields{d: d, g: g, row: row}
	f := otlpwire.Scan(msg)
	for f.Next() {
		var err error
		switch kind {
		case otlpwire.MetricHistogram:
			err = p.histogram(&f)
		case otlpwire.MetricExponentialHistogram:
			err = p.exponential(&f)
		case otlpwire.MetricSummary:
			err = p.summary(&f)
		default:
			err = p.number(&f)
		}
		if err != nil {
			return err
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	l[PointHas].setInt(row, p.has)
	if len(p.bounds) > 0 {
		l[PointBounds].setBytes(row, p.bounds)
	}
	for i := range g.Lists {
		g.Lists[i].Counts.setInt(row, int64(g.Lists[i].Items.N-firsts[i]))
	}
	t := &exemplars.Items.Leaves[exemplarTime]
	for i := firsts[listExemplars]; i < exemplars.Items.N; i++ {
		t.setInt(i, t.Int(i)-l[PointTime].Int(row))
	}
	d.endExtra(&l[pointExtra], row, extra)
	g.Sets[setAttrs].endRow(row)
	g.N++
	return nil
}

// pointFields takes the fields of one data point.
type pointFields struct {
	d      *decoder
	g      *Group
	row    int
	has    int64
	bounds []byte
}

func (p *pointFields) leaf(i int) *Leaf { return &p.g.Leaves[i] }

func (p *pointFields) setFixed(leaf int, f *otlpwire.Fields) {
	p.leaf(leaf).setInt(p.row, int64(f.Fixed64()))
}

func (p *pointFields) setOptional(leaf int, bit int64, f *otlpwire.Fields) {
	p.has |= bit
	p.setFixed(leaf, f)
}

// common takes a field that every kind of point has under the same number,
// and keeps those that are not known.
func (p *pointFields) common(f *otlpwire.Fields) (err error) {
	switch f.Num {
	case otlpwire.NumberDataPointStartTimeUnixNano:
		p.setFixed(PointStart, f)
	case otlpwire.NumberDataPointTimeUnixNano:
		p.setFixed(PointTime, f)
	default:
		p.d.extra, err = keep(p.d.extra, f)
	}
	return err
}

func (p *pointFields) flags(f *otlpwire.Fields) {
	p.leaf(PointFlags).setInt(p.row, int64(uint32(f.Varint())))
}

func (p *pointFields) attribute(f *otlpwire.Fields) error {
	return p.g.Sets[setAttrs].addMessage(p.row, f.Bytes())
}

func (p *pointFields) exemplar(f *otlpwire.Fields) error {
	return p.d.exemplar(&p.g.Lists[listExemplars].Items, f.Bytes())
}

func (p *pointFields) number(f *otlpwire.Fields) error {
	switch f.Num {
	case otlpwire.NumberDataPointAsDouble:
		p.setFixed(PointDouble, f)
		p.leaf(PointInt).setInt(p.row, 0)
		p.has = hasDouble
	case otlpwire.NumberDataPointAsInt:
		p.setFixed(PointInt, f)
		p.leaf(PointDouble).setInt(p.row, 0)
		p.has = hasInt
	case otlpwire.NumberDataPointExemplars:
		return p.exemplar(f)
	case otlpwire.NumberDataPointAttributes:
		return p.attribute(f)
	case otlpwire.NumberDataPointFlags:
		p.flags(f)
	default:
		return p.common(f)
	}
	return nil
}

func (p *pointFields) histogram(f *otlpwire.Fields) error {
	switch f.Num {
	case otlpwire.HistogramDataPointCount:
		p.setFixed(PointCount, f)
	case otlpwire.HistogramDataPointSum:
		p.setOptional(PointSum, hasSum, f)
	case otlpwire.HistogramDataPointMin:
		p.setOptional(PointMin, hasMin, f)
	case otlpwire.HistogramDataPointMax:
		p.setOptional(PointMax, hasMax, f)
	case otlpwire.HistogramDataPointBucketCounts:
		return p.fixedCounts(f)
	case otlpwire.HistogramDataPointExplicitBounds:
		return p.boundsField(f)
	case otlpwire.HistogramDataPointExemplars:
		return p.exemplar(f)
	case otlpwire.HistogramDataPointAttributes:
		return p.attribute(f)
	case otlpwire.HistogramDataPointFlags:
		p.flags(f)
	default:
		return p.common(f)
	}
	return nil
}

func (p *pointFields) fixedCounts(f *otlpwire.Fields) error {
	g := &p.g.Lists[listBuckets].Items
	if f.Type == protowire.Fixed64Type {
		g.Leaves[0].setInt(g.N, int64(f.Fixed64()))
		g.N++
		return nil
	}
	b := f.Bytes()
	if len(b)%8 != 0 {
		return fmt.Errorf("%w: packed bucket counts of %d bytes", otlpwire.ErrMalformed, len(b))
	}
	for ; len(b) > 0; b = b[8:] {
		g.Leaves[0].setInt(g.N, int64(binary.LittleEndian.Uint64(b)))
		g.N++
	}
	return nil
}

func (p *pointFields) boundsField(f *otlpwire.Fields) error {
	if f.Type == protowire.Fixed64Type {
		p.bounds = binary.LittleEndian.AppendUint64(slices.Clip(p.bounds), f.Fixed64())
		return nil
	}
	b := f.Bytes()
	if len(b)%8 != 0 {
		return fmt.Errorf("%w: packed bounds of %d bytes", otlpwire.ErrMalformed, len(b))
	}
	if p.bounds == nil {
		p.bounds = b
	} else {
		p.bounds = append(slices.Clip(p.bounds), b...)
	}
	return nil
}

func (p *pointFields) exponential(f *otlpwire.Fields) error {
	switch f.Num {
	case otlpwire.ExponentialHistogramDataPointAttributes:
		return p.attribute(f)
	case otlpwire.ExponentialHistogramDataPointCount:
		p.setFixed(PointCount, f)
	case otlpwire.ExponentialHistogramDataPointSum:
		p.setOptional(PointSum, hasSum, f)
	case otlpwire.ExponentialHistogramDataPointMin:
		p.setOptional(PointMin, hasMin, f)
	case otlpwire.ExponentialHistogramDataPointMax:
		p.setOptional(PointMax, hasMax, f)
	case otlpwire.ExponentialHistogramDataPointScale:
		p.leaf(PointScale).setInt(p.row, zigzag32(f.Varint()))
	case otlpwire.ExponentialHistogramDataPointZeroCount:
		p.setFixed(PointZeroCount, f)
	case otlpwire.ExponentialHistogramDataPointZeroThreshold:
		p.setFixed(PointZeroThreshold, f)
	case otlpwire.ExponentialHistogramDataPointPositive:
		return p.buckets(PointPositiveOffset, listPositive, f.Bytes())
	case otlpwire.ExponentialHistogramDataPointNegative:
		return p.buckets(PointNegativeOffset, listNegative, f.Bytes())
	case otlpwire.ExponentialHistogramDataPointFlags:
		p.flags(f)
	case otlpwire.ExponentialHistogramDataPointExemplars:
		return p.exemplar(f)
	default:
		return p.common(f)
	}
	return nil
}

func zigzag32(v uint64) int64 { return int64(int32(protowire.DecodeZigZag(v & 0xffffffff))) }

// buckets takes one side of an exponential histogram.
func (p *pointFields) buckets(offset, list int, msg []byte) error {
	g := &p.g.Lists[list].Items
	f := otlpwire.Scan(msg)
	for f.Next() {
		switch f.Num {
		case otlpwire.BucketsOffset:
			p.leaf(offset).setInt(p.row, zigzag32(f.Varint()))
		case otlpwire.BucketsBucketCounts:
			if f.Type == protowire.VarintType {
				g.Leaves[0].setInt(g.N, int64(f.Varint()))
				g.N++
				continue
			}
			for b := f.Bytes(); len(b) > 0; {
				v, n := protowire.ConsumeVarint(b)
				if n < 0 {
					return fmt.Errorf("%w: packed bucket counts: %w", otlpwire.ErrMalformed, protowire.ParseError(n))
				}
				g.Leaves[0].setInt(g.N, int64(v))
				g.N++
				b = b[n:]
			}
		}
	}
	return f.Err()
}

func (p *pointFields) summary(f *otlpwire.Fields) error {
	switch f.Num {
	case otlpwire.SummaryDataPointCount:
		p.setFixed(PointCount, f)
	case otlpwire.SummaryDataPointSum:
		p.setFixed(PointSum, f)
	case otlpwire.SummaryDataPointQuantileValues:
		return p.quantile(f.Bytes())
	case otlpwire.SummaryDataPointAttributes:
		return p.attribute(f)
	case otlpwire.SummaryDataPointFlags:
		p.flags(f)
	default:
		return p.common(f)
	}
	return nil
}

func (p *pointFields) quantile(msg []byte) error {
	g := &p.g.Lists[listQuantiles].Items
	f := otlpwire.Scan(msg)
	for f.Next() {
		switch f.Num {
		case otlpwire.ValueAtQuantileQuantile:
			g.Leaves[quantileQ].setInt(g.N, int64(f.Fixed64()))
		case otlpwire.ValueAtQuantileValue:
			g.Leaves[quantileValue].setInt(g.N, int64(f.Fixed64()))
		}
	}
	g.N++
	return f.Err()
}

func (d *decoder) exemplar(g *Group, msg []byte) error {
	row := g.N
	l := g.Leaves
	extra := len(d.extra)
	has := int64(0)
	f := otlpwire.Scan(msg)
	for f.Next() {
		var err error
		switch f.Num {
		case otlpwire.ExemplarTimeUnixNano:
			l[exemplarTime].setInt(row, int64(f.Fixed64()))
		case otlpwire.ExemplarAsDouble:
			l[exemplarDouble].setInt(row, int64(f.Fixed64()))
			l[exemplarInt].setInt(row, 0)
			has = hasDouble
		case otlpwire.ExemplarAsInt:
			l[exemplarInt].setInt(row, int64(f.Fixed64()))
			l[exemplarDouble].setInt(row, 0)
			has = hasInt
		case otlpwire.ExemplarSpanID:
			err = setSpanID(&l[exemplarSpanID], row, f.Bytes())
		case otlpwire.ExemplarTraceID:
			err = setTraceID(&l[exemplarTraceID], row, f.Bytes())
		case otlpwire.ExemplarFilteredAttributes:
			err = g.Sets[setAttrs].addMessage(row, f.Bytes())
		default:
			d.extra, err = keep(d.extra, &f)
		}
		if err != nil {
			return err
		}
	}
	l[exemplarHas].setInt(row, has)
	d.endExtra(&l[exemplarExtra], row, extra)
	g.Sets[setAttrs].endRow(row)
	g.N++
	return f.Err()
}
