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
	formTime // a fixed64 of nanoseconds since the Unix epoch
	formBytes
	formString   // bytes that are to be UTF-8
	formTraceID  // bytes: 0 or 16 of them
	formSpanID   // bytes: 0 or 8 of them
	formMessage  // a sub-message
	formVarints  // repeated varint, packed or not
	formFixed64s // repeated fixed64 or double, packed or not
)

// role is what a field means to the count of a request and to its records.
type role uint8

const (
	roleNone role = iota
	roleResource
	roleScope
	roleMetric
	// roleData marks the oneof of a metric: the last one on the wire replaces
	// those before it, and their data points.
	roleData
	roleRecord
	// roleItem marks what a record has many of, and roleItems a list of
	// numbers of which each is one. The store bounds them.
	roleItem
	roleItems
	// roleTime marks the time that a record belongs to, and roleObserved what
	// stands in for it in a log record.
	roleTime
	roleObserved
)

// carries tells whether records stand within a field of this role.
func (r role) carries() bool { return r >= roleResource && r <= roleRecord }

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
func nanos(name string) field       { return field{name: name, form: formTime} }
func chars(name string) field       { return field{name: name, form: formString} }
func manyStrings(name string) field { return field{name: name, form: formString, repeated: true} }
func octets(name string) field      { return field{name: name, form: formBytes} }

// recordAttributes are those of records and of what they have many of.
func recordAttributes(name string) field { return attributes(name).as(roleItem) }

var (
	traceID      = field{name: "trace_id", form: formTraceID}
	spanID       = field{name: "span_id", form: formSpanID}
	parentSpanID = field{name: "parent_span_id", form: formSpanID}
	dropped      = varint("dropped_attributes_count")
	exemplars    = list("exemplars", msgExemplar).as(roleItem)
	points       = func(m message) field { return list("data_points", m).as(roleRecord) }
)

type fields = [maxFieldNumber + 1]field

// rule is what the walk over a request needs of a field, in three bytes: all of
// them together stay in the first cache.
type rule struct {
	form form
	msg  message
	role role
}

// rules is schema as rules. It is immutable.
var rules = func() (all [messages][maxFieldNumber + 1]rule) {
	for m := range schema {
		for num, f := range schema[m] {
			all[m][num] = rule{form: f.form, msg: f.msg, role: f.role}
		}
	}
	return all
}()

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
		ScopeMetricsMetrics:   list("metrics", msgMetric).as(roleMetric),
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
		AnyValueBytes:          octets("bytes_value"),
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
		SpanStartTimeUnixNano:      nanos("start_time_unix_nano").as(roleTime),
		SpanEndTimeUnixNano:        nanos("end_time_unix_nano"),
		SpanAttributes:             recordAttributes("attributes"),
		SpanDroppedAttributesCount: dropped,
		SpanEvents:                 list("events", msgEvent).as(roleItem),
		SpanDroppedEventsCount:     varint("dropped_events_count"),
		SpanLinks:                  list("links", msgLink).as(roleItem),
		SpanDroppedLinksCount:      varint("dropped_links_count"),
		SpanStatus:                 sub("status", msgStatus),
		SpanFlags:                  fixed32("flags"),
	},
	msgEvent: {
		EventTimeUnixNano:           nanos("time_unix_nano"),
		EventName:                   chars("name"),
		EventAttributes:             recordAttributes("attributes"),
		EventDroppedAttributesCount: dropped,
	},
	msgLink: {
		LinkTraceID:                traceID,
		LinkSpanID:                 spanID,
		LinkTraceState:             chars("trace_state"),
		LinkAttributes:             recordAttributes("attributes"),
		LinkDroppedAttributesCount: dropped,
		LinkFlags:                  fixed32("flags"),
	},
	msgStatus: {StatusMessage: chars("message"), StatusCode: varint("code")},
	msgLogRecord: {
		LogRecordTimeUnixNano:           nanos("time_unix_nano").as(roleTime),
		LogRecordSeverityNumber:         varint("severity_number"),
		LogRecordSeverityText:           chars("severity_text"),
		LogRecordBody:                   sub("body", msgAnyValue).as(roleItem),
		LogRecordAttributes:             recordAttributes("attributes"),
		LogRecordDroppedAttributesCount: dropped,
		LogRecordFlags:                  fixed32("flags"),
		LogRecordTraceID:                traceID,
		LogRecordSpanID:                 spanID,
		LogRecordObservedTimeUnixNano:   nanos("observed_time_unix_nano").as(roleObserved),
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
		NumberDataPointStartTimeUnixNano: nanos("start_time_unix_nano"),
		NumberDataPointTimeUnixNano:      nanos("time_unix_nano").as(roleTime),
		NumberDataPointAsDouble:          fixed64("as_double"),
		NumberDataPointExemplars:         exemplars,
		NumberDataPointAsInt:             fixed64("as_int"),
		NumberDataPointAttributes:        recordAttributes("attributes"),
		NumberDataPointFlags:             varint("flags"),
	},
	msgHistogramDataPoint: {
		HistogramDataPointStartTimeUnixNano: nanos("start_time_unix_nano"),
		HistogramDataPointTimeUnixNano:      nanos("time_unix_nano").as(roleTime),
		HistogramDataPointCount:             fixed64("count"),
		HistogramDataPointSum:               fixed64("sum"),
		HistogramDataPointBucketCounts:      {name: "bucket_counts", form: formFixed64s, role: roleItems},
		HistogramDataPointExplicitBounds:    {name: "explicit_bounds", form: formFixed64s},
		HistogramDataPointExemplars:         exemplars,
		HistogramDataPointAttributes:        recordAttributes("attributes"),
		HistogramDataPointFlags:             varint("flags"),
		HistogramDataPointMin:               fixed64("min"),
		HistogramDataPointMax:               fixed64("max"),
	},
	msgExponentialHistogramDataPoint: {
		ExponentialHistogramDataPointAttributes:        recordAttributes("attributes"),
		ExponentialHistogramDataPointStartTimeUnixNano: nanos("start_time_unix_nano"),
		ExponentialHistogramDataPointTimeUnixNano:      nanos("time_unix_nano").as(roleTime),
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
		BucketsBucketCounts: {name: "bucket_counts", form: formVarints, role: roleItems},
	},
	msgSummaryDataPoint: {
		SummaryDataPointStartTimeUnixNano: nanos("start_time_unix_nano"),
		SummaryDataPointTimeUnixNano:      nanos("time_unix_nano").as(roleTime),
		SummaryDataPointCount:             fixed64("count"),
		SummaryDataPointSum:               fixed64("sum"),
		SummaryDataPointQuantileValues:    list("quantile_values", msgValueAtQuantile).as(roleItem),
		SummaryDataPointAttributes:        recordAttributes("attributes"),
		SummaryDataPointFlags:             varint("flags"),
	},
	msgValueAtQuantile: {
		ValueAtQuantileQuantile: fixed64("quantile"),
		ValueAtQuantileValue:    fixed64("value"),
	},
	msgExemplar: {
		ExemplarTimeUnixNano:       nanos("time_unix_nano"),
		ExemplarAsDouble:           fixed64("as_double"),
		ExemplarSpanID:             spanID,
		ExemplarTraceID:            traceID,
		ExemplarAsInt:              fixed64("as_int"),
		ExemplarFilteredAttributes: recordAttributes("filtered_attributes"),
	},
}
