# What the figures query.* measure, but for query.trace, which is a call of the API in ttlog.

-- query query.slow
-- ttlog
SELECT span_id, duration, error FROM traces WHERE service = 'frontend' AND duration > 100ms ORDER BY duration DESC LIMIT 100
-- clickhouse
SELECT SpanId, Duration, (StatusCode = 'Error')::Bool FROM otel_traces WHERE ServiceName = 'frontend' AND Duration > 100000000 ORDER BY Duration DESC LIMIT 100

-- query query.count
-- ttlog
SELECT count(*), service, name FROM spans GROUP BY service, name
-- clickhouse
SELECT count(), ServiceName, SpanName FROM otel_traces GROUP BY ServiceName, SpanName

-- query query.p99 within 0.006
-- ttlog
SELECT time_bucket(1m, timestamp) t, service, p99(duration) FROM spans GROUP BY t, service
-- clickhouse
SELECT toStartOfMinute(Timestamp) t, ServiceName, quantile(0.99)(Duration) FROM otel_traces GROUP BY t, ServiceName
-- exact
SELECT toStartOfMinute(Timestamp) t, ServiceName, arraySort(groupArray(Duration))[toUInt64(ceil(0.99 * count()))] FROM otel_traces GROUP BY t, ServiceName

-- query query.attr rows
-- ttlog
SELECT * FROM spans WHERE param.driverID = '{driver}'
-- clickhouse
SELECT * FROM otel_traces WHERE SpanAttributes['param.driverID'] = '{driver}'

-- query query.services
-- ttlog
SELECT DISTINCT service FROM spans
-- clickhouse
SELECT DISTINCT ServiceName FROM otel_traces

-- query query.newest rows
-- ttlog
SELECT * FROM spans ORDER BY timestamp DESC LIMIT 100
-- clickhouse
SELECT * FROM otel_traces ORDER BY Timestamp DESC LIMIT 100

-- query query.word
-- ttlog
SELECT count(*) FROM logs WHERE contains(body, 'terminating')
-- clickhouse
SELECT count() FROM otel_logs WHERE Body LIKE '%terminating%'

-- query query.regex
-- ttlog
SELECT count(*) FROM logs WHERE body ~ 'blk_.*terminating'
-- clickhouse
SELECT count() FROM otel_logs WHERE match(Body, 'blk_.*terminating')

-- query query.phrase
-- ttlog
SELECT count(*) FROM logs WHERE service = 'HDFS' AND contains(body, 'PacketResponder 1 for block')
-- clickhouse
SELECT count() FROM otel_logs WHERE ServiceName = 'HDFS' AND Body LIKE '%PacketResponder 1 for block%'

-- query query.series
-- ttlog
SELECT time_bucket(10s, timestamp) t, cpu, mode, avg(value) FROM metrics WHERE name = 'node_cpu_seconds_total' GROUP BY t, cpu, mode
-- clickhouse
SELECT toStartOfInterval(TimeUnix, INTERVAL 10 second) t, Attributes['cpu'], Attributes['mode'], avg(Value) FROM otel_metrics_sum WHERE MetricName = 'node_cpu_seconds_total' GROUP BY t, Attributes['cpu'], Attributes['mode']

-- query query.join
-- ttlog
SELECT s.trace_id, s.name, s.duration, l.timestamp, l.body FROM spans s JOIN logs l ON s.trace_id = l.trace_id
WHERE s.service = 'frontend' AND s.duration > 1s AND l.level = 'ERROR' ORDER BY s.duration DESC, l.timestamp LIMIT 100
-- clickhouse
SELECT s.TraceId, s.SpanName, s.Duration, l.Timestamp, l.Body FROM otel_traces s JOIN otel_logs l ON s.TraceId = l.TraceId
WHERE s.ServiceName = 'frontend' AND s.Duration > 1000000000 AND l.SeverityText = 'ERROR' ORDER BY s.Duration DESC, l.Timestamp LIMIT 100
