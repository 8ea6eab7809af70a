# What Grafana asks Tempo: TraceQL searches, metrics of spans, names and values of attributes.

-- query tempo.search
-- ttlog
SELECT trace_id, span_id, timestamp, duration FROM spans WHERE http.response.status_code = 200 AND duration > 300ms ORDER BY timestamp DESC LIMIT 20
-- clickhouse
SELECT TraceId, SpanId, Timestamp, Duration FROM otel_traces WHERE SpanAttributes['http.response.status_code'] = '200' AND Duration > 300000000 ORDER BY Timestamp DESC LIMIT 20

-- query tempo.search_name
-- ttlog
SELECT trace_id, span_id, timestamp FROM spans WHERE service = 'driver' AND name = 'driver.DriverService/FindNearest' AND timestamp >= '{from}' AND timestamp < '{to}' ORDER BY timestamp DESC LIMIT 20
-- clickhouse
SELECT TraceId, SpanId, Timestamp FROM otel_traces WHERE ServiceName = 'driver' AND SpanName = 'driver.DriverService/FindNearest' AND Timestamp >= '{from}' AND Timestamp < '{to}' ORDER BY Timestamp DESC LIMIT 20

-- query tempo.search_regex
-- ttlog
SELECT name, count(*) FROM spans WHERE name ~ '^GET /(disp|cust).*' GROUP BY name
-- clickhouse
SELECT SpanName, count() FROM otel_traces WHERE match(SpanName, '^GET /(disp|cust).*') GROUP BY SpanName

-- query tempo.search_url
-- ttlog
SELECT trace_id, span_id, duration FROM spans WHERE url.full ~ 'customer=[0-9]+' ORDER BY duration DESC, span_id LIMIT 20
-- clickhouse
SELECT TraceId, SpanId, Duration FROM otel_traces WHERE match(SpanAttributes['url.full'], 'customer=[0-9]+') ORDER BY Duration DESC, SpanId LIMIT 20

-- query tempo.event
-- ttlog
SELECT count(*) FROM spans WHERE contains(events, '"name":"redis timeout"')
-- clickhouse
SELECT count() FROM otel_traces WHERE has(Events.Name, 'redis timeout')

-- query tempo.error_rate
-- ttlog
SELECT time_bucket(1m, timestamp) AS t, service, count(*) / 60.0 FROM spans WHERE status = 'error' GROUP BY t, service
-- clickhouse
SELECT toStartOfMinute(Timestamp) AS t, ServiceName, count() / 60.0 FROM otel_traces WHERE StatusCode = 'Error' GROUP BY t, ServiceName

-- query tempo.rate_by_route
-- ttlog
SELECT time_bucket(30s, timestamp) AS t, http.route, count(*) FROM spans WHERE kind = 'server' GROUP BY t, http.route
-- clickhouse
SELECT toStartOfInterval(Timestamp, INTERVAL 30 second) AS t, nullIf(SpanAttributes['http.route'], ''), count() FROM otel_traces WHERE SpanKind = 'Server' GROUP BY t, SpanAttributes['http.route']

-- query tempo.quantiles within 0.006
-- ttlog
SELECT service, p50(duration), p90(duration), p99(duration) FROM spans WHERE timestamp >= '{from}' AND timestamp < '{to}' GROUP BY service
-- clickhouse
SELECT ServiceName, quantile(0.5)(Duration), quantile(0.9)(Duration), quantile(0.99)(Duration) FROM otel_traces WHERE Timestamp >= '{from}' AND Timestamp < '{to}' GROUP BY ServiceName
-- exact
SELECT ServiceName, s[toUInt64(ceil(0.5 * n))], s[toUInt64(ceil(0.9 * n))], s[toUInt64(ceil(0.99 * n))]
FROM (SELECT ServiceName, arraySort(groupArray(Duration)) AS s, count() AS n FROM otel_traces WHERE Timestamp >= '{from}' AND Timestamp < '{to}' GROUP BY ServiceName)

-- query tempo.histogram
-- ttlog
SELECT floor(log2(duration::float)) AS bucket, count(*) FROM spans WHERE service = 'frontend' AND duration > 0ms GROUP BY bucket
-- clickhouse
SELECT floor(log2(Duration)) AS bucket, count() FROM otel_traces WHERE ServiceName = 'frontend' AND Duration > 0 GROUP BY bucket

-- query tempo.values
-- ttlog
SELECT http.route, count(*) FROM spans WHERE http.route IS NOT NULL GROUP BY http.route
-- clickhouse
SELECT SpanAttributes['http.route'] AS v, count() FROM otel_traces WHERE mapContains(SpanAttributes, 'http.route') GROUP BY v

-- query tempo.values_many
-- ttlog
SELECT param.driverID AS v, count(*) AS n FROM spans WHERE param.driverID IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT 100
-- clickhouse
SELECT SpanAttributes['param.driverID'] AS v, count() AS n FROM otel_traces WHERE v != '' GROUP BY v ORDER BY n DESC, v LIMIT 100

-- query tempo.roots
-- ttlog
SELECT service, name, count(*), avg(duration)::float FROM spans WHERE parent_span_id IS NULL GROUP BY service, name
-- clickhouse
SELECT ServiceName, SpanName, count(), avg(Duration) FROM otel_traces WHERE ParentSpanId = '' GROUP BY ServiceName, SpanName
