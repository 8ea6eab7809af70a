package bench

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/ttlog/ttlog/bench/internal/clickhouse"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// chLoader puts OTLP requests into ClickHouse, with the values that the
// Collector's exporter writes: attributes as text, ids in hexadecimal.
type chLoader struct {
	db                        *clickhouse.DB
	spans, logs, gauges, sums clickhouse.Rows
}

// chBlock is how many rows are inserted at once.
const chBlock = 250_000

// load makes the tables and fills them.
func (l *chLoader) load(ctx context.Context, from laps) error {
	err := l.db.Exec(chSpans.create(), chTraceTimes.create(), chTraceView, chLogs.create(), chGauges.create(), chSums.create())
	if err == nil {
		err = from.each(ctx, l.add)
	}
	if err == nil {
		err = l.finish()
	}
	return err
}

// tables returns the tables that are filled, each with its rows so far.
func (l *chLoader) tables() map[*clickhouse.Rows]chTable {
	return map[*clickhouse.Rows]chTable{&l.spans: chSpans, &l.logs: chLogs, &l.gauges: chGauges, &l.sums: chSums}
}

// add takes the records of a request.
func (l *chLoader) add(signal otlpwire.Signal, msg []byte) error {
	switch signal {
	case otlpwire.Traces:
		return l.addSpans(msg)
	case otlpwire.Logs:
		return l.addLogs(msg)
	default:
		return l.addPoints(msg)
	}
}

