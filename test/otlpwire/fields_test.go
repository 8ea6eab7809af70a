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

	"github.com/ttlog/ttlog/internal/otlpwire"
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
	f(&coltrace.ExportTraceServiceRequest{}, numbers{"resource_spans": otlpwire.RequestResourceSpans})
	f(&collogs.ExportLogsServiceRequest{}, numbers{"resource_logs": otlpwire.RequestResourceLogs})
	f(&colmetrics.ExportMetricsServiceRequest{}, numbers{"resource_metrics": otlpwire.RequestResourceMetrics})
	f(&coltrace.ExportTraceServiceResponse{}, numbers{"partial_success": otlpwire.ResponsePartialSuccess})
	f(&coltrace.ExportTracePartialSuccess{}, numbers{"rejected_spans": otlpwire.PartialSuccessRejected, "error_message": otlpwire.PartialSuccessErrorMessage})
	f(&collogs.ExportLogsPartialSuccess{}, numbers{"rejected_log_records": otlpwire.PartialSuccessRejected, "error_message": otlpwire.PartialSuccessErrorMessage})
	f(&colmetrics.ExportMetricsPartialSuccess{}, numbers{"rejected_data_points": otlpwire.PartialSuccessRejected, "error_message": otlpwire.PartialSuccessErrorMessage})
	f(&trace.ResourceSpans{}, numbers{"resource": otlpwire.ResourceSpansResource, "scope_spans": otlpwire.ResourceSpansScopeSpans, "schema_url": otlpwire.ResourceSpansSchemaURL})
	f(&logs.ResourceLogs{}, numbers{"resource": otlpwire.ResourceLogsResource, "scope_logs": otlpwire.ResourceLogsScopeLogs, "schema_url": otlpwire.ResourceLogsSchemaURL})
	f(&metrics.ResourceMetrics{}, numbers{"resource": otlpwire.ResourceMetricsResource, "scope_metrics": otlpwire.ResourceMetricsScopeMetrics, "schema_url": otlpwire.ResourceMetricsSchemaURL})
	f(&metrics.ResourceMetrics{}, numbers{"resource": otlpwire.GroupResource, "scope_metrics": otlpwire.GroupScopes, "schema_url": otlpwire.GroupSchemaURL})
	f(&trace.ScopeSpans{}, numbers{"scope": otlpwire.ScopeSpansScope, "spans": otlpwire.ScopeSpansSpans, "schema_url": otlpwire.ScopeSpansSchemaURL})
	f(&logs.ScopeLogs{}, numbers{"scope": otlpwire.ScopeLogsScope, "log_records": otlpwire.ScopeLogsLogRecords, "schema_url": otlpwire.ScopeLogsSchemaURL})
	f(&metrics.ScopeMetrics{}, numbers{"scope": otlpwire.ScopeMetricsScope, "metrics": otlpwire.ScopeMetricsMetrics, "schema_url": otlpwire.ScopeMetricsSchemaURL})
	f(&metrics.ScopeMetrics{}, numbers{"scope": otlpwire.ScopeGroupScope, "metrics": otlpwire.ScopeGroupRecords, "schema_url": otlpwire.ScopeGroupSchemaURL})
	f(&resource.Resource{}, numbers{"attributes": otlpwire.ResourceAttributes, "dropped_attributes_count": otlpwire.ResourceDroppedAttributesCount, "entity_refs": otlpwire.ResourceEntityRefs})
	f(&common.EntityRef{}, numbers{"schema_url": otlpwire.EntityRefSchemaURL, "type": otlpwire.EntityRefType, "id_keys": otlpwire.EntityRefIDKeys, "description_keys": otlpwire.EntityRefDescriptionKeys})
	f(&common.InstrumentationScope{}, numbers{"name": otlpwire.ScopeName, "version": otlpwire.ScopeVersion, "attributes": otlpwire.ScopeAttributes, "dropped_attributes_count": otlpwire.ScopeDroppedAttributesCount})
	f(&common.KeyValue{}, numbers{"key": otlpwire.KeyValueKey, "value": otlpwire.KeyValueValue, "key_strindex": otlpwire.KeyValueKeyStrindex})
	f(&common.AnyValue{}, numbers{
		"string_value": otlpwire.AnyValueString, "bool_value": otlpwire.AnyValueBool, "int_value": otlpwire.AnyValueInt, "double_value": otlpwire.AnyValueDouble,
		"array_value": otlpwire.AnyValueArray, "kvlist_value": otlpwire.AnyValueKvlist, "bytes_value": otlpwire.AnyValueBytes, "string_value_strindex": otlpwire.AnyValueStringStrindex,
	})
	f(&common.ArrayValue{}, numbers{"values": otlpwire.ArrayValueValues})
	f(&common.KeyValueList{}, numbers{"values": otlpwire.KeyValueListValues})
	f(&trace.Span{}, numbers{
		"trace_id": otlpwire.SpanTraceID, "span_id": otlpwire.SpanSpanID, "trace_state": otlpwire.SpanTraceState, "parent_span_id": otlpwire.SpanParentSpanID, "flags": otlpwire.SpanFlags,
		"name": otlpwire.SpanName, "kind": otlpwire.SpanKind, "start_time_unix_nano": otlpwire.SpanStartTimeUnixNano, "end_time_unix_nano": otlpwire.SpanEndTimeUnixNano,
		"attributes": otlpwire.SpanAttributes, "dropped_attributes_count": otlpwire.SpanDroppedAttributesCount, "events": otlpwire.SpanEvents,
		"dropped_events_count": otlpwire.SpanDroppedEventsCount, "links": otlpwire.SpanLinks, "dropped_links_count": otlpwire.SpanDroppedLinksCount, "status": otlpwire.SpanStatus,
	})
	f(&trace.Span_Event{}, numbers{"time_unix_nano": otlpwire.EventTimeUnixNano, "name": otlpwire.EventName, "attributes": otlpwire.EventAttributes, "dropped_attributes_count": otlpwire.EventDroppedAttributesCount})
	f(&trace.Span_Link{}, numbers{
		"trace_id": otlpwire.LinkTraceID, "span_id": otlpwire.LinkSpanID, "trace_state": otlpwire.LinkTraceState, "attributes": otlpwire.LinkAttributes,
		"dropped_attributes_count": otlpwire.LinkDroppedAttributesCount, "flags": otlpwire.LinkFlags,
	})
	f(&trace.Status{}, numbers{"message": otlpwire.StatusMessage, "code": otlpwire.StatusCode})
	f(&logs.LogRecord{}, numbers{
		"time_unix_nano": otlpwire.LogRecordTimeUnixNano, "observed_time_unix_nano": otlpwire.LogRecordObservedTimeUnixNano, "severity_number": otlpwire.LogRecordSeverityNumber,
		"severity_text": otlpwire.LogRecordSeverityText, "body": otlpwire.LogRecordBody, "attributes": otlpwire.LogRecordAttributes,
		"dropped_attributes_count": otlpwire.LogRecordDroppedAttributesCount, "flags": otlpwire.LogRecordFlags, "trace_id": otlpwire.LogRecordTraceID,
		"span_id": otlpwire.LogRecordSpanID, "event_name": otlpwire.LogRecordEventName,
	})
	f(&metrics.Metric{}, numbers{
		"name": otlpwire.MetricName, "description": otlpwire.MetricDescription, "unit": otlpwire.MetricUnit, "gauge": otlpwire.MetricGauge, "sum": otlpwire.MetricSum,
		"histogram": otlpwire.MetricHistogram, "exponential_histogram": otlpwire.MetricExponentialHistogram, "summary": otlpwire.MetricSummary, "metadata": otlpwire.MetricMetadata,
	})
	f(&metrics.Gauge{}, numbers{"data_points": otlpwire.GaugeDataPoints})
	f(&metrics.Sum{}, numbers{"data_points": otlpwire.SumDataPoints, "aggregation_temporality": otlpwire.SumAggregationTemporality, "is_monotonic": otlpwire.SumIsMonotonic})
	f(&metrics.Histogram{}, numbers{"data_points": otlpwire.HistogramDataPoints, "aggregation_temporality": otlpwire.HistogramAggregationTemporality})
	f(&metrics.ExponentialHistogram{}, numbers{"data_points": otlpwire.ExponentialHistogramDataPoints, "aggregation_temporality": otlpwire.ExponentialHistogramAggregationTemporality})
	f(&metrics.Summary{}, numbers{"data_points": otlpwire.SummaryDataPoints})
	f(&metrics.NumberDataPoint{}, numbers{
		"attributes": otlpwire.NumberDataPointAttributes, "start_time_unix_nano": otlpwire.NumberDataPointStartTimeUnixNano, "time_unix_nano": otlpwire.NumberDataPointTimeUnixNano,
		"as_double": otlpwire.NumberDataPointAsDouble, "as_int": otlpwire.NumberDataPointAsInt, "exemplars": otlpwire.NumberDataPointExemplars, "flags": otlpwire.NumberDataPointFlags,
	})
	f(&metrics.HistogramDataPoint{}, numbers{
		"attributes": otlpwire.HistogramDataPointAttributes, "start_time_unix_nano": otlpwire.HistogramDataPointStartTimeUnixNano, "time_unix_nano": otlpwire.HistogramDataPointTimeUnixNano,
		"count": otlpwire.HistogramDataPointCount, "sum": otlpwire.HistogramDataPointSum, "bucket_counts": otlpwire.HistogramDataPointBucketCounts,
		"explicit_bounds": otlpwire.HistogramDataPointExplicitBounds, "exemplars": otlpwire.HistogramDataPointExemplars, "flags": otlpwire.HistogramDataPointFlags,
		"min": otlpwire.HistogramDataPointMin, "max": otlpwire.HistogramDataPointMax,
	})
	f(&metrics.ExponentialHistogramDataPoint{}, numbers{
		"attributes": otlpwire.ExponentialHistogramDataPointAttributes, "start_time_unix_nano": otlpwire.ExponentialHistogramDataPointStartTimeUnixNano,
		"time_unix_nano": otlpwire.ExponentialHistogramDataPointTimeUnixNano, "count": otlpwire.ExponentialHistogramDataPointCount, "sum": otlpwire.ExponentialHistogramDataPointSum,
		"scale": otlpwire.ExponentialHistogramDataPointScale, "zero_count": otlpwire.ExponentialHistogramDataPointZeroCount, "positive": otlpwire.ExponentialHistogramDataPointPositive,
		"negative": otlpwire.ExponentialHistogramDataPointNegative, "flags": otlpwire.ExponentialHistogramDataPointFlags, "exemplars": otlpwire.ExponentialHistogramDataPointExemplars,
		"min": otlpwire.ExponentialHistogramDataPointMin, "max": otlpwire.ExponentialHistogramDataPointMax, "zero_threshold": otlpwire.ExponentialHistogramDataPointZeroThreshold,
	})
	f(&metrics.ExponentialHistogramDataPoint_Buckets{}, numbers{"offset": otlpwire.BucketsOffset, "bucket_counts": otlpwire.BucketsBucketCounts})
	f(&metrics.SummaryDataPoint{}, numbers{
		"attributes": otlpwire.SummaryDataPointAttributes, "start_time_unix_nano": otlpwire.SummaryDataPointStartTimeUnixNano, "time_unix_nano": otlpwire.SummaryDataPointTimeUnixNano,
		"count": otlpwire.SummaryDataPointCount, "sum": otlpwire.SummaryDataPointSum, "quantile_values": otlpwire.SummaryDataPointQuantileValues, "flags": otlpwire.SummaryDataPointFlags,
	})
	f(&metrics.SummaryDataPoint_ValueAtQuantile{}, numbers{"quantile": otlpwire.ValueAtQuantileQuantile, "value": otlpwire.ValueAtQuantileValue})
	f(&metrics.Exemplar{}, numbers{
		"filtered_attributes": otlpwire.ExemplarFilteredAttributes, "time_unix_nano": otlpwire.ExemplarTimeUnixNano, "as_double": otlpwire.ExemplarAsDouble,
		"as_int": otlpwire.ExemplarAsInt, "span_id": otlpwire.ExemplarSpanID, "trace_id": otlpwire.ExemplarTraceID,
	})
}
