package otlpwire

import "google.golang.org/protobuf/encoding/protowire"

// The field numbers below are those of opentelemetry-proto 1.x. A number is
// written as message and field name together, without the underscores of the
// .proto files. The comment behind a group tells the wire type of each field
// that is not length-delimited.

// Export{Trace,Logs,Metrics}ServiceRequest, and with the same number
// TracesData, LogsData and MetricsData.
const (
	RequestResourceSpans   protowire.Number = 1
	RequestResourceLogs    protowire.Number = 1
	RequestResourceMetrics protowire.Number = 1

	// RequestResource is the one number that the three share.
	RequestResource protowire.Number = 1
)

// Export{Trace,Logs,Metrics}ServiceResponse and the partial success within.
// Rejected is a varint (int64).
const (
	ResponsePartialSuccess     protowire.Number = 1
	PartialSuccessRejected     protowire.Number = 1
	PartialSuccessErrorMessage protowire.Number = 2
)

// ResourceSpans, ResourceLogs and ResourceMetrics share their numbers.
const (
	ResourceSpansResource   protowire.Number = 1
	ResourceSpansScopeSpans protowire.Number = 2
	ResourceSpansSchemaURL  protowire.Number = 3

	ResourceLogsResource  protowire.Number = 1
	ResourceLogsScopeLogs protowire.Number = 2
	ResourceLogsSchemaURL protowire.Number = 3

	ResourceMetricsResource     protowire.Number = 1
	ResourceMetricsScopeMetrics protowire.Number = 2
	ResourceMetricsSchemaURL    protowire.Number = 3

	// GroupResource, GroupScopes and GroupSchemaURL name the same three for
	// code that serves every signal.
	GroupResource  protowire.Number = 1
	GroupScopes    protowire.Number = 2
	GroupSchemaURL protowire.Number = 3
)

// ScopeSpans, ScopeLogs and ScopeMetrics share their numbers.
const (
	ScopeSpansScope     protowire.Number = 1
	ScopeSpansSpans     protowire.Number = 2
	ScopeSpansSchemaURL protowire.Number = 3

	ScopeLogsScope      protowire.Number = 1
	ScopeLogsLogRecords protowire.Number = 2
	ScopeLogsSchemaURL  protowire.Number = 3

	ScopeMetricsScope     protowire.Number = 1
	ScopeMetricsMetrics   protowire.Number = 2
	ScopeMetricsSchemaURL protowire.Number = 3

	// ScopeGroupScope, ScopeGroupRecords and ScopeGroupSchemaURL name the
	// same three for code that serves every signal.
	ScopeGroupScope     protowire.Number = 1
	ScopeGroupRecords   protowire.Number = 2
	ScopeGroupSchemaURL protowire.Number = 3
)

// Resource. DroppedAttributesCount is a varint (uint32).
const (
	ResourceAttributes             protowire.Number = 1
	ResourceDroppedAttributesCount protowire.Number = 2
	ResourceEntityRefs             protowire.Number = 3
)

// EntityRef.
const (
	EntityRefSchemaURL       protowire.Number = 1
	EntityRefType            protowire.Number = 2
	EntityRefIDKeys          protowire.Number = 3
	EntityRefDescriptionKeys protowire.Number = 4
)

// InstrumentationScope. DroppedAttributesCount is a varint (uint32).
const (
	ScopeName                   protowire.Number = 1
	ScopeVersion                protowire.Number = 2
	ScopeAttributes             protowire.Number = 3
	ScopeDroppedAttributesCount protowire.Number = 4
)

// KeyValue. KeyStrindex is a varint (int32) and means something in profiles
// only.
const (
	KeyValueKey         protowire.Number = 1
	KeyValueValue       protowire.Number = 2
	KeyValueKeyStrindex protowire.Number = 3
)

// AnyValue. Bool, Int (int64) and StringStrindex (int32, profiles only) are
// varints, Double is a fixed64. The last of them on the wire is the value.
const (
	AnyValueString         protowire.Number = 1
	AnyValueBool           protowire.Number = 2
	AnyValueInt            protowire.Number = 3
	AnyValueDouble         protowire.Number = 4
	AnyValueArray          protowire.Number = 5
	AnyValueKvlist         protowire.Number = 6
	AnyValueBytes          protowire.Number = 7
	AnyValueStringStrindex protowire.Number = 8

	ArrayValueValues   protowire.Number = 1
	KeyValueListValues protowire.Number = 1
)

