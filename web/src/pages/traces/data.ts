import { objects, query } from "../../api/client";
import type { Asked } from "../../api/looking";
import { all, during } from "../../api/sql";

export interface SpanRow {
  timestamp: string;
  trace_id: string;
  span_id: string;
  service: string | null;
  name: string;
  kind: string;
  duration: number | null;
  status: string;
  status_message: string;
}

export interface TraceSummary {
  trace_id: string;
  spans: number;
  errors: number;
  services: string[];
}

/** What results are sorted by, with how to say it in a query. */
export const orders = { time: "timestamp", duration: "duration", service: "service", name: "name" } as const;
export type Order = keyof typeof orders;

export async function findSpans(asked: Asked, order: Order, down: boolean, limit: number, signal: AbortSignal) {
  const r = await query(
    `SELECT timestamp, trace_id, span_id, service, name, kind, duration, status, status_message
FROM spans
WHERE ${during(asked.range)}${asked.where ? `\n  AND ${asked.where}` : ""}
ORDER BY ${orders[order]} ${down ? "DESC" : "ASC"} LIMIT ${limit}`,
    {},
    signal,
  );
  return { rows: objects<SpanRow>(r), stats: r.stats, warnings: r.warnings ?? [] };
}

/** summaries are of whole traces, of which only a span may be in the results. */
export async function summaries(asked: Asked, ids: string[], signal: AbortSignal): Promise<Map<string, TraceSummary>> {
  const hour = 36e5; // what began before the range, or goes on behind it, belongs to it
  const r = await query(
    `SELECT trace_id, count(*) AS spans, count_if(error) AS errors, topk(6, service) AS services
FROM spans
WHERE ${all([during({ from: asked.range.from - hour, to: asked.range.to + hour }), "trace_id IN (:ids)"])}
GROUP BY trace_id`,
    { ids },
    signal,
  );
  type Row = Omit<TraceSummary, "services"> & { services: { value: string }[] | null };
  return new Map(objects<Row>(r).map((t) => [t.trace_id, { ...t, services: (t.services ?? []).map((s) => s.value) }]));
}
