package otlpwire

// The schema is what [Validate] knows of OTLP: for each message, the name and
// the wire form of each field. It is a table and not code so that the walk
// over a request is one small loop.

// message is the index of a message in schema.
type message uint8

const (
	msgTracesRequest message = iota
	msgLogsRequest
	msgMetricsRequest
	msgResourceSpans
	msgResourceLogs
	msgResourceMetrics
	msgScopeSpans
	msgScopeLogs
	msgScopeMetrics
	msgResource
	msgEntityRef
	msgScope
	msgKeyValue
	msgAnyValue
	msgArrayValue
	msgKeyValueList
	msgSpan
	msgEvent
	msgLink
	msgStatus
	msgLogRecord
	msgMetric
	msgGauge
	msgSum
	msgHistogram
	msgExponentialHistogram
	msgSummary
	msgNumberDataPoint
	msgHistogramDataPoint
	msgExponentialHistogramDataPoint
	msgBuckets
	msgSummaryDataPoint
	msgValueAtQuantile
	msgExemplar

	messages
)

// form is how a field stands on the wire.
type form uint8

const (
	formUnknown form = iota // not in the schema: stepped over
	formVarint
	formFixed64
	formFixed32
	formBytes    // string or bytes
	formTraceID  // bytes: 0 or 16 of them
	formSpanID   // bytes: 0 or 8 of them
	formMessage  // a sub-message
	formVarints  // repeated varint, packed or not
	formFixed64s // repeated fixed64 or double, packed or not
)

// role is what a field means to the count of a request.
type role uint8

const (
	roleNone role = iota
	roleResource
	roleScope
	roleRecord
	// roleData marks the oneof of a metric: the last one on the wire replaces
	// those before it, and their data points.
	roleData
)

// field describes one field of a message.
type field struct {
	name     string
	form     form
	msg      message // of a formMessage
	role     role
	repeated bool
}

// maxFieldNumber is the highest field number of any OTLP message.
const maxFieldNumber = int(SpanFlags)

// removedScopes is the number under which ResourceSpans, ResourceLogs and
// ResourceMetrics held their scopes beside scope_spans before OTLP 1.0.
const removedScopes = 1000

func sub(name string, m message) field { return field{name: name, form: formMessage, msg: m} }
func list(name string, m message) field {
	return field{name: name, form: formMessage, msg: m, repeated: true}
}
func (f field) as(r role) field { f.role = r; return f }

func attributes(name string) field  { return list(name, msgKeyValue) }
func varint(name string) field      { return field{name: name, form: formVarint} }
func fixed64(name string) field     { return field{name: name, form: formFixed64} }
func fixed32(name string) field     { return field{name: name, form: formFixed32} }
func chars(name string) field       { return field{name: name, form: formBytes} }
func manyStrings(name string) field { return field{name: name, form: formBytes, repeated: true} }

var (
	traceID      = field{name: "trace_id", form: formTraceID}
	spanID       = field{name: "span_id", form: formSpanID}
	parentSpanID = field{name: "parent_span_id", form: formSpanID}
	dropped      = varint("dropped_attributes_count")
	exemplars    = list("exemplars", msgExemplar)
	points       = func(m message) field { return list("data_points", m).as(roleRecord) }
)

type fields = [maxFieldNumber + 1]field

