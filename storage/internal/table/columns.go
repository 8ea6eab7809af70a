package table

import (
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

var commonColumns = []column.Ref{
	field("service", column.TypeString), field("scope_name", column.TypeString), field("scope_version", column.TypeString),
	field("flags", column.TypeInt64),
}

var fixedColumns = map[otlpwire.Signal][]column.Ref{
	otlpwire.Traces: {
		field("timestamp", column.TypeTimestamp), field("trace_id", column.TypeID), field("span_id", column.TypeID),
		field("parent_span_id", column.TypeID), field("name", column.TypeString), field("kind", column.TypeString),
		field("end_timestamp", column.TypeTimestamp), field("duration", column.TypeDuration), field("clock_skew", column.TypeBool),
		field("status", column.TypeString), field("status_message", column.TypeString),
		field("error", column.TypeBool), field("trace_state", column.TypeString), field("events", column.TypeString),
		field("links", column.TypeString), field("dropped_attributes_count", column.TypeInt64),
		field("dropped_events_count", column.TypeInt64), field("dropped_links_count", column.TypeInt64),
		field("root_span", column.TypeBool), field("events_count", column.TypeInt64), field("exceptions_count", column.TypeInt64), field("links_count", column.TypeInt64),
	},
	otlpwire.Logs: {
		field("timestamp", column.TypeTimestamp), field("observed_timestamp", column.TypeTimestamp),
		field("level", column.TypeString), field("severity_number", column.TypeInt64), field("severity_text", column.TypeString),
		field("body", column.TypeString), field("event_name", column.TypeString), field("trace_id", column.TypeID),
		field("span_id", column.TypeID), field("dropped_attributes_count", column.TypeInt64),
	},
	otlpwire.Metrics: {
		field("timestamp", column.TypeTimestamp), field("start_timestamp", column.TypeTimestamp),
		field("name", column.TypeString), field("description", column.TypeString), field("unit", column.TypeString),
		field("type", column.TypeString), field("temporality", column.TypeString), field("monotonic", column.TypeBool),
		field("value", column.TypeFloat64), field("value_int", column.TypeInt64), field("count", column.TypeInt64),
		field("sum", column.TypeFloat64), field("min", column.TypeFloat64), field("max", column.TypeFloat64),
		field("bucket_counts", column.TypeString), field("explicit_bounds", column.TypeString),
		field("scale", column.TypeInt64), field("zero_count", column.TypeInt64), field("zero_threshold", column.TypeFloat64),
		field("positive", column.TypeString), field("negative", column.TypeString), field("quantiles", column.TypeString),
		field("exemplars", column.TypeString),
	},
}

func field(name string, t column.Type) column.Ref {
	return column.Ref{Place: column.PlaceField, Name: name, Type: t}
}

// FixedColumns returns the columns that the table of a signal always has.
func FixedColumns(s otlpwire.Signal) []column.Ref {
	own := fixedColumns[s]
	out := make([]column.Ref, 0, len(own)+len(commonColumns))
	return append(append(out, own...), commonColumns...)
}
