package encoding

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/capturetest"
)

// captured calls f with each message of a captured file.
func captured(tb testing.TB, name string, f func(message []byte)) {
	tb.Helper()
	for _, message := range capturetest.Messages(tb, name, 0) {
		f(message)
	}
}

// columns is a table of captured columns by name.
type columns struct {
	rows    int
	ints    map[string][]int64
	floats  map[string][]float64
	fixed   map[string][]byte
	width   map[string]int
	strings map[string][]string
}

func newColumns() *columns {
	return &columns{
		ints: map[string][]int64{}, floats: map[string][]float64{}, fixed: map[string][]byte{},
		width: map[string]int{}, strings: map[string][]string{},
	}
}

// value adds an attribute's value to the column of its type.
func (c *columns) value(key string, v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		c.ints[key] = append(c.ints[key], v.Int())
	case pcommon.ValueTypeDouble:
		c.floats[key] = append(c.floats[key], v.Double())
	case pcommon.ValueTypeStr:
		c.strings[key] = append(c.strings[key], v.Str())
	}
}

// spanColumns returns the captured spans in the store's order: by service,
// name and start.
func spanColumns(tb testing.TB) *columns {
	type row struct {
		service string
		span    ptrace.Span
	}
	var rows []row
	captured(tb, "hotrod.traces.binpb.zst", func(m []byte) {
		req := ptraceotlp.NewExportRequest()
		if err := req.UnmarshalProto(m); err != nil {
			tb.Fatal(err)
		}
		for _, rs := range req.Traces().ResourceSpans().All() {
			service, _ := rs.Resource().Attributes().Get("service.name")
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					rows = append(rows, row{service.Str(), s})
				}
			}
		}
	})
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.span.Name(), b.span.Name()),
			cmp.Compare(a.span.StartTimestamp(), b.span.StartTimestamp()))
	})
	c := newColumns()
	c.rows = len(rows)
	traces := map[pcommon.TraceID]int64{}
	codes := map[string]int64{}
	for _, r := range rows {
		s := r.span
		c.ints["start"] = append(c.ints["start"], int64(s.StartTimestamp()))
		c.ints["duration"] = append(c.ints["duration"], int64(s.EndTimestamp()-s.StartTimestamp()))
		id := s.TraceID()
		if _, ok := traces[id]; !ok {
			traces[id] = int64(len(traces))
			c.fixed["trace_id"] = append(c.fixed["trace_id"], id[:]...)
		}
		c.ints["trace_ref"] = append(c.ints["trace_ref"], traces[id])
		if _, ok := codes[s.Name()]; !ok {
			codes[s.Name()] = int64(len(codes))
		}
		c.ints["name_code"] = append(c.ints["name_code"], codes[s.Name()])
		sid := s.SpanID()
		c.fixed["span_id"] = append(c.fixed["span_id"], sid[:]...)
		for k, v := range s.Attributes().All() {
			c.value(k, v)
		}
		c.ints["events"] = append(c.ints["events"], int64(s.Events().Len()))
		last := s.StartTimestamp()
		for _, ev := range s.Events().All() {
			c.ints["event_time"] = append(c.ints["event_time"], int64(ev.Timestamp()-last))
			last = ev.Timestamp()
			for k, v := range ev.Attributes().All() {
				c.value("event."+k, v)
			}
		}
	}
	c.width["trace_id"], c.width["span_id"] = 16, 8
	return c
}

func logColumns(tb testing.TB) *columns {
	c := newColumns()
	captured(tb, "loghub.logs.binpb.zst", func(m []byte) {
		req := plogotlp.NewExportRequest()
		if err := req.UnmarshalProto(m); err != nil {
			tb.Fatal(err)
		}
		for _, rl := range req.Logs().ResourceLogs().All() {
			service, _ := rl.Resource().Attributes().Get("service.name")
			for _, sl := range rl.ScopeLogs().All() {
				for _, l := range sl.LogRecords().All() {
					c.rows++
					addLog(c, service.AsString(), l)
				}
			}
		}
	})
	return c
}

