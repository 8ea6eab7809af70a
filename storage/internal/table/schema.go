package table

import "github.com/ttlog/ttlog/internal/otlpwire"

// GroupDef says which columns a message type has. Positions and names reach
// disk (names in reports, positions in the footer); part of the format: new
// columns go behind the last one, none is ever taken away.
type GroupDef struct {
	Name   string
	Leaves []LeafDef
	Sets   []string
	Lists  []ListDef
}

// LeafDef names a plain column.
type LeafDef struct {
	Name string
	Kind Kind
}

// ListDef names a repeated field.
type ListDef struct {
	Name  string
	Items *GroupDef
}

// Schema returns the definition of the rows of a signal, nil for an unknown one.
func Schema(s otlpwire.Signal) *GroupDef {
	switch s {
	case otlpwire.Traces:
		return spanDef
	case otlpwire.Logs:
		return logDef
	case otlpwire.Metrics:
		return pointDef
	}
	return nil
}

// LeafScope is the position of the scope in the rows of every signal, and
// setAttrs that of the attributes in every group that has some.
const (
	LeafScope = 0
	setAttrs  = 0
)

// The columns of a span. Times are nanoseconds; SpanDuration is end minus
// start modulo 2^64, so that every end survives. An "extra" column holds the
// fields of a message that this version does not know, as they came.
const (
	SpanName = iota + 1
	SpanKindLeaf
	SpanStart
	SpanDuration
	SpanTraceID
	SpanSpanID
	SpanParentID
	SpanTraceState
	SpanFlags
	SpanStatusCode
	SpanStatusMessage
	SpanDroppedAttrs
	SpanDroppedEvents
	SpanDroppedLinks
	spanExtra
)

const (
	listEvents = 0
	listLinks  = 1
)

var spanDef = &GroupDef{
	Name: "span",
	Leaves: []LeafDef{
		{"scope", KindString},
		{"name", KindString},
		{"kind", KindInt},
		{"start", KindInt},
		{"duration", KindInt},
		{"trace_id", KindTrace},
		{"span_id", KindSpanID},
		{"parent_span_id", KindSpanID},
		{"trace_state", KindString},
		{"flags", KindInt},
		{"status_code", KindInt},
		{"status_message", KindString},
		{"dropped_attributes", KindInt},
		{"dropped_events", KindInt},
		{"dropped_links", KindInt},
		{"extra", KindString},
	},
	Sets:  []string{"attributes"},
	Lists: []ListDef{{"events", eventDef}, {"links", linkDef}},
}

// The columns of a span's event. The time is relative to the event before it,
// the first one's to the span's start, modulo 2^64.
const (
	eventTime = iota
	eventName
	eventDropped
	eventExtra
)

var eventDef = &GroupDef{
	Name: "event",
	Leaves: []LeafDef{
		{"time", KindInt}, {"name", KindString}, {"dropped_attributes", KindInt}, {"extra", KindString},
	},
	Sets: []string{"attributes"},
}

// The columns of a span's link.
const (
	linkTraceID = iota
	linkSpanID
	linkTraceState
	linkFlags
	linkDropped
	linkExtra
)

var linkDef = &GroupDef{
	Name: "link",
	Leaves: []LeafDef{
		{"trace_id", KindTrace},
		{"span_id", KindSpanID},
		{"trace_state", KindString},
		{"flags", KindInt},
		{"dropped_attributes", KindInt},
		{"extra", KindString},
	},
	Sets: []string{"attributes"},
}

// The columns of a log record. LogObserved is relative to LogTime, see
// relateObserved.
// The body is an attribute set of one value with an empty key: it has any type
// that an attribute has.
const (
	LogTime = iota + 1
	LogObserved
	LogSeverityNumber
	LogSeverityText
	LogTraceID
	LogSpanID
	LogFlags
	LogEventName
	LogDropped
	logExtra
)

const SetBody = 1

var logDef = &GroupDef{
	Name: "log",
	Leaves: []LeafDef{
		{"scope", KindString},
		{"time", KindInt},
		{"observed_time", KindInt},
		{"severity_number", KindInt},
		{"severity_text", KindString},
		{"trace_id", KindTrace},
		{"span_id", KindSpanID},
		{"flags", KindInt},
		{"event_name", KindString},
		{"dropped_attributes", KindInt},
		{"extra", KindString},
	},
	Sets: []string{"attributes", "body"},
}

// The columns of a data point of any type. PointMetric is the point's metric:
// the fields of the Metric message, the data with everything but its points
// last. PointHas tells which optional values are there, by the bits below.
const (
	PointMetric = iota + 1
	PointTime
	PointStart
	PointFlags
	PointHas
	PointInt
	PointDouble
	PointCount
	PointSum
	PointMin
	PointMax
	PointBounds // the packed doubles of explicit_bounds
	PointScale
	PointZeroCount
	PointZeroThreshold
	PointPositiveOffset
	PointNegativeOffset
	pointExtra
)

// Bits of PointHas and exemplarHas; part of the format.
const (
	hasInt    = 1
	hasDouble = 2
	hasSum    = 4
	hasMin    = 8
	hasMax    = 16
)

const (
	listBuckets   = 0
	listPositive  = 1
	listNegative  = 2
	listQuantiles = 3
	listExemplars = 4
)

var pointDef = &GroupDef{
	Name: "point",
	Leaves: []LeafDef{
		{"scope", KindString},
		{"metric", KindString},
		{"time", KindInt},
		{"start_time", KindInt},
		{"flags", KindInt},
		{"has", KindInt},
		{"int", KindInt},
		{"double", KindFloat},
		{"count", KindInt},
		{"sum", KindFloat},
		{"min", KindFloat},
		{"max", KindFloat},
		{"explicit_bounds", KindString},
		{"scale", KindInt},
		{"zero_count", KindInt},
		{"zero_threshold", KindFloat},
		{"positive_offset", KindInt},
		{"negative_offset", KindInt},
		{"extra", KindString},
	},
	Sets: []string{"attributes"},
	Lists: []ListDef{
		{"bucket_counts", countsDef},
		{"positive", countsDef},
		{"negative", countsDef},
		{"quantiles", quantileDef},
		{"exemplars", exemplarDef},
	},
}

// countsDef is a list of plain integers.
var countsDef = &GroupDef{Name: "bucket", Leaves: []LeafDef{{"count", KindInt}}}

// The columns of a summary's value at a quantile.
const (
	quantileQ = iota
	quantileValue
)

var quantileDef = &GroupDef{Name: "quantile", Leaves: []LeafDef{{"quantile", KindFloat}, {"value", KindFloat}}}

// The columns of an exemplar. The time is relative to the point's.
const (
	exemplarTime = iota
	exemplarHas
	exemplarInt
	exemplarDouble
	exemplarSpanID
	exemplarTraceID
	exemplarExtra
)

var exemplarDef = &GroupDef{
	Name: "exemplar",
	Leaves: []LeafDef{
		{"time", KindInt},
		{"has", KindInt},
		{"int", KindInt},
		{"double", KindFloat},
		{"span_id", KindSpanID},
		{"trace_id", KindTrace},
		{"extra", KindString},
	},
	Sets: []string{"attributes"},
}
