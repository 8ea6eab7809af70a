import { get, send } from "./client";
import type { Asked } from "./looking";

export interface Issue {
  id: string;
  type: string;
  message: string;
  sample: string;
  frames: string[];
  count: number;
  first: string;
  last: string;
  series: number[];
  services: string[];
  versions: string[];
  operations: string[];
  signals: string[];
  trace_id: string | null;
  span_id: string | null;
  state: "open" | "resolved" | "regressed";
  resolved: { at?: string; note?: string } | null;
}

export interface Issues {
  from: string;
  step: number;
  sampled: number;
  issues: Issue[];
}

/** issues are the errors of a range. Of a sample, how often each came is told of all, about. */
export async function issues(a: Asked, state: string, buckets: number, limit: number, signal?: AbortSignal) {
  const found = await get<Issues>(
    "errors",
    {
      from: new Date(a.range.from).toISOString(),
      to: new Date(a.range.to).toISOString(),
      service: a.service,
      where: a.where,
      state,
      buckets,
      limit,
    },
    signal,
  );
  const all = (n: number) => Math.round(n / found.sampled);
  return { ...found, issues: found.issues.map((i) => ({ ...i, count: all(i.count), series: i.series.map(all) })) };
}

/** resolve marks an issue as done, until it comes back. */
export async function resolve(id: string, note: string): Promise<void> {
  const path = `errors/${encodeURIComponent(id)}/resolved`;
  const init: RequestInit = { method: "PUT" };
  if (note !== "") {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify({ note });
  }
  await send(path, init, `PUT ${path}`);
}

export async function reopen(id: string): Promise<void> {
  const path = `errors/${encodeURIComponent(id)}/resolved`;
  await send(path, { method: "DELETE" }, `DELETE ${path}`);
}