// Span. Kind and the dropped counts are varints, the times fixed64, Flags a
// fixed32.
const (
	SpanTraceID                protowire.Number = 1
	SpanSpanID                 protowire.Number = 2
	SpanTraceState             protowire.Number = 3
	SpanParentSpanID           protowire.Number = 4
	SpanName                   protowire.Number = 5
	SpanKind                   protowire.Number = 6
	SpanStartTimeUnixNano      protowire.Number = 7
	SpanEndTimeUnixNano        protowire.Number = 8
	SpanAttributes             protowire.Number = 9
	SpanDroppedAttributesCount protowire.Number = 10
	SpanEvents                 protowire.Number = 11
	SpanDroppedEventsCount     protowire.Number = 12
	SpanLinks                  protowire.Number = 13
	SpanDroppedLinksCount      protowire.Number = 14
	SpanStatus                 protowire.Number = 15
	SpanFlags                  protowire.Number = 16
)

// Span.Event. The time is a fixed64, the dropped count a varint.
const (
	EventTimeUnixNano           protowire.Number = 1
	EventName                   protowire.Number = 2
	EventAttributes             protowire.Number = 3
	EventDroppedAttributesCount protowire.Number = 4
)

// Span.Link. The dropped count is a varint, Flags a fixed32.
const (
	LinkTraceID                protowire.Number = 1
	LinkSpanID                 protowire.Number = 2
	LinkTraceState             protowire.Number = 3
	LinkAttributes             protowire.Number = 4
	LinkDroppedAttributesCount protowire.Number = 5
	LinkFlags                  protowire.Number = 6
)

// Status. Code is a varint; number 1 is reserved.
const (
	StatusMessage protowire.Number = 2
	StatusCode    protowire.Number = 3
)

// LogRecord. The times are fixed64, SeverityNumber and the dropped count
// varints, Flags a fixed32; number 4 is reserved.
const (
	LogRecordTimeUnixNano           protowire.Number = 1
	LogRecordSeverityNumber         protowire.Number = 2
	LogRecordSeverityText           protowire.Number = 3
	LogRecordBody                   protowire.Number = 5
	LogRecordAttributes             protowire.Number = 6
	LogRecordDroppedAttributesCount protowire.Number = 7
	LogRecordFlags                  protowire.Number = 8
	LogRecordTraceID                protowire.Number = 9
	LogRecordSpanID                 protowire.Number = 10
	LogRecordObservedTimeUnixNano   protowire.Number = 11
	LogRecordEventName              protowire.Number = 12
)

// Metric. Numbers 4, 6 and 8 are reserved. The last of Gauge to Summary on the
// wire is the data.
const (
	MetricName                 protowire.Number = 1
	MetricDescription          protowire.Number = 2
	MetricUnit                 protowire.Number = 3
	MetricGauge                protowire.Number = 5
	MetricSum                  protowire.Number = 7
	MetricHistogram            protowire.Number = 9
	MetricExponentialHistogram protowire.Number = 10
	MetricSummary              protowire.Number = 11
	MetricMetadata             protowire.Number = 12
)

// Gauge, Sum, Histogram, ExponentialHistogram and Summary. The temporality and
// IsMonotonic are varints.
const (
	GaugeDataPoints protowire.Number = 1

	SumDataPoints             protowire.Number = 1
	SumAggregationTemporality protowire.Number = 2
	SumIsMonotonic            protowire.Number = 3

	HistogramDataPoints             protowire.Number = 1
	HistogramAggregationTemporality protowire.Number = 2

	ExponentialHistogramDataPoints             protowire.Number = 1
	ExponentialHistogramAggregationTemporality protowire.Number = 2

	SummaryDataPoints protowire.Number = 1
)

