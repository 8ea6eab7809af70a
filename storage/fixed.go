package storage

import "github.com/ttlog/ttlog/storage/column"

// The fixed columns of each signal's table, by type. docs/format.md says where
// in the OTLP message each comes from.
var (
	spanColumns = map[column.Type][]string{
		column.TypeTimestamp: {"timestamp", "end_timestamp"},
		column.TypeDuration:  {"duration"},
		column.TypeBool:      {"error", "clock_skew", "root_span"},
		column.TypeID:        {"trace_id", "span_id", "parent_span_id"},
		column.TypeInt64:     {"flags", "dropped_attributes_count", "dropped_events_count", "dropped_links_count", "events_count", "exceptions_count", "links_count"},
		column.TypeString: {
			"service", "name", "kind", "status", "status_message", "scope_name", "scope_version",
			"trace_state", "events", "links",
		},
	}
	logColumns = map[column.Type][]string{
		column.TypeTimestamp: {"timestamp", "observed_timestamp"},
		column.TypeID:        {"trace_id", "span_id"},
		column.TypeInt64:     {"severity_number", "flags", "dropped_attributes_count"},
		column.TypeString:    {"level", "severity_text", "body", "event_name", "service", "scope_name", "scope_version"},
	}
	metricColumns = map[column.Type][]string{
		column.TypeTimestamp: {"timestamp", "start_timestamp"},
		column.TypeBool:      {"monotonic"},
		column.TypeInt64:     {"value_int", "count", "scale", "zero_count", "flags"},
		column.TypeFloat64:   {"value", "sum", "min", "max", "zero_threshold"},
		column.TypeString: {
			"name", "description", "unit", "type", "temporality", "bucket_counts", "explicit_bounds", "positive",
			"negative", "quantiles", "exemplars", "service", "scope_name", "scope_version",
		},
	}
)

// fixedColumns returns the fixed columns of a signal, in no order.
func fixedColumns(s Signal) (out []column.Ref) {
	byType := map[Signal]map[column.Type][]string{Traces: spanColumns, Logs: logColumns, Metrics: metricColumns}[s]
	for t, names := range byType {
		for _, name := range names {
			out = append(out, column.Ref{Place: column.PlaceField, Name: name, Type: t})
		}
	}
	return out
}