// insert inserts the rows of tables that have at least some.
func (l *chLoader) insert(least int) error {
	for rows, table := range l.tables() {
		if rows.Len() >= least {
			if err := l.db.Insert(table.name, table.inserted(), rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish inserts the rest and merges all parts into one a partition.
func (l *chLoader) finish() error {
	if err := l.insert(1); err != nil {
		return err
	}
	for _, table := range []chTable{chSpans, chTraceTimes, chLogs, chGauges, chSums} {
		if err := l.db.Exec("OPTIMIZE TABLE " + table.name + " FINAL"); err != nil {
			return err
		}
	}
	return nil
}

func (l *chLoader) addSpans(msg []byte) error {
	var data tracepb.TracesData
	if err := proto.Unmarshal(msg, &data); err != nil {
		return err
	}
	for _, of := range data.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				l.addSpan(of.Resource, scope.Scope, s)
			}
		}
	}
	return l.insert(chBlock)
}

func (l *chLoader) addSpan(resource *resourcepb.Resource, scope *commonpb.InstrumentationScope, s *tracepb.Span) {
	r := &l.spans
	r.Uint64(s.StartTimeUnixNano)
	r.String(hex.EncodeToString(s.TraceId))
	r.String(hex.EncodeToString(s.SpanId))
	r.String(hex.EncodeToString(s.ParentSpanId))
	r.String(s.TraceState)
	r.String(s.Name)
	r.String(enumWord(s.Kind.String(), "SPAN_KIND_"))
	r.String(serviceName(resource))
	chMap(r, resource.GetAttributes())
	r.String(scope.GetName())
	r.String(scope.GetVersion())
	chMap(r, s.Attributes)
	r.Uint64(s.EndTimeUnixNano - s.StartTimeUnixNano)
	r.String(enumWord(s.GetStatus().GetCode().String(), "STATUS_CODE_"))
	r.String(s.GetStatus().GetMessage())
	chList(r, s.Events, func(e *tracepb.Span_Event) { r.Uint64(e.TimeUnixNano) })
	chList(r, s.Events, func(e *tracepb.Span_Event) { r.String(e.Name) })
	chList(r, s.Events, func(e *tracepb.Span_Event) { chMap(r, e.Attributes) })
	chList(r, s.Links, func(k *tracepb.Span_Link) { r.String(hex.EncodeToString(k.TraceId)) })
	chList(r, s.Links, func(k *tracepb.Span_Link) { r.String(hex.EncodeToString(k.SpanId)) })
	chList(r, s.Links, func(k *tracepb.Span_Link) { r.String(k.TraceState) })
	chList(r, s.Links, func(k *tracepb.Span_Link) { chMap(r, k.Attributes) })
	r.Row()
}

func (l *chLoader) addLogs(msg []byte) error {
	var data logspb.LogsData
	if err := proto.Unmarshal(msg, &data); err != nil {
		return err
	}
	for _, of := range data.ResourceLogs {
		for _, scope := range of.ScopeLogs {
			for _, record := range scope.LogRecords {
				l.addLog(of, scope, record)
			}
		}
	}
	return l.insert(chBlock)
}

func (l *chLoader) addLog(of *logspb.ResourceLogs, scope *logspb.ScopeLogs, record *logspb.LogRecord) {
	r := &l.logs
	at := record.TimeUnixNano
	if at == 0 {
		at = record.ObservedTimeUnixNano
	}
	r.Uint64(at)
	r.Uint32(uint32(at / 1e9))
	r.String(hex.EncodeToString(record.TraceId))
	r.String(hex.EncodeToString(record.SpanId))
	r.Uint8(uint8(record.Flags))
	r.String(record.SeverityText)
	r.Uint8(uint8(record.SeverityNumber))
	r.String(serviceName(of.Resource))
	r.String(chText(record.Body))
	r.String(of.SchemaUrl)
	chMap(r, of.Resource.GetAttributes())
	r.String(scope.SchemaUrl)
	r.String(scope.Scope.GetName())
	r.String(scope.Scope.GetVersion())
	chMap(r, scope.Scope.GetAttributes())
	chMap(r, record.Attributes)
	r.String(record.EventName)
	r.Row()
}

func (l *chLoader) addPoints(msg []byte) error {
	var data metricspb.MetricsData
	if err := proto.Unmarshal(msg, &data); err != nil {
		return err
	}
	for _, of := range data.ResourceMetrics {
		for _, scope := range of.ScopeMetrics {
			for _, m := range scope.Metrics {
				for _, p := range m.GetGauge().GetDataPoints() {
					l.addPoint(&l.gauges, of, scope, m, p)
					l.gauges.Row()
				}
				for _, p := range m.GetSum().GetDataPoints() {
					l.addPoint(&l.sums, of, scope, m, p)
					l.sums.Uint32(uint32(m.GetSum().AggregationTemporality))
					l.sums.Uint8(boolByte(m.GetSum().IsMonotonic))
					l.sums.Row()
				}
				if m.GetGauge() == nil && m.GetSum() == nil {
					return fmt.Errorf("metric %s is neither a gauge nor a sum", m.Name)
				}
			}
		}
	}
	return l.insert(chBlock)
}

func (l *chLoader) addPoint(r *clickhouse.Rows, of *metricspb.ResourceMetrics, scope *metricspb.ScopeMetrics, m *metricspb.Metric, p *metricspb.NumberDataPoint) {
	chMap(r, of.Resource.GetAttributes())
	r.String(of.SchemaUrl)
	r.String(scope.Scope.GetName())
	r.String(scope.Scope.GetVersion())
	chMap(r, scope.Scope.GetAttributes())
	r.Uint32(scope.Scope.GetDroppedAttributesCount())
	r.String(scope.SchemaUrl)
	r.String(serviceName(of.Resource))
	r.String(m.Name)
	r.String(m.Description)
	r.String(m.Unit)
	chMap(r, p.Attributes)
	r.Uint64(p.StartTimeUnixNano)
	r.Uint64(p.TimeUnixNano)
	if whole, ok := p.Value.(*metricspb.NumberDataPoint_AsInt); ok {
		r.Float64(float64(whole.AsInt))
	} else {
		r.Float64(p.GetAsDouble())
	}
	r.Uint32(p.Flags)
	chList(r, p.Exemplars, func(e *metricspb.Exemplar) { chMap(r, e.FilteredAttributes) })
	chList(r, p.Exemplars, func(e *metricspb.Exemplar) { r.Uint64(e.TimeUnixNano) })
	chList(r, p.Exemplars, func(e *metricspb.Exemplar) { r.Float64(e.GetAsDouble()) })
	chList(r, p.Exemplars, func(e *metricspb.Exemplar) { r.String(hex.EncodeToString(e.SpanId)) })
	chList(r, p.Exemplars, func(e *metricspb.Exemplar) { r.String(hex.EncodeToString(e.TraceId)) })
}

// chList puts an array in.
func chList[T any](r *clickhouse.Rows, list []T, put func(T)) {
	r.Count(len(list))
	for _, e := range list {
		put(e)
	}
}

// chMap puts attributes in.
func chMap(r *clickhouse.Rows, attributes []*commonpb.KeyValue) {
	chList(r, attributes, func(kv *commonpb.KeyValue) {
		r.String(kv.Key)
		r.String(chText(kv.Value))
	})
}

// chText is a value as text, as the Collector writes it.
func chText(v *commonpb.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *commonpb.AnyValue_StringValue:
		return v.StringValue
	case *commonpb.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *commonpb.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *commonpb.AnyValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	case *commonpb.AnyValue_BytesValue:
		return base64.StdEncoding.EncodeToString(v.BytesValue)
	case *commonpb.AnyValue_ArrayValue:
		var list []string
		for _, e := range v.ArrayValue.Values {
			list = append(list, chText(e))
		}
		text, _ := json.Marshal(list) // strings never fail
		return string(text)
	}
	return ""
}

func serviceName(r *resourcepb.Resource) string {
	for _, kv := range r.GetAttributes() {
		if kv.Key == "service.name" {
			return kv.Value.GetStringValue()
		}
	}
	return ""
}

// enumWord makes Server of SPAN_KIND_SERVER.
func enumWord(name, prefix string) string {
	word := strings.TrimPrefix(name, prefix)
	return word[:1] + strings.ToLower(word[1:])
}

func boolByte(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