func addLog(c *columns, service string, l plog.LogRecord) {
	c.ints["timestamp"] = append(c.ints["timestamp"], int64(l.Timestamp()))
	c.strings["body"] = append(c.strings["body"], l.Body().AsString())
	key := "body." + service
	c.strings[key] = append(c.strings[key], l.Body().AsString())
	for k, v := range l.Attributes().All() {
		c.value(k, v)
	}
}

// metricColumns returns the captured points in the store's order: by metric,
// attributes and time.
func metricColumns(tb testing.TB) *columns {
	type row struct {
		name  string
		attrs string
		p     pmetric.NumberDataPoint
	}
	var rows []row
	captured(tb, "node.metrics.binpb.zst", func(m []byte) {
		req := pmetricotlp.NewExportRequest()
		if err := req.UnmarshalProto(m); err != nil {
			tb.Fatal(err)
		}
		for _, rm := range req.Metrics().ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					points := pmetric.NewNumberDataPointSlice()
					switch m.Type() {
					case pmetric.MetricTypeGauge:
						points = m.Gauge().DataPoints()
					case pmetric.MetricTypeSum:
						points = m.Sum().DataPoints()
					}
					for _, p := range points.All() {
						rows = append(rows, row{m.Name(), fmt.Sprint(p.Attributes().AsRaw()), p})
					}
				}
			}
		}
	})
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.attrs, b.attrs),
			cmp.Compare(a.p.Timestamp(), b.p.Timestamp()))
	})
	c := newColumns()
	c.rows = len(rows)
	for _, r := range rows {
		c.ints["timestamp"] = append(c.ints["timestamp"], int64(r.p.Timestamp()))
		v := r.p.DoubleValue()
		if r.p.ValueType() == pmetric.NumberDataPointValueTypeInt {
			v = float64(r.p.IntValue())
		}
		c.floats["value"] = append(c.floats["value"], v)
	}
	return c
}

// groupRows is the row group the measurement assumes.
const groupRows = 1 << 16

// TestMeasure prints, for each captured column, the bytes a value takes, the
// codecs chosen and the speed. It asserts only that columns come back, which
// the store's tests do too: it runs only where its output is seen.
func TestMeasure(t *testing.T) {
	if !testing.Verbose() {
		t.Skip("a measurement: run with -v")
	}
	for name, load := range map[string]func(testing.TB) *columns{
		"spans": spanColumns, "logs": logColumns, "metrics": metricColumns,
	} {
		t.Run(name, func(t *testing.T) {
			c := load(t)
			for _, level := range levels {
				t.Logf("level %d, %d rows", level, c.rows)
				measureColumns(t, Encoder{Level: level}, c)
			}
		})
	}
}

type measured struct {
	size, raw int
	enc, dec  time.Duration
	codecs    []string
	values    int
}

func (m *measured) log(t *testing.T, name string, rows int) {
	slices.Sort(m.codecs)
	t.Logf("%-32s %8d values %9d B %7.3f B/value %7.3f B/row  enc %5.0f dec %5.0f MB/s  %s", name, m.values, m.size,
		float64(m.size)/float64(m.values), float64(m.size)/float64(rows), mbs(m.raw, m.enc), mbs(m.raw, m.dec),
		strings.Join(slices.Compact(m.codecs), " | "))
}

