# What VictoriaLogs' interface asks: words, phrases, hits over time, values of fields.

-- query victorialogs.word
-- ttlog
SELECT count(*) FROM logs WHERE contains(body, 'terminating')
-- clickhouse
SELECT count() FROM otel_logs WHERE Body LIKE '%terminating%'

-- query victorialogs.word_newest
-- ttlog
SELECT timestamp, service, body FROM logs WHERE contains(body, 'failed') ORDER BY timestamp DESC, body LIMIT 20
-- clickhouse
SELECT Timestamp, ServiceName, Body FROM otel_logs WHERE Body LIKE '%failed%' ORDER BY Timestamp DESC, Body LIMIT 20

-- query victorialogs.phrase
-- ttlog
SELECT count(*) FROM logs WHERE service = 'HDFS' AND contains(body, 'PacketResponder 1 for block')
-- clickhouse
SELECT count() FROM otel_logs WHERE ServiceName = 'HDFS' AND Body LIKE '%PacketResponder 1 for block%'

-- query victorialogs.regex
-- ttlog
SELECT count(*) FROM logs WHERE body ~ 'blk_.*terminating'
-- clickhouse
SELECT count() FROM otel_logs WHERE match(Body, 'blk_.*terminating')

-- query victorialogs.ignore_case
-- ttlog
SELECT service, count(*) FROM logs WHERE body ILIKE '%exception%' GROUP BY service
-- clickhouse
SELECT ServiceName, count() FROM otel_logs WHERE Body ILIKE '%exception%' GROUP BY ServiceName

-- query victorialogs.and_not
-- ttlog
SELECT service, count(*) FROM logs WHERE contains(body, 'error') AND NOT contains(body, 'failed') GROUP BY service
-- clickhouse
SELECT ServiceName, count() FROM otel_logs WHERE Body LIKE '%error%' AND Body NOT LIKE '%failed%' GROUP BY ServiceName

-- query victorialogs.either
-- ttlog
SELECT count(*) FROM logs WHERE contains(body, 'Invalid user') OR contains(body, 'authentication failure')
-- clickhouse
SELECT count() FROM otel_logs WHERE Body LIKE '%Invalid user%' OR Body LIKE '%authentication failure%'

-- query victorialogs.rare
-- ttlog
SELECT timestamp, service, body FROM logs WHERE contains(body, 'blk_38865049064139660')
-- clickhouse
SELECT Timestamp, ServiceName, Body FROM otel_logs WHERE Body LIKE '%blk_38865049064139660%'

-- query victorialogs.hits
-- ttlog
SELECT date_trunc('month', timestamp) AS t, count(*) FROM logs GROUP BY t
-- clickhouse
SELECT toStartOfMonth(Timestamp)::DateTime AS t, count() FROM otel_logs GROUP BY t

-- query victorialogs.hits_of_word
-- ttlog
SELECT time_bucket(1d, timestamp) AS t, severity_text, count(*) FROM logs WHERE contains(body, 'connection') GROUP BY t, severity_text
-- clickhouse
SELECT toStartOfDay(Timestamp) AS t, SeverityText, count() FROM otel_logs WHERE Body LIKE '%connection%' GROUP BY t, SeverityText

-- query victorialogs.top
-- ttlog
SELECT EventTemplate AS v, count(*) AS n FROM logs GROUP BY v ORDER BY n DESC, v LIMIT 10
-- clickhouse
SELECT nullIf(LogAttributes['EventTemplate'], '') AS v, count() AS n FROM otel_logs GROUP BY v ORDER BY n DESC, v LIMIT 10

-- query victorialogs.uniques
-- ttlog
SELECT service, count(DISTINCT EventId) FROM logs GROUP BY service
-- clickhouse
SELECT ServiceName, uniqExact(nullIf(LogAttributes['EventId'], '')) FROM otel_logs GROUP BY ServiceName

-- query victorialogs.lengths
-- ttlog
SELECT service, max(length(body)), avg(length(body)) FROM logs GROUP BY service
-- clickhouse
SELECT ServiceName, max(lengthUTF8(Body)), avg(lengthUTF8(Body)) FROM otel_logs GROUP BY ServiceName

-- query victorialogs.extract
-- ttlog
SELECT regexp_extract(body, 'blk_(-?[0-9]+)', 1) AS v, count(*) AS n FROM logs WHERE service = 'HDFS' GROUP BY v ORDER BY n DESC, v LIMIT 20
-- clickhouse
SELECT nullIf(extract(Body, 'blk_(-?[0-9]+)'), '') AS v, count() AS n FROM otel_logs WHERE ServiceName = 'HDFS' GROUP BY v ORDER BY n DESC, v LIMIT 20
