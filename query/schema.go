package query

import (
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

// fixedColumn is a column that every row of a table may have.
type fixedColumn struct {
	name string
	typ  Type
}

// tables maps the names behind FROM to their signals.
var tables = map[string]otlpwire.Signal{
	"spans": otlpwire.Traces, "traces": otlpwire.Traces, "logs": otlpwire.Logs, "metrics": otlpwire.Metrics,
}

// fixedColumns lists the fixed columns of each table in the order of *.
var fixedColumns = map[otlpwire.Signal][]fixedColumn{
	otlpwire.Traces: {
		{"timestamp", typeTime},
		{"trace_id", typeID},
		{"span_id", typeID},
		{"parent_span_id", typeID},
		{"service", typeStr},
		{"name", typeStr},
		{"kind", typeKind},
		{"end_timestamp", typeTime},
		{"duration", typeDur},
		{"clock_skew", typeBool},
		{"status", typeStatus},
		{"status_message", typeStr},
		{"error", typeBool},
		{"scope_name", typeStr},
		{"scope_version", typeStr},
		{"trace_state", typeStr},
		{"flags", typeInt},
		{"events", typeStr},
		{"links", typeStr},
		{"dropped_attributes_count", typeInt},
		{"dropped_events_count", typeInt},
		{"dropped_links_count", typeInt},
	},
	otlpwire.Logs: {
		{"timestamp", typeTime},
		{"observed_timestamp", typeTime},
		{"level", typeLevel},
		{"severity_number", typeInt},
		{"severity_text", typeStr},
		{"body", typeStr},
		{"event_name", typeStr},
		{"service", typeStr},
		{"trace_id", typeID},
		{"span_id", typeID},
		{"flags", typeInt},
		{"scope_name", typeStr},
		{"scope_version", typeStr},
		{"dropped_attributes_count", typeInt},
	},
	otlpwire.Metrics: {
		{"timestamp", typeTime},
		{"start_timestamp", typeTime},
		{"name", typeStr},
		{"description", typeStr},
		{"unit", typeStr},
		{"type", typeMetric},
		{"temporality", typeTemporality},
		{"monotonic", typeBool},
		{"value", typeFloat},
		{"value_int", typeInt},
		{"count", typeInt},
		{"sum", typeFloat},
		{"min", typeFloat},
		{"max", typeFloat},
		{"bucket_counts", typeStr},
		{"explicit_bounds", typeStr},
		{"scale", typeInt},
		{"zero_count", typeInt},
		{"zero_threshold", typeFloat},
		{"positive", typeStr},
		{"negative", typeStr},
		{"quantiles", typeStr},
		{"exemplars", typeStr},
		{"flags", typeInt},
		{"service", typeStr},
		{"scope_name", typeStr},
		{"scope_version", typeStr},
	},
}

func fixedType(s otlpwire.Signal, name string) (string, Type, bool) {
	for _, c := range fixedColumns[s] {
		if strings.EqualFold(c.name, name) {
			return c.name, c.typ, true
		}
	}
	return "", typeNull, false
}

// isFixed reports whether some table has a fixed column of that name.
func isFixed(name string) bool {
	for s := range fixedColumns {
		if _, _, ok := fixedType(s, name); ok {
			return true
		}
	}
	return false
}
