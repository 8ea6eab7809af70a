import { get, type Value } from "./client";
import type { Asked } from "./looking";

export interface Metric {
  name: string;
  unit: string;
  type: string;
  temporality: string;
  monotonic: boolean;
  description: string;
  services: string[];
  points: number;
  last: string;
}

export interface SeriesAnswer {
  metric: string;
  unit: string;
  type: string;
  of: string;
  from: string;
  step: number;
  series: { labels: Record<string, Value>; values: (number | null)[] }[];
  bounds?: (number | string)[];
  counts?: number[][];
  exemplars: { timestamp: string; value: number; trace_id: string | null; span_id: string | null }[];
  resets: number;
  /** Series beyond the limit. */
  dropped: number;
}

const bounds = (a: Asked) => ({
  from: new Date(a.range.from).toISOString(),
  to: new Date(a.range.to).toISOString(),
  where: a.where,
  service: a.service,
});

export const metrics = (a: Asked, filter: { prefix?: string; type?: string; unit?: string }, signal?: AbortSignal) =>
  get<Metric[]>("metrics", { ...bounds(a), where: undefined, ...filter, limit: 1000 }, signal);

export const series = (
  a: Asked,
  metric: string,
  options: { of?: string; by?: string; buckets: number; limit: number },
  signal?: AbortSignal,
) => get<SeriesAnswer>("series", { ...bounds(a), metric, ...options }, signal);
