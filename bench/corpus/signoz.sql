# What SigNoz asks: services, operations, explorers of spans, logs and metrics.

-- query signoz.services within 0.006
-- ttlog
SELECT service, count(*), p99(duration), avg(duration)::float, count_if(error) FROM spans WHERE kind = 'server' GROUP BY service
-- clickhouse
SELECT ServiceName, count(), quantile(0.99)(Duration), avg(Duration), countIf(StatusCode = 'Error') FROM otel_traces WHERE SpanKind = 'Server' GROUP BY ServiceName
-- exact
SELECT ServiceName, count(), arraySort(groupArray(Duration))[toUInt64(ceil(0.99 * count()))], avg(Duration), countIf(StatusCode = 'Error') FROM otel_traces WHERE SpanKind = 'Server' GROUP BY ServiceName

-- query signoz.top_operations within 0.006
-- ttlog
SELECT name, p50(duration), p95(duration), p99(duration), count(*), count_if(error) FROM spans WHERE service = 'redis-manual' GROUP BY name
-- clickhouse
SELECT SpanName, quantile(0.5)(Duration), quantile(0.95)(Duration), quantile(0.99)(Duration), count(), countIf(StatusCode = 'Error') FROM otel_traces WHERE ServiceName = 'redis-manual' GROUP BY SpanName
-- exact
SELECT SpanName, s[toUInt64(ceil(0.5 * n))], s[toUInt64(ceil(0.95 * n))], s[toUInt64(ceil(0.99 * n))], n, e
FROM (SELECT SpanName, arraySort(groupArray(Duration)) AS s, count() AS n, countIf(StatusCode = 'Error') AS e FROM otel_traces WHERE ServiceName = 'redis-manual' GROUP BY SpanName)

-- query signoz.apdex
-- ttlog
SELECT service, count_if(duration <= 100ms), count_if(duration > 100ms AND duration <= 400ms), count(*) FROM spans WHERE kind = 'server' GROUP BY service
-- clickhouse
SELECT ServiceName, countIf(Duration <= 100000000), countIf(Duration > 100000000 AND Duration <= 400000000), count() FROM otel_traces WHERE SpanKind = 'Server' GROUP BY ServiceName

-- query signoz.spans
-- ttlog
SELECT timestamp, service, name, duration, http.request.method, http.response.status_code, trace_id, span_id FROM spans ORDER BY timestamp DESC LIMIT 100
-- clickhouse
SELECT Timestamp, ServiceName, SpanName, Duration, nullIf(SpanAttributes['http.request.method'], ''), toInt64OrNull(SpanAttributes['http.response.status_code']), TraceId, SpanId FROM otel_traces ORDER BY Timestamp DESC LIMIT 100

-- query signoz.spans_page
-- ttlog
SELECT timestamp, name, duration, trace_id, span_id FROM spans WHERE service = 'frontend' ORDER BY timestamp DESC LIMIT 50 OFFSET 1000
-- clickhouse
SELECT Timestamp, SpanName, Duration, TraceId, SpanId FROM otel_traces WHERE ServiceName = 'frontend' ORDER BY Timestamp DESC LIMIT 50 OFFSET 1000

-- query signoz.span_counts
-- ttlog
SELECT time_bucket(1m, timestamp) AS t, service, count(*) FROM spans GROUP BY t, service
-- clickhouse
SELECT toStartOfMinute(Timestamp) AS t, ServiceName, count() FROM otel_traces GROUP BY t, ServiceName

-- query signoz.logs
-- ttlog
SELECT timestamp, severity_text, service, body FROM logs ORDER BY timestamp DESC, body LIMIT 100
-- clickhouse
SELECT Timestamp, SeverityText, ServiceName, Body FROM otel_logs ORDER BY Timestamp DESC, Body LIMIT 100

-- query signoz.log_levels
-- ttlog
SELECT service, severity_text, count(*) FROM logs GROUP BY service, severity_text
-- clickhouse
SELECT ServiceName, SeverityText, count() FROM otel_logs GROUP BY ServiceName, SeverityText

-- query signoz.log_errors
-- ttlog
SELECT timestamp, service, body FROM logs WHERE severity_text IN ('ERROR', 'FATAL') AND service = 'Hadoop' ORDER BY timestamp DESC, body LIMIT 100
-- clickhouse
SELECT Timestamp, ServiceName, Body FROM otel_logs WHERE SeverityText IN ('ERROR', 'FATAL') AND ServiceName = 'Hadoop' ORDER BY Timestamp DESC, Body LIMIT 100

-- query signoz.log_attribute
-- ttlog
SELECT service, Component, count(*) FROM logs WHERE EventId = 'E9' GROUP BY service, Component
-- clickhouse
SELECT ServiceName, nullIf(LogAttributes['Component'], ''), count() FROM otel_logs WHERE LogAttributes['EventId'] = 'E9' GROUP BY ServiceName, LogAttributes['Component']

-- query signoz.logs_of_trace
-- ttlog
SELECT timestamp, span_id, body FROM logs WHERE trace_id = '{failed}'
-- clickhouse
SELECT Timestamp, SpanId, Body FROM otel_logs WHERE TraceId = '{failed}'

-- query signoz.metric
-- ttlog
SELECT time_bucket(10s, timestamp) AS t, cpu, mode, max(value) FROM metrics WHERE name = 'node_cpu_seconds_total' GROUP BY t, cpu, mode
-- clickhouse
SELECT toStartOfInterval(TimeUnix, INTERVAL 10 second) AS t, Attributes['cpu'], Attributes['mode'], max(Value) FROM otel_metrics_sum WHERE MetricName = 'node_cpu_seconds_total' GROUP BY t, Attributes['cpu'], Attributes['mode']

-- query signoz.metric_names
-- ttlog
SELECT name, unit, count(*) FROM metrics WHERE type = 'gauge' GROUP BY name, unit
-- clickhouse
SELECT MetricName, MetricUnit, count() FROM otel_metrics_gauge GROUP BY MetricName, MetricUnit

-- query signoz.metric_labels
-- ttlog
SELECT DISTINCT device FROM metrics WHERE name = 'node_network_mtu_bytes'
-- clickhouse
SELECT DISTINCT Attributes['device'] FROM otel_metrics_gauge WHERE MetricName = 'node_network_mtu_bytes'
