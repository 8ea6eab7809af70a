# What Jaeger's interface asks: services, operations, searches, one trace, the monitor.

-- query jaeger.services
-- ttlog
SELECT DISTINCT service FROM spans
-- clickhouse
SELECT DISTINCT ServiceName FROM otel_traces

-- query jaeger.operations
-- ttlog
SELECT DISTINCT name, kind FROM spans WHERE service = 'frontend'
-- clickhouse
SELECT DISTINCT SpanName, lower(SpanKind) FROM otel_traces WHERE ServiceName = 'frontend'

-- query jaeger.trace
-- ttlog
SELECT span_id, parent_span_id, service, name, kind, timestamp, duration, status, status_message
FROM spans WHERE trace_id = '{trace}'
-- clickhouse
WITH (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = '{trace}') AS start,
  (SELECT max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = '{trace}') AS end
SELECT SpanId, nullIf(ParentSpanId, ''), ServiceName, SpanName, lower(SpanKind), Timestamp, Duration, lower(StatusCode), StatusMessage
FROM otel_traces WHERE TraceId = '{trace}' AND Timestamp >= start AND Timestamp <= end

-- query jaeger.find
-- ttlog
SELECT trace_id, min(timestamp) AS t FROM spans
WHERE service = 'frontend' AND name = 'GET /dispatch' AND timestamp >= '{from}' AND timestamp < '{to}'
GROUP BY trace_id ORDER BY t DESC LIMIT 20
-- clickhouse
SELECT TraceId, min(Timestamp) AS t FROM otel_traces
WHERE ServiceName = 'frontend' AND SpanName = 'GET /dispatch' AND Timestamp >= '{from}' AND Timestamp < '{to}'
GROUP BY TraceId ORDER BY t DESC LIMIT 20

-- query jaeger.find_slow
-- ttlog
SELECT trace_id, max(duration) AS d FROM spans WHERE service = 'frontend' AND duration > 800ms
GROUP BY trace_id ORDER BY d DESC LIMIT 20
-- clickhouse
SELECT TraceId, max(Duration) AS d FROM otel_traces WHERE ServiceName = 'frontend' AND Duration > 800000000
GROUP BY TraceId ORDER BY d DESC LIMIT 20

-- query jaeger.find_tag
-- ttlog
SELECT trace_id, span_id, timestamp, duration FROM spans WHERE param.driverID = '{driver}'
-- clickhouse
SELECT TraceId, SpanId, Timestamp, Duration FROM otel_traces WHERE SpanAttributes['param.driverID'] = '{driver}'

-- query jaeger.find_error
-- ttlog
SELECT trace_id, span_id, timestamp FROM spans WHERE service = 'redis-manual' AND error ORDER BY timestamp DESC LIMIT 20
-- clickhouse
SELECT TraceId, SpanId, Timestamp FROM otel_traces WHERE ServiceName = 'redis-manual' AND StatusCode = 'Error' ORDER BY Timestamp DESC LIMIT 20

-- query jaeger.find_tags
-- ttlog
SELECT trace_id, span_id, timestamp FROM spans
WHERE service = 'route' AND http.response.status_code = 200 AND http.route = '/route' ORDER BY timestamp DESC LIMIT 20
-- clickhouse
SELECT TraceId, SpanId, Timestamp FROM otel_traces
WHERE ServiceName = 'route' AND SpanAttributes['http.response.status_code'] = '200' AND SpanAttributes['http.route'] = '/route' ORDER BY Timestamp DESC LIMIT 20

-- query jaeger.summaries
-- ttlog
SELECT trace_id, service, count(*), count_if(error), min(timestamp), max(duration) FROM spans WHERE trace_id IN ({traces}) GROUP BY trace_id, service
-- clickhouse
SELECT TraceId, ServiceName, count(), countIf(StatusCode = 'Error'), min(Timestamp), max(Duration) FROM otel_traces WHERE TraceId IN ({traces}) GROUP BY TraceId, ServiceName

-- query jaeger.dependencies
-- ttlog
SELECT p.service AS parent, c.service AS child, count(*) FROM spans c JOIN spans p ON c.trace_id = p.trace_id AND c.parent_span_id = p.span_id
WHERE p.service != c.service AND c.timestamp >= '{from}' AND c.timestamp < '{to}' GROUP BY parent, child
-- clickhouse
SELECT p.ServiceName AS parent, c.ServiceName AS child, count() FROM otel_traces c JOIN otel_traces p ON c.TraceId = p.TraceId AND c.ParentSpanId = p.SpanId
WHERE p.ServiceName != c.ServiceName AND c.Timestamp >= '{from}' AND c.Timestamp < '{to}' GROUP BY parent, child

-- query jaeger.latencies within 0.006
-- ttlog
SELECT time_bucket(1m, timestamp) AS t, name, p95(duration) FROM spans WHERE service = 'frontend' GROUP BY t, name
-- clickhouse
SELECT toStartOfMinute(Timestamp) AS t, SpanName, quantile(0.95)(Duration) FROM otel_traces WHERE ServiceName = 'frontend' GROUP BY t, SpanName
-- exact
SELECT toStartOfMinute(Timestamp) AS t, SpanName, arraySort(groupArray(Duration))[toUInt64(ceil(0.95 * count()))] FROM otel_traces WHERE ServiceName = 'frontend' GROUP BY t, SpanName

-- query jaeger.error_rate
-- ttlog
SELECT time_bucket(1m, timestamp) AS t, service, count_if(error) / count(*) FROM spans GROUP BY t, service
-- clickhouse
SELECT toStartOfMinute(Timestamp) AS t, ServiceName, countIf(StatusCode = 'Error') / count() FROM otel_traces GROUP BY t, ServiceName
