package plan

import (
	"strings"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/types"
)

// FixedColumn is a column that every row of a table may have.
type FixedColumn struct {
	Name string
	Type types.Type
}

// Tables maps the names behind FROM to their signals.
var Tables = map[string]otlpwire.Signal{
	"spans": otlpwire.Traces, "traces": otlpwire.Traces, "logs": otlpwire.Logs, "metrics": otlpwire.Metrics,
}

// FixedColumns lists the fixed columns of each table in the order of *.
var FixedColumns = map[otlpwire.Signal][]FixedColumn{
	otlpwire.Traces: {
		{"timestamp", types.Time},
		{"trace_id", types.ID},
		{"span_id", types.ID},
		{"parent_span_id", types.ID},
		{"service", types.String},
		{"name", types.String},
		{"kind", types.Kind},
		{"end_timestamp", types.Time},
		{"duration", types.Duration},
		{"clock_skew", types.Bool},
		{"status", types.Status},
		{"status_message", types.String},
		{"error", types.Bool},
		{"scope_name", types.String},
		{"scope_version", types.String},
		{"trace_state", types.String},
		{"flags", types.Int},
		{"events", types.String},
		{"links", types.String},
		{"dropped_attributes_count", types.Int},
		{"dropped_events_count", types.Int},
		{"dropped_links_count", types.Int},
		{"root_span", types.Bool},
		{"events_count", types.Int},
		{"exceptions_count", types.Int},
		{"links_count", types.Int},
	},
	otlpwire.Logs: {
		{"timestamp", types.Time},
		{"observed_timestamp", types.Time},
		{"level", types.Level},
		{"severity_number", types.Int},
		{"severity_text", types.String},
		{"body", types.String},
		{"event_name", types.String},
		{"service", types.String},
		{"trace_id", types.ID},
		{"span_id", types.ID},
		{"flags", types.Int},
		{"scope_name", types.String},
		{"scope_version", types.String},
		{"dropped_attributes_count", types.Int},
	},
	otlpwire.Metrics: {
		{"timestamp", types.Time},
		{"start_timestamp", types.Time},
		{"name", types.String},
		{"description", types.String},
		{"unit", types.String},
		{"type", types.Metric},
		{"temporality", types.Temporality},
		{"monotonic", types.Bool},
		{"value", types.Float},
		{"value_int", types.Int},
		{"count", types.Int},
		{"sum", types.Float},
		{"min", types.Float},
		{"max", types.Float},
		{"bucket_counts", types.String},
		{"explicit_bounds", types.String},
		{"scale", types.Int},
		{"zero_count", types.Int},
		{"zero_threshold", types.Float},
		{"positive", types.String},
		{"negative", types.String},
		{"quantiles", types.String},
		{"exemplars", types.String},
		{"flags", types.Int},
		{"service", types.String},
		{"scope_name", types.String},
		{"scope_version", types.String},
	},
}

// FixedType returns a fixed column of a table, its name as it is written, found in
// any case.
func FixedType(s otlpwire.Signal, name string) (string, types.Type, bool) {
	for _, c := range FixedColumns[s] {
		if strings.EqualFold(c.Name, name) {
			return c.Name, c.Type, true
		}
	}
	return "", types.Null, false
}

// IsFixed reports whether some table has a fixed column of that name.
func IsFixed(name string) bool {
	for s := range FixedColumns {
		if _, _, ok := FixedType(s, name); ok {
			return true
		}
	}
	return false
}
