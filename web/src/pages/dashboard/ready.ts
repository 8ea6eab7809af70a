// The dashboards that come along. They are about attributes of the semantic
// conventions, by their present names and those before.
import type { Dashboard, Panel, Variable } from "./model";

const range = "timestamp >= :from AND timestamp < :to";

type Brief = Partial<Panel> & Pick<Panel, "title" | "kind" | "query">;

const panels = (...list: Brief[]): Panel[] =>
  list.map((p, i) => ({ unit: "", width: 6, height: 2, ...p, id: `p${i + 1}` }));

const service = (where: string): Variable => ({
  name: "service",
  query: `SELECT service FROM spans WHERE ${range} AND ${where} GROUP BY service ORDER BY service`,
  value: "",
});

const http = "kind = 'server' AND coalesce(http.request.method, http.method) IS NOT NULL";
const httpWhere = `${range} AND ${http} AND (:service = '' OR service = :service)`;
const status = "coalesce(http.response.status_code, http.status_code)";
const route = "coalesce(http.route, name)";

const database = "coalesce(db.system.name, db.system) IS NOT NULL AND coalesce(db.system.name, db.system) != 'redis'";
const redis = "coalesce(db.system.name, db.system) = 'redis'";
const calls = (of: string) => `${range} AND ${of} AND (:service = '' OR service = :service)`;
const command = "coalesce(db.operation.name, db.operation, name)";

const heat = (where: string) =>
  `SELECT time_bucket(:step, timestamp) AS t, pow(2, floor(log2(duration::int) * 2) / 2) AS ns, count(*) AS n
FROM spans
WHERE ${where} AND duration > 0ns
GROUP BY t, ns
ORDER BY t`;

const gauge = (name: string, by?: string) =>
  `SELECT time_bucket(:step, timestamp) AS t, service${by ? `, ${by} AS kind` : ""}, avg(value) AS value
FROM metrics
WHERE ${range} AND name = '${name}' AND (:service = '' OR service = :service)
GROUP BY t, service${by ? ", kind" : ""}
ORDER BY t`;

