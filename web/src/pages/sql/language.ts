// What the query language has, for completion and highlighting (docs/query.md).

export const tables = ["spans", "logs", "metrics"] as const;
export type Table = (typeof tables)[number];

export const keywords =
  "SELECT DISTINCT FROM WHERE GROUP BY HAVING ORDER LIMIT OFFSET AS AND OR NOT IN LIKE ILIKE BETWEEN IS NULL TRUE FALSE CASE WHEN THEN ELSE END ASC DESC NULLS FIRST LAST FILTER INTERVAL TIMESTAMP DATE CAST EXPLAIN ANALYZE".split(
    " ",
  );

/** functions with how they are called; those with a note are offered first. */
export const functions: Record<string, string> = {
  count: "(*) or (x)",
  count_if: "(condition)",
  sum: "(x)",
  avg: "(x)",
  min: "(x)",
  max: "(x)",
  p50: "(x)",
  p75: "(x)",
  p90: "(x)",
  p95: "(x)",
  p99: "(x)",
  p999: "(x)",
  median: "(x)",
  quantile: "(0.99, x)",
  topk: "(10, x)",
  any: "(x)",
  rate: "() or (x), a second",
  approx_count_distinct: "(x)",
  stddev: "(x)",
  variance: "(x)",
  time_bucket: "(1m, timestamp)",
  date_trunc: "('hour', t)",
  date_part: "('dow', t)",
  now: "()",
  to_unix: "(t)",
  from_unix: "(n)",
  lower: "(s)",
  upper: "(s)",
  length: "(s)",
  trim: "(s)",
  substr: "(s, from, n)",
  contains: "(s, part)",
  starts_with: "(s, part)",
  ends_with: "(s, part)",
  position: "(s, part)",
  replace: "(s, old, new)",
  split_part: "(s, sep, n)",
  concat: "(…)",
  regexp_extract: "(s, re)",
  abs: "(x)",
  round: "(x, digits)",
  floor: "(x)",
  ceil: "(x)",
  sqrt: "(x)",
  exp: "(x)",
  ln: "(x)",
  log2: "(x)",
  log10: "(x)",
  pow: "(x, y)",
  coalesce: "(…)",
  nullif: "(a, b)",
  if: "(c, a, b)",
  greatest: "(…)",
  least: "(…)",
  typeof: "(x)",
};

/** tableOf is the table that a query reads at a place of its text, logs being what is asked most. */
export function tableOf(text: string): Table {
  const name = /\bFROM\s+(spans|traces|logs|metrics)\b/i.exec(text)?.[1]?.toLowerCase();
  return name === "traces" ? "spans" : name === "logs" || name === "metrics" ? name : "spans";
}

export const examples: { title: string; query: string }[] = [
  {
    title: "Slowest operations",
    query: `SELECT service, name, count(*) AS calls, p95(duration), max(duration)
FROM spans
WHERE timestamp >= :from AND timestamp < :to
GROUP BY service, name
ORDER BY p95(duration) DESC
LIMIT 50`,
  },
  {
    title: "Requests a second",
    query: `SELECT time_bucket(:step, timestamp) AS t, service, rate()
FROM spans
WHERE kind = 'server' AND timestamp >= :from AND timestamp < :to
GROUP BY t, service
ORDER BY t`,
  },
  {
    title: "Errors by message",
    query: `SELECT status_message, service, count(*) AS n, max(timestamp) AS last
FROM spans
WHERE error AND timestamp >= :from AND timestamp < :to
GROUP BY status_message, service
ORDER BY n DESC
LIMIT 100`,
  },
  {
    title: "Log levels over time",
    query: `SELECT time_bucket(:step, timestamp) AS t, level, count(*) AS n
FROM logs
WHERE timestamp >= :from AND timestamp < :to
GROUP BY t, level
ORDER BY t`,
  },
  {
    title: "Metrics and their last values",
    query: `SELECT name, unit, type, service, max(timestamp) AS last, count(*) AS points
FROM metrics
WHERE timestamp >= :from AND timestamp < :to
GROUP BY name, unit, type, service
ORDER BY name`,
  },
];