func mbs(n int, d time.Duration) float64 { return float64(n) / 1e6 / d.Seconds() }

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func measureColumns(t *testing.T, e Encoder, c *columns) {
	for _, name := range sorted(c.ints) {
		var m measured
		for v := range slices.Chunk(c.ints[name], groupRows) {
			t0 := time.Now()
			col := e.AppendInts(nil, v)
			t1 := time.Now()
			got, err := Ints(make([]int64, 0, len(v)), col, len(v))
			m.add(t, len(v), 8*len(v), len(col), t0, t1, err == nil && slices.Equal(got, v), describeInts(col, len(v)))
		}
		m.log(t, name, c.rows)
	}
	for _, name := range sorted(c.floats) {
		var m measured
		for v := range slices.Chunk(c.floats[name], groupRows) {
			t0 := time.Now()
			col := e.AppendFloats(nil, v)
			t1 := time.Now()
			got, err := Floats(make([]float64, 0, len(v)), col, len(v))
			m.add(t, len(v), 8*len(v), len(col), t0, t1, err == nil && sameFloats(got, v), "float"+strconv.Itoa(int(col[0])))
		}
		m.log(t, name, c.rows)
	}
	for _, name := range sorted(c.fixed) {
		var m measured
		w := c.width[name]
		for v := range slices.Chunk(c.fixed[name], groupRows*w) {
			t0 := time.Now()
			col := e.AppendBytes(nil, v, w)
			t1 := time.Now()
			got, err := FixedBytes(nil, col, len(v)/w, w)
			m.add(t, len(v)/w, len(v), len(col), t0, t1, err == nil && slices.Equal(got, v), "fixed"+strconv.Itoa(int(col[0])))
		}
		m.log(t, name, c.rows)
	}
	for _, name := range sorted(c.strings) {
		var m measured
		for v := range slices.Chunk(c.strings[name], groupRows) {
			m.strings(t, e, v)
		}
		m.log(t, name, c.rows)
	}
}

// strings measures a string column as the store keeps it: distinct values in
// order, and their numbers.
func (m *measured) strings(t *testing.T, e Encoder, v []string) {
	dict := slices.Compact(slices.Sorted(slices.Values(v)))
	if len(dict) > len(v)/2 {
		dict = v
	}
	number := map[string]uint32{}
	for i, s := range dict {
		number[s] = uint32(i)
	}
	codes, raw := make([]uint32, len(v)), 0
	for i, s := range v {
		codes[i] = number[s]
		raw += len(s)
	}
	t0 := time.Now()
	col := e.AppendStrings(nil, dict)
	split := len(col)
	if len(dict) < len(v) {
		col = e.AppendUints(col, codes)
	}
	t1 := time.Now()
	got, err := Strings(col[:split], len(dict), 1<<30)
	ok := err == nil && slices.Equal(got, dict)
	desc := fmt.Sprintf("%d distinct %d B %s", len(dict), split, describeStrings(col[:split]))
	if len(dict) < len(v) {
		back, err := Uints(nil, col[split:], len(v))
		ok = ok && err == nil && slices.Equal(back, codes)
		desc += " codes " + describeInts(col[split:], len(v))
	}
	m.add(t, len(v), raw, len(col), t0, t1, ok, desc)
}

func (m *measured) add(t *testing.T, values, raw, size int, t0, t1 time.Time, ok bool, codec string) {
	t.Helper()
	m.dec += time.Since(t1)
	m.enc += t1.Sub(t0)
	m.values += values
	m.raw += raw
	m.size += size
	m.codecs = append(m.codecs, codec)
	if !ok {
		t.Errorf("column does not come back")
	}
}

func sameFloats(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

// describeInts names the codecs of an integer column and those within it.
func describeInts(col []byte, n int) string {
	names := []string{"empty", "constant", "runs", "packed", "local", "buckets", "bytes", "multiples", "dict"}
	name := names[col[0]]
	r := reader{src: col, off: 1}
	switch col[0] {
	case intRuns, intDict:
		k := int(r.uvarint())
		first := r.section()
		second := k
		if col[0] == intDict {
			second = n
		}
		return fmt.Sprintf("%s %d(%s, %s)", name, k, describeInts(first.src, k), describeInts(r.src[r.off:], second))
	case intPacked, intLocal, intBuckets, intBytes:
		return fmt.Sprintf("%s/%d", name, col[1])
	case intMultiples:
		r.varint()
		d := r.uvarint()
		return fmt.Sprintf("%s %d(%s)", name, d, describeInts(r.src[r.off:], n))
	}
	return name
}

func describeStrings(col []byte) string {
	return []string{"plain", "constant", "decimal", "ipv4", "masked", "front", "template", "dict", "hex"}[col[0]]
}