export const ready: Record<string, Dashboard> = {
  "ready-http": {
    title: "HTTP servers",
    description: "Requests, errors and durations of HTTP servers by route and status.",
    variables: [service(http)],
    panels: panels(
      {
        title: "Requests",
        kind: "number",
        width: 3,
        height: 1,
        query: `SELECT count(*) AS requests FROM spans WHERE ${httpWhere}`,
      },
      {
        title: "Server errors",
        kind: "number",
        unit: "share",
        width: 3,
        height: 1,
        query: `SELECT count_if(${status} >= 500)::float / count(*) AS share FROM spans WHERE ${httpWhere}`,
      },
      {
        title: "Quantiles of durations",
        kind: "number",
        width: 6,
        height: 1,
        query: `SELECT p50(duration) AS p50, p95(duration) AS p95, p99(duration) AS p99 FROM spans WHERE ${httpWhere}`,
      },
      {
        title: "Requests a second by route",
        kind: "lines",
        unit: "rate",
        query: `SELECT time_bucket(:step, timestamp) AS t, ${route} AS route, rate()
FROM spans
WHERE ${httpWhere}
GROUP BY t, route
ORDER BY t`,
      },
      {
        title: "By status",
        kind: "stack",
        query: `SELECT time_bucket(:step, timestamp) AS t, ${status}::string AS code, count(*) AS n
FROM spans
WHERE ${httpWhere}
GROUP BY t, code
ORDER BY t`,
      },
      {
        title: "95th percentile by route",
        kind: "lines",
        query: `SELECT time_bucket(:step, timestamp) AS t, ${route} AS route, p95(duration)
FROM spans
WHERE ${httpWhere}
GROUP BY t, route
ORDER BY t`,
      },
      { title: "Durations", kind: "heat", unit: "ns", query: heat(httpWhere) },
      {
        title: "Routes",
        kind: "table",
        width: 12,
        query: `SELECT service, coalesce(http.request.method, http.method) AS method, ${route} AS route, count(*) AS requests, count_if(${status} >= 500) AS errors, p50(duration) AS p50, p95(duration) AS p95, p99(duration) AS p99
FROM spans
WHERE ${httpWhere}
GROUP BY service, method, route
ORDER BY requests DESC
LIMIT 100`,
      },
    ),
  },
  "ready-database": {
    title: "Databases",
    description: "Calls of databases by system, operation and who calls.",
    variables: [service(database)],
    panels: panels(
      {
        title: "Calls a second by system",
        kind: "lines",
        unit: "rate",
        query: `SELECT time_bucket(:step, timestamp) AS t, coalesce(db.system.name, db.system) AS system, rate()
FROM spans
WHERE ${calls(database)}
GROUP BY t, system
ORDER BY t`,
      },
      {
        title: "95th percentile by system",
        kind: "lines",
        query: `SELECT time_bucket(:step, timestamp) AS t, coalesce(db.system.name, db.system) AS system, p95(duration)
FROM spans
WHERE ${calls(database)}
GROUP BY t, system
ORDER BY t`,
      },
      { title: "Durations", kind: "heat", unit: "ns", query: heat(calls(database)) },
      {
        title: "Time spent by service",
        kind: "bars",
        query: `SELECT service, sum(duration) AS time
FROM spans
WHERE ${calls(database)}
GROUP BY service
ORDER BY time DESC
LIMIT 20`,
      },
      {
        title: "Slowest queries",
        kind: "table",
        width: 12,
        query: `SELECT service, coalesce(db.query.summary, db.query.text, db.statement, name) AS query, count(*) AS calls, count_if(error) AS errors, p95(duration) AS p95, max(duration) AS longest, sum(duration) AS total
FROM spans
WHERE ${calls(database)}
GROUP BY service, query
ORDER BY total DESC
LIMIT 100`,
      },
    ),
  },
  "ready-redis": {
    title: "Redis",
    description: "Commands of Redis by name and who sends them.",
    variables: [service(redis)],
    panels: panels(
      {
        title: "Commands a second",
        kind: "lines",
        unit: "rate",
        query: `SELECT time_bucket(:step, timestamp) AS t, ${command} AS command, rate()
FROM spans
WHERE ${calls(redis)}
GROUP BY t, command
ORDER BY t`,
      },
      {
        title: "99th percentile",
        kind: "lines",
        query: `SELECT time_bucket(:step, timestamp) AS t, ${command} AS command, p99(duration)
FROM spans
WHERE ${calls(redis)}
GROUP BY t, command
ORDER BY t`,
      },
      { title: "Durations", kind: "heat", unit: "ns", query: heat(calls(redis)) },
      {
        title: "Errors",
        kind: "stack",
        query: `SELECT time_bucket(:step, timestamp) AS t, service, count(*) AS errors
FROM spans
WHERE ${calls(redis)} AND error
GROUP BY t, service
ORDER BY t`,
      },
      {
        title: "Commands",
        kind: "table",
        width: 12,
        query: `SELECT service, ${command} AS command, server.address, count(*) AS calls, count_if(error) AS errors, p50(duration) AS p50, p99(duration) AS p99, max(duration) AS longest
FROM spans
WHERE ${calls(redis)}
GROUP BY service, command, server.address
ORDER BY calls DESC
LIMIT 100`,
      },
    ),
  },
  "ready-go": {
    title: "Go runtime",
    description: "Memory, goroutines and the collector of programs in Go.",
    variables: [
      {
        name: "service",
        query: `SELECT service FROM metrics WHERE ${range} AND starts_with(name, 'go.') GROUP BY service ORDER BY service`,
        value: "",
      },
    ],
    panels: panels(
      { title: "Goroutines", kind: "lines", query: gauge("go.goroutine.count") },
      { title: "Memory", kind: "lines", unit: "bytes", query: gauge("go.memory.used", "go.memory.type") },
      { title: "The heap's next target", kind: "lines", unit: "bytes", query: gauge("go.memory.gc.goal") },
      {
        title: "Allocations in each step",
        kind: "lines",
        query: `SELECT time_bucket(:step, timestamp) AS t, service, max(value) - min(value) AS allocations
FROM metrics
WHERE ${range} AND name = 'go.memory.allocations' AND (:service = '' OR service = :service)
GROUP BY t, service
ORDER BY t`,
      },
      { title: "Processors that may be used", kind: "lines", height: 1, query: gauge("go.processor.limit") },
      {
        title: "What is measured",
        kind: "table",
        query: `SELECT name, unit, service, count(*) AS points, max(timestamp) AS last
FROM metrics
WHERE ${range} AND starts_with(name, 'go.') AND (:service = '' OR service = :service)
GROUP BY name, unit, service
ORDER BY name
LIMIT 100`,
      },
    ),
  },
  "ready-ttlog": {
    title: "What ttlog takes in",
    description: "How much of which signal arrives, from whom, and how late. How ttlog itself fares is under Status.",
    variables: [],
    panels: panels(
      {
        title: "Spans a second",
        kind: "lines",
        unit: "rate",
        width: 4,
        query: `SELECT time_bucket(:step, timestamp) AS t, service, rate() FROM spans WHERE ${range} GROUP BY t, service ORDER BY t`,
      },
      {
        title: "Log records a second",
        kind: "lines",
        unit: "rate",
        width: 4,
        query: `SELECT time_bucket(:step, timestamp) AS t, service, rate() FROM logs WHERE ${range} GROUP BY t, service ORDER BY t`,
      },
      {
        title: "Metric points a second",
        kind: "lines",
        unit: "rate",
        width: 4,
        query: `SELECT time_bucket(:step, timestamp) AS t, service, rate() FROM metrics WHERE ${range} GROUP BY t, service ORDER BY t`,
      },
      {
        title: "Who sends spans",
        kind: "bars",
        width: 4,
        query: `SELECT service, count(*) AS spans FROM spans WHERE ${range} GROUP BY service ORDER BY spans DESC LIMIT 20`,
      },
      {
        title: "Which scopes",
        kind: "bars",
        width: 4,
        query: `SELECT scope_name, count(*) AS spans FROM spans WHERE ${range} GROUP BY scope_name ORDER BY spans DESC LIMIT 20`,
      },
      {
        title: "How late logs were seen",
        kind: "lines",
        width: 4,
        query: `SELECT time_bucket(:step, timestamp) AS t, service, p95(observed_timestamp - timestamp) AS late
FROM logs
WHERE ${range} AND observed_timestamp IS NOT NULL
GROUP BY t, service
ORDER BY t`,
      },
      {
        title: "What was dropped before it was sent",
        kind: "table",
        width: 12,
        query: `SELECT service, sum(dropped_attributes_count) AS attributes, sum(dropped_events_count) AS events, sum(dropped_links_count) AS links, count_if(clock_skew) AS skewed_clocks, count_if(duration IS NULL) AS unfinished
FROM spans
WHERE ${range}
GROUP BY service
ORDER BY service
LIMIT 100`,
      },
    ),
  },
};