// schema is immutable.
var schema = [messages]fields{
	msgTracesRequest:  {RequestResourceSpans: list("resource_spans", msgResourceSpans).as(roleResource)},
	msgLogsRequest:    {RequestResourceLogs: list("resource_logs", msgResourceLogs).as(roleResource)},
	msgMetricsRequest: {RequestResourceMetrics: list("resource_metrics", msgResourceMetrics).as(roleResource)},
	msgResourceSpans: {
		ResourceSpansResource:   sub("resource", msgResource),
		ResourceSpansScopeSpans: list("scope_spans", msgScopeSpans).as(roleScope),
		ResourceSpansSchemaURL:  chars("schema_url"),
	},
	msgResourceLogs: {
		ResourceLogsResource:  sub("resource", msgResource),
		ResourceLogsScopeLogs: list("scope_logs", msgScopeLogs).as(roleScope),
		ResourceLogsSchemaURL: chars("schema_url"),
	},
	msgResourceMetrics: {
		ResourceMetricsResource:     sub("resource", msgResource),
		ResourceMetricsScopeMetrics: list("scope_metrics", msgScopeMetrics).as(roleScope),
		ResourceMetricsSchemaURL:    chars("schema_url"),
	},
	msgScopeSpans: {
		ScopeSpansScope:     sub("scope", msgScope),
		ScopeSpansSpans:     list("spans", msgSpan).as(roleRecord),
		ScopeSpansSchemaURL: chars("schema_url"),
	},
	msgScopeLogs: {
		ScopeLogsScope:      sub("scope", msgScope),
		ScopeLogsLogRecords: list("log_records", msgLogRecord).as(roleRecord),
		ScopeLogsSchemaURL:  chars("schema_url"),
	},
	msgScopeMetrics: {
		ScopeMetricsScope:     sub("scope", msgScope),
		ScopeMetricsMetrics:   list("metrics", msgMetric),
		ScopeMetricsSchemaURL: chars("schema_url"),
	},
	msgResource: {
		ResourceAttributes:             attributes("attributes"),
		ResourceDroppedAttributesCount: dropped,
		ResourceEntityRefs:             list("entity_refs", msgEntityRef),
	},
	msgEntityRef: {
		EntityRefSchemaURL:       chars("schema_url"),
		EntityRefType:            chars("type"),
		EntityRefIDKeys:          manyStrings("id_keys"),
		EntityRefDescriptionKeys: manyStrings("description_keys"),
	},
	msgScope: {
		ScopeName:                   chars("name"),
		ScopeVersion:                chars("version"),
		ScopeAttributes:             attributes("attributes"),
		ScopeDroppedAttributesCount: dropped,
	},
	msgKeyValue: {
		KeyValueKey:         chars("key"),
		KeyValueValue:       sub("value", msgAnyValue),
		KeyValueKeyStrindex: varint("key_strindex"),
	},
	msgAnyValue: {
		AnyValueString:         chars("string_value"),
		AnyValueBool:           varint("bool_value"),
		AnyValueInt:            varint("int_value"),
		AnyValueDouble:         fixed64("double_value"),
		AnyValueArray:          sub("array_value", msgArrayValue),
		AnyValueKvlist:         sub("kvlist_value", msgKeyValueList),
		AnyValueBytes:          chars("bytes_value"),
		AnyValueStringStrindex: varint("string_value_strindex"),
	},
	msgArrayValue:   {ArrayValueValues: list("values", msgAnyValue)},
	msgKeyValueList: {KeyValueListValues: attributes("values")},
	msgSpan: {
		SpanTraceID:                traceID,
		SpanSpanID:                 spanID,
		SpanTraceState:             chars("trace_state"),
		SpanParentSpanID:           parentSpanID,
		SpanName:                   chars("name"),
		SpanKind:                   varint("kind"),
		SpanStartTimeUnixNano:      fixed64("start_time_unix_nano"),
		SpanEndTimeUnixNano:        fixed64("end_time_unix_nano"),
		SpanAttributes:             attributes("attributes"),
		SpanDroppedAttributesCount: dropped,
		SpanEvents:                 list("events", msgEvent),
		SpanDroppedEventsCount:     varint("dropped_events_count"),
		SpanLinks:                  list("links", msgLink),
		SpanDroppedLinksCount:      varint("dropped_links_count"),
		SpanStatus:                 sub("status", msgStatus),
		SpanFlags:                  fixed32("flags"),
	},
	msgEvent: {
		EventTimeUnixNano:           fixed64("time_unix_nano"),
		EventName:                   chars("name"),
		EventAttributes:             attributes("attributes"),
		EventDroppedAttributesCount: dropped,
	},
	msgLink: {
		LinkTraceID:                traceID,
		LinkSpanID:                 spanID,
		LinkTraceState:             chars("trace_state"),
		LinkAttributes:             attributes("attributes"),
		LinkDroppedAttributesCount: dropped,
		LinkFlags:                  fixed32("flags"),
	},
	msgStatus: {StatusMessage: chars("message"), StatusCode: varint("code")},
	msgLogRecord: {
		LogRecordTimeUnixNano:           fixed64("time_unix_nano"),
		LogRecordSeverityNumber:         varint("severity_number"),
		LogRecordSeverityText:           chars("severity_text"),
		LogRecordBody:                   sub("body", msgAnyValue),
		LogRecordAttributes:             attributes("attributes"),
		LogRecordDroppedAttributesCount: dropped,
		LogRecordFlags:                  fixed32("flags"),
		LogRecordTraceID:                traceID,
		LogRecordSpanID:                 spanID,
		LogRecordObservedTimeUnixNano:   fixed64("observed_time_unix_nano"),
		LogRecordEventName:              chars("event_name"),
	},
	msgMetric: {
		MetricName:                 chars("name"),
		MetricDescription:          chars("description"),
		MetricUnit:                 chars("unit"),
		MetricGauge:                sub("gauge", msgGauge).as(roleData),
		MetricSum:                  sub("sum", msgSum).as(roleData),
		MetricHistogram:            sub("histogram", msgHistogram).as(roleData),
		MetricExponentialHistogram: sub("exponential_histogram", msgExponentialHistogram).as(roleData),
		MetricSummary:              sub("summary", msgSummary).as(roleData),
		MetricMetadata:             attributes("metadata"),
	},
	msgGauge: {GaugeDataPoints: points(msgNumberDataPoint)},
	msgSum: {
		SumDataPoints:             points(msgNumberDataPoint),
		SumAggregationTemporality: varint("aggregation_temporality"),
		SumIsMonotonic:            varint("is_monotonic"),
	},
	msgHistogram: {
		HistogramDataPoints:             points(msgHistogramDataPoint),
		HistogramAggregationTemporality: varint("aggregation_temporality"),
	},
	msgExponentialHistogram: {
		ExponentialHistogramDataPoints:             points(msgExponentialHistogramDataPoint),
		ExponentialHistogramAggregationTemporality: varint("aggregation_temporality"),
	},
	msgSummary: {SummaryDataPoints: points(msgSummaryDataPoint)},
	msgNumberDataPoint: {
		NumberDataPointStartTimeUnixNano: fixed64("start_time_unix_nano"),
		NumberDataPointTimeUnixNano:      fixed64("time_unix_nano"),
		NumberDataPointAsDouble:          fixed64("as_double"),
		NumberDataPointExemplars:         exemplars,
		NumberDataPointAsInt:             fixed64("as_int"),
		NumberDataPointAttributes:        attributes("attributes"),
		NumberDataPointFlags:             varint("flags"),
	},
	msgHistogramDataPoint: {
		HistogramDataPointStartTimeUnixNano: fixed64("start_time_unix_nano"),
		HistogramDataPointTimeUnixNano:      fixed64("time_unix_nano"),
		HistogramDataPointCount:             fixed64("count"),
		HistogramDataPointSum:               fixed64("sum"),
		HistogramDataPointBucketCounts:      {name: "bucket_counts", form: formFixed64s},
		HistogramDataPointExplicitBounds:    {name: "explicit_bounds", form: formFixed64s},
		HistogramDataPointExemplars:         exemplars,
		HistogramDataPointAttributes:        attributes("attributes"),
		HistogramDataPointFlags:             varint("flags"),
		HistogramDataPointMin:               fixed64("min"),
		HistogramDataPointMax:               fixed64("max"),
	},
	msgExponentialHistogramDataPoint: {
		ExponentialHistogramDataPointAttributes:        attributes("attributes"),
		ExponentialHistogramDataPointStartTimeUnixNano: fixed64("start_time_unix_nano"),
		ExponentialHistogramDataPointTimeUnixNano:      fixed64("time_unix_nano"),
		ExponentialHistogramDataPointCount:             fixed64("count"),
		ExponentialHistogramDataPointSum:               fixed64("sum"),
		ExponentialHistogramDataPointScale:             varint("scale"),
		ExponentialHistogramDataPointZeroCount:         fixed64("zero_count"),
		ExponentialHistogramDataPointPositive:          sub("positive", msgBuckets),
		ExponentialHistogramDataPointNegative:          sub("negative", msgBuckets),
		ExponentialHistogramDataPointFlags:             varint("flags"),
		ExponentialHistogramDataPointExemplars:         exemplars,
		ExponentialHistogramDataPointMin:               fixed64("min"),
		ExponentialHistogramDataPointMax:               fixed64("max"),
		ExponentialHistogramDataPointZeroThreshold:     fixed64("zero_threshold"),
	},
	msgBuckets: {
		BucketsOffset:       varint("offset"),
		BucketsBucketCounts: {name: "bucket_counts", form: formVarints},
	},
	msgSummaryDataPoint: {
		SummaryDataPointStartTimeUnixNano: fixed64("start_time_unix_nano"),
		SummaryDataPointTimeUnixNano:      fixed64("time_unix_nano"),
		SummaryDataPointCount:             fixed64("count"),
		SummaryDataPointSum:               fixed64("sum"),
		SummaryDataPointQuantileValues:    list("quantile_values", msgValueAtQuantile),
		SummaryDataPointAttributes:        attributes("attributes"),
		SummaryDataPointFlags:             varint("flags"),
	},
	msgValueAtQuantile: {
		ValueAtQuantileQuantile: fixed64("quantile"),
		ValueAtQuantileValue:    fixed64("value"),
	},
	msgExemplar: {
		ExemplarTimeUnixNano:       fixed64("time_unix_nano"),
		ExemplarAsDouble:           fixed64("as_double"),
		ExemplarSpanID:             spanID,
		ExemplarTraceID:            traceID,
		ExemplarAsInt:              fixed64("as_int"),
		ExemplarFilteredAttributes: attributes("filtered_attributes"),
	},
}
