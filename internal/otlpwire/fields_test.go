package otlpwire_test

import (
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	. "github.com/ttlog/ttlog/internal/otlpwire"
)

// TestFieldNumbers holds every constant against the descriptors that the
// official generated code carries, and knows every field they have.
func TestFieldNumbers(t *testing.T) {
	t.Parallel()
	type numbers map[string]protowire.Number
	f := func(m proto.Message, want numbers) {
		t.Helper()
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			fd := fields.Get(i)
			got, ok := want[string(fd.Name())]
			if !ok {
				t.Errorf("no constant for %s", fd.FullName())
			} else if got != fd.Number() {
				t.Errorf("%s: got %d, want %d", fd.FullName(), got, fd.Number())
			}
		}
		if len(want) != fields.Len() {
			t.Errorf("%s: %d constants for %d fields", m.ProtoReflect().Descriptor().FullName(), len(want), fields.Len())
		}
	}
	f(&coltrace.ExportTraceServiceRequest{}, numbers{"resource_spans": RequestResourceSpans})
	f(&collogs.ExportLogsServiceRequest{}, numbers{"resource_logs": RequestResourceLogs})
	f(&colmetrics.ExportMetricsServiceRequest{}, numbers{"resource_metrics": RequestResourceMetrics})
	f(&coltrace.ExportTraceServiceResponse{}, numbers{"partial_success": ResponsePartialSuccess})
	f(&coltrace.ExportTracePartialSuccess{}, numbers{"rejected_spans": PartialSuccessRejected, "error_message": PartialSuccessErrorMessage})
	f(&collogs.ExportLogsPartialSuccess{}, numbers{"rejected_log_records": PartialSuccessRejected, "error_message": PartialSuccessErrorMessage})
	f(&colmetrics.ExportMetricsPartialSuccess{}, numbers{"rejected_data_points": PartialSuccessRejected, "error_message": PartialSuccessErrorMessage})
	f(&trace.ResourceSpans{}, numbers{"resource": ResourceSpansResource, "scope_spans": ResourceSpansScopeSpans, "schema_url": ResourceSpansSchemaURL})
	f(&logs.ResourceLogs{}, numbers{"resource": ResourceLogsResource, "scope_logs": ResourceLogsScopeLogs, "schema_url": ResourceLogsSchemaURL})
	f(&metrics.ResourceMetrics{}, numbers{"resource": ResourceMetricsResource, "scope_metrics": ResourceMetricsScopeMetrics, "schema_url": ResourceMetricsSchemaURL})
	f(&metrics.ResourceMetrics{}, numbers{"resource": GroupResource, "scope_metrics": GroupScopes, "schema_url": GroupSchemaURL})
	f(&trace.ScopeSpans{}, numbers{"scope": ScopeSpansScope, "spans": ScopeSpansSpans, "schema_url": ScopeSpansSchemaURL})
	f(&logs.ScopeLogs{}, numbers{"scope": ScopeLogsScope, "log_records": ScopeLogsLogRecords, "schema_url": ScopeLogsSchemaURL})
	f(&metrics.ScopeMetrics{}, numbers{"scope": ScopeMetricsScope, "metrics": ScopeMetricsMetrics, "schema_url": ScopeMetricsSchemaURL})
	f(&metrics.ScopeMetrics{}, numbers{"scope": ScopeGroupScope, "metrics": ScopeGroupRecords, "schema_url": ScopeGroupSchemaURL})
	f(&resource.Resource{}, numbers{"attributes": ResourceAttributes, "dropped_attributes_count": ResourceDroppedAttributesCount, "entity_refs": ResourceEntityRefs})
	f(&common.EntityRef{}, numbers{"schema_url": EntityRefSchemaURL, "type": EntityRefType, "id_keys": EntityRefIDKeys, "description_keys": EntityRefDescriptionKeys})
	f(&common.InstrumentationScope{}, numbers{"name": ScopeName, "version": ScopeVersion, "attributes": ScopeAttributes, "dropped_attributes_count": ScopeDroppedAttributesCount})
	f(&common.KeyValue{}, numbers{"key": KeyValueKey, "value": KeyValueValue, "key_strindex": KeyValueKeyStrindex})
	f(&common.AnyValue{}, numbers{
		"string_value": AnyValueString, "bool_value": AnyValueBool, "int_value": AnyValueInt, "double_value": AnyValueDouble,
		"array_value": AnyValueArray, "kvlist_value": AnyValueKvlist, "bytes_value": AnyValueBytes, "string_value_strindex": AnyValueStringStrindex,
	})
	f(&common.ArrayValue{}, numbers{"values": ArrayValueValues})
	f(&common.KeyValueList{}, numbers{"values": KeyValueListValues})
	f(&trace.Span{}, numbers{
		"trace_id": SpanTraceID, "span_id": SpanSpanID, "trace_state": SpanTraceState, "parent_span_id": SpanParentSpanID, "flags": SpanFlags,
		"name": SpanName, "kind": SpanKind, "start_time_unix_nano": SpanStartTimeUnixNano, "end_time_unix_nano": SpanEndTimeUnixNano,
		"attributes": SpanAttributes, "dropped_attributes_count": SpanDroppedAttributesCount, "events": SpanEvents,
		"dropped_events_count": SpanDroppedEventsCount, "links": SpanLinks, "dropped_links_count": SpanDroppedLinksCount, "status": SpanStatus,
	})
	f(&trace.Span_Event{}, numbers{"time_unix_nano": EventTimeUnixNano, "name": EventName, "attributes": EventAttributes, "dropped_attributes_count": EventDroppedAttributesCount})
	f(&trace.Span_Link{}, numbers{
		"trace_id": LinkTraceID, "span_id": LinkSpanID, "trace_state": LinkTraceState, "attributes": LinkAttributes,
		"dropped_attributes_count": LinkDroppedAttributesCount, "flags": LinkFlags,
	})
	f(&trace.Status{}, numbers{"message": StatusMessage, "code": StatusCode})
	f(&logs.LogRecord{}, numbers{
		"time_unix_nano": LogRecordTimeUnixNano, "observed_time_unix_nano": LogRecordObservedTimeUnixNano, "severity_number": LogRecordSeverityNumber,
		"severity_text": LogRecordSeverityText, "body": LogRecordBody, "attributes": LogRecordAttributes,
		"dropped_attributes_count": LogRecordDroppedAttributesCount, "flags": LogRecordFlags, "trace_id": LogRecordTraceID,
		"span_id": LogRecordSpanID, "event_name": LogRecordEventName,
	})
	f(&metrics.Metric{}, numbers{
		"name": MetricName, "description": MetricDescription, "unit": MetricUnit, "gauge": MetricGauge, "sum": MetricSum,
		"histogram": MetricHistogram, "exponential_histogram": MetricExponentialHistogram, "summary": MetricSummary, "metadata": MetricMetadata,
	})
	f(&metrics.Gauge{}, numbers{"data_points": GaugeDataPoints})
	f(&metrics.Sum{}, numbers{"data_points": SumDataPoints, "aggregation_temporality": SumAggregationTemporality, "is_monotonic": SumIsMonotonic})
	f(&metrics.Histogram{}, numbers{"data_points": HistogramDataPoints, "aggregation_temporality": HistogramAggregationTemporality})
	f(&metrics.ExponentialHistogram{}, numbers{"data_points": ExponentialHistogramDataPoints, "aggregation_temporality": ExponentialHistogramAggregationTemporality})
	f(&metrics.Summary{}, numbers{"data_points": SummaryDataPoints})
	f(&metrics.NumberDataPoint{}, numbers{
		"attributes": NumberDataPointAttributes, "start_time_unix_nano": NumberDataPointStartTimeUnixNano, "time_unix_nano": NumberDataPointTimeUnixNano,
		"as_double": NumberDataPointAsDouble, "as_int": NumberDataPointAsInt, "exemplars": NumberDataPointExemplars, "flags": NumberDataPointFlags,
	})
	f(&metrics.HistogramDataPoint{}, numbers{
		"attributes": HistogramDataPointAttributes, "start_time_unix_nano": HistogramDataPointStartTimeUnixNano, "time_unix_nano": HistogramDataPointTimeUnixNano,
		"count": HistogramDataPointCount, "sum": HistogramDataPointSum, "bucket_counts": HistogramDataPointBucketCounts,
		"explicit_bounds": HistogramDataPointExplicitBounds, "exemplars": HistogramDataPointExemplars, "flags": HistogramDataPointFlags,
		"min": HistogramDataPointMin, "max": HistogramDataPointMax,
	})
	f(&metrics.ExponentialHistogramDataPoint{}, numbers{
		"attributes": ExponentialHistogramDataPointAttributes, "start_time_unix_nano": ExponentialHistogramDataPointStartTimeUnixNano,
		"time_unix_nano": ExponentialHistogramDataPointTimeUnixNano, "count": ExponentialHistogramDataPointCount, "sum": ExponentialHistogramDataPointSum,
		"scale": ExponentialHistogramDataPointScale, "zero_count": ExponentialHistogramDataPointZeroCount, "positive": ExponentialHistogramDataPointPositive,
		"negative": ExponentialHistogramDataPointNegative, "flags": ExponentialHistogramDataPointFlags, "exemplars": ExponentialHistogramDataPointExemplars,
		"min": ExponentialHistogramDataPointMin, "max": ExponentialHistogramDataPointMax, "zero_threshold": ExponentialHistogramDataPointZeroThreshold,
	})
	f(&metrics.ExponentialHistogramDataPoint_Buckets{}, numbers{"offset": BucketsOffset, "bucket_counts": BucketsBucketCounts})
	f(&metrics.SummaryDataPoint{}, numbers{
		"attributes": SummaryDataPointAttributes, "start_time_unix_nano": SummaryDataPointStartTimeUnixNano, "time_unix_nano": SummaryDataPointTimeUnixNano,
		"count": SummaryDataPointCount, "sum": SummaryDataPointSum, "quantile_values": SummaryDataPointQuantileValues, "flags": SummaryDataPointFlags,
	})
	f(&metrics.SummaryDataPoint_ValueAtQuantile{}, numbers{"quantile": ValueAtQuantileQuantile, "value": ValueAtQuantileValue})
	f(&metrics.Exemplar{}, numbers{
		"filtered_attributes": ExemplarFilteredAttributes, "time_unix_nano": ExemplarTimeUnixNano, "as_double": ExemplarAsDouble,
		"as_int": ExemplarAsInt, "span_id": ExemplarSpanID, "trace_id": ExemplarTraceID,
	})
}
