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

// nearest returns the candidate that name was most likely meant to be, or "".
func nearest(name string, candidates []string) string {
	best, bestDistance := "", len(name)/3+2
	name = strings.ToLower(name)
	for _, c := range candidates {
		if len(c) > 2*len(name)+4 || len(name) > 64 {
			continue
		}
		if d := editDistance(name, strings.ToLower(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance is the number of bytes to insert, delete, exchange or swap.
func editDistance(a, b string) int {
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
