package bench

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/bench/internal/clickhouse"
)

// The tables of ClickHouse, as the Collector's ClickHouse exporter makes them:
// the same columns, codecs, skip indexes, partitions and order.

// chTable is one of them.
type chTable struct {
	name    string
	columns []chColumn
	// indexes are the columns of attributes, whose keys and values are indexed,
	// and then what else is.
	attributes []string
	indexes    []string
	partition  string
	order      string
}

// chColumn is a column with its codec, "" for ZSTD(1), "-" for none.
type chColumn struct{ name, typ, codec string }

const (
	chAttributes = "Map(LowCardinality(String), String)"
	chTime       = "DateTime64(9)"
	chWord       = "LowCardinality(String)"
)

var chSpans = chTable{
	name: "otel_traces",
	columns: []chColumn{
		{"Timestamp", chTime, "Delta, ZSTD(1)"},
		{"TraceId", "String", ""},
		{"SpanId", "String", ""},
		{"ParentSpanId", "String", ""},
		{"TraceState", "String", ""},
		{"SpanName", chWord, ""},
		{"SpanKind", chWord, ""},
		{"ServiceName", chWord, ""},
		{"ResourceAttributes", chAttributes, ""},
		{"ScopeName", "String", ""},
		{"ScopeVersion", "String", ""},
		{"SpanAttributes", chAttributes, ""},
		{"Duration", "UInt64", ""},
		{"StatusCode", chWord, ""},
		{"StatusMessage", "String", ""},
		{"Events.Timestamp", "Array(" + chTime + ")", ""},
		{"Events.Name", "Array(" + chWord + ")", ""},
		{"Events.Attributes", "Array(" + chAttributes + ")", ""},
		{"Links.TraceId", "Array(String)", ""},
		{"Links.SpanId", "Array(String)", ""},
		{"Links.TraceState", "Array(String)", ""},
		{"Links.Attributes", "Array(" + chAttributes + ")", ""},
	},
	attributes: []string{"ResourceAttributes", "SpanAttributes"},
	indexes: []string{
		"idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1",
		"idx_duration Duration TYPE minmax GRANULARITY 1",
	},
	partition: "toDate(Timestamp)",
	order:     "(ServiceName, SpanName, toDateTime(Timestamp))",
}

// chTraceTimes says when a trace was: a view fills it.
var chTraceTimes = chTable{
	name: "otel_traces_trace_id_ts",
	columns: []chColumn{
		{"TraceId", "String", ""},
		{"Start", "DateTime", "Delta, ZSTD(1)"},
		{"End", "DateTime", "Delta, ZSTD(1)"},
	},
	indexes:   []string{"idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1"},
	partition: "toDate(Start)",
	order:     "(TraceId, Start)",
}

const chTraceView = `CREATE MATERIALIZED VIEW otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End FROM otel_traces WHERE TraceId != '' GROUP BY TraceId`

var chLogs = chTable{
	name: "otel_logs",
	columns: []chColumn{
		{"Timestamp", chTime, "Delta(8), ZSTD(1)"},
		{"TimestampTime", "DateTime", "-"},
		{"TraceId", "String", ""},
		{"SpanId", "String", ""},
		{"TraceFlags", "UInt8", "-"},
		{"SeverityText", chWord, ""},
		{"SeverityNumber", "UInt8", "-"},
		{"ServiceName", chWord, ""},
		{"Body", "String", ""},
		{"ResourceSchemaUrl", chWord, ""},
		{"ResourceAttributes", chAttributes, ""},
		{"ScopeSchemaUrl", chWord, ""},
		{"ScopeName", "String", ""},
		{"ScopeVersion", chWord, ""},
		{"ScopeAttributes", chAttributes, ""},
		{"LogAttributes", chAttributes, ""},
		{"EventName", "String", ""},
	},
	attributes: []string{"ResourceAttributes", "ScopeAttributes", "LogAttributes"},
	indexes: []string{
		"idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1",
		"idx_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8",
	},
	partition: "toDate(TimestampTime)",
	order:     "(ServiceName, TimestampTime, Timestamp)",
}

// chPoints are the columns that gauges and sums share.
var chPoints = []chColumn{
	{"ResourceAttributes", chAttributes, ""},
	{"ResourceSchemaUrl", "String", ""},
	{"ScopeName", "String", ""},
	{"ScopeVersion", "String", ""},
	{"ScopeAttributes", chAttributes, ""},
	{"ScopeDroppedAttrCount", "UInt32", ""},
	{"ScopeSchemaUrl", "String", ""},
	{"ServiceName", chWord, ""},
	{"MetricName", "String", ""},
	{"MetricDescription", "String", ""},
	{"MetricUnit", "String", ""},
	{"Attributes", chAttributes, ""},
	{"StartTimeUnix", chTime, "Delta, ZSTD(1)"},
	{"TimeUnix", chTime, "Delta, ZSTD(1)"},
	{"Value", "Float64", ""},
	{"Flags", "UInt32", ""},
	{"Exemplars.FilteredAttributes", "Array(" + chAttributes + ")", ""},
	{"Exemplars.TimeUnix", "Array(" + chTime + ")", ""},
	{"Exemplars.Value", "Array(Float64)", ""},
	{"Exemplars.SpanId", "Array(String)", ""},
	{"Exemplars.TraceId", "Array(String)", ""},
}

var chGauges = chMetrics("otel_metrics_gauge")

var chSums = chMetrics("otel_metrics_sum",
	chColumn{"AggregationTemporality", "Int32", ""},
	chColumn{"IsMonotonic", "Boolean", "Delta, ZSTD(1)"})

func chMetrics(name string, more ...chColumn) chTable {
	return chTable{
		name:       name,
		columns:    slices.Concat(chPoints, more),
		attributes: []string{"ResourceAttributes", "ScopeAttributes", "Attributes"},
		partition:  "toDate(TimeUnix)",
		order:      "(ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))",
	}
}

// create returns the statement that makes the table.
func (t chTable) create() string {
	var parts []string
	for _, c := range t.columns {
		part := fmt.Sprintf("`%s` %s", c.name, c.typ)
		switch c.codec {
		case "":
			part += " CODEC(ZSTD(1))"
		case "-":
		default:
			part += " CODEC(" + c.codec + ")"
		}
		parts = append(parts, part)
	}
	for n, a := range t.attributes {
		for _, of := range []string{"Keys", "Values"} {
			parts = append(parts, fmt.Sprintf("INDEX idx_attr%d_%s map%s(%s) TYPE bloom_filter(0.01) GRANULARITY 1", n, of, of, a))
		}
	}
	for _, index := range t.indexes {
		parts = append(parts, "INDEX "+index)
	}
	return fmt.Sprintf("CREATE TABLE %s (\n%s\n) ENGINE = MergeTree PARTITION BY %s ORDER BY %s SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1",
		t.name, strings.Join(parts, ",\n"), t.partition, t.order)
}

// inserted returns the columns that rows have.
func (t chTable) inserted() []clickhouse.Column {
	list := make([]clickhouse.Column, 0, len(t.columns))
	for _, c := range t.columns {
		list = append(list, clickhouse.Column{Name: c.name, Type: c.typ})
	}
	return list
}