// NumberDataPoint. All fixed64 but Flags, a varint; AsInt is an sfixed64, and
// the last of AsDouble and AsInt on the wire is the value. Number 1 is
// reserved.
const (
	NumberDataPointStartTimeUnixNano protowire.Number = 2
	NumberDataPointTimeUnixNano      protowire.Number = 3
	NumberDataPointAsDouble          protowire.Number = 4
	NumberDataPointExemplars         protowire.Number = 5
	NumberDataPointAsInt             protowire.Number = 6
	NumberDataPointAttributes        protowire.Number = 7
	NumberDataPointFlags             protowire.Number = 8
)

// HistogramDataPoint. Scalars are fixed64 but Flags, a varint. BucketCounts
// (fixed64) and ExplicitBounds (double) come packed or one field a value. Sum,
// Min and Max are optional: absent and zero differ. Number 1 is reserved.
const (
	HistogramDataPointStartTimeUnixNano protowire.Number = 2
	HistogramDataPointTimeUnixNano      protowire.Number = 3
	HistogramDataPointCount             protowire.Number = 4
	HistogramDataPointSum               protowire.Number = 5
	HistogramDataPointBucketCounts      protowire.Number = 6
	HistogramDataPointExplicitBounds    protowire.Number = 7
	HistogramDataPointExemplars         protowire.Number = 8
	HistogramDataPointAttributes        protowire.Number = 9
	HistogramDataPointFlags             protowire.Number = 10
	HistogramDataPointMin               protowire.Number = 11
	HistogramDataPointMax               protowire.Number = 12
)

// ExponentialHistogramDataPoint. Scalars are fixed64 but Scale (sint32, zigzag)
// and Flags, varints. Sum, Min and Max are optional: absent and zero differ.
const (
	ExponentialHistogramDataPointAttributes        protowire.Number = 1
	ExponentialHistogramDataPointStartTimeUnixNano protowire.Number = 2
	ExponentialHistogramDataPointTimeUnixNano      protowire.Number = 3
	ExponentialHistogramDataPointCount             protowire.Number = 4
	ExponentialHistogramDataPointSum               protowire.Number = 5
	ExponentialHistogramDataPointScale             protowire.Number = 6
	ExponentialHistogramDataPointZeroCount         protowire.Number = 7
	ExponentialHistogramDataPointPositive          protowire.Number = 8
	ExponentialHistogramDataPointNegative          protowire.Number = 9
	ExponentialHistogramDataPointFlags             protowire.Number = 10
	ExponentialHistogramDataPointExemplars         protowire.Number = 11
	ExponentialHistogramDataPointMin               protowire.Number = 12
	ExponentialHistogramDataPointMax               protowire.Number = 13
	ExponentialHistogramDataPointZeroThreshold     protowire.Number = 14
)

// ExponentialHistogramDataPoint.Buckets. Offset is a sint32 (zigzag varint),
// BucketCounts are varints, packed or one field a value.
const (
	BucketsOffset       protowire.Number = 1
	BucketsBucketCounts protowire.Number = 2
)

// SummaryDataPoint. Scalars are fixed64 but Flags, a varint; number 1 is
// reserved.
const (
	SummaryDataPointStartTimeUnixNano protowire.Number = 2
	SummaryDataPointTimeUnixNano      protowire.Number = 3
	SummaryDataPointCount             protowire.Number = 4
	SummaryDataPointSum               protowire.Number = 5
	SummaryDataPointQuantileValues    protowire.Number = 6
	SummaryDataPointAttributes        protowire.Number = 7
	SummaryDataPointFlags             protowire.Number = 8
)

// SummaryDataPoint.ValueAtQuantile, both doubles.
const (
	ValueAtQuantileQuantile protowire.Number = 1
	ValueAtQuantileValue    protowire.Number = 2
)

// Exemplar. The time is a fixed64, AsDouble a double, AsInt an sfixed64, and
// the last of the two on the wire is the value. Number 1 is reserved.
const (
	ExemplarTimeUnixNano       protowire.Number = 2
	ExemplarAsDouble           protowire.Number = 3
	ExemplarSpanID             protowire.Number = 4
	ExemplarTraceID            protowire.Number = 5
	ExemplarAsInt              protowire.Number = 6
	ExemplarFilteredAttributes protowire.Number = 7
)
