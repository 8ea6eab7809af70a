// The calls that look at telemetry (docs/api.md), with the shapes of their answers.
import type { Range } from "../time/range";
import { get, type Value } from "./client";

export type Signal = "spans" | "logs" | "metrics";

/** Asked is what the calls have in common. */
export interface Asked {
  range: Range;
  where?: string;
  service?: string;
  signal?: Signal;
}

const bounds = (a: Asked) => ({
  from: new Date(a.range.from).toISOString(),
  to: new Date(a.range.to).toISOString(),
  where: a.where,
  service: a.service,
  signal: a.signal,
});

export interface Red {
  requests: number;
  errors: number;
  rate: number;
  error_rate: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  entries: boolean;
  series: {
    requests: number[];
    errors: number[];
    p50: (number | null)[];
    p95: (number | null)[];
    p99: (number | null)[];
  };
}

export interface Heat {
  from: string;
  step: number;
  total: number;
  unfinished: number;
  bounds: number[];
  counts: number[][];
  errors: number[][];
}

export const heatmap = (a: Asked, buckets: number, levels: number, signal?: AbortSignal) =>
  get<Heat>("heatmap", { ...bounds({ ...a, signal: undefined }), buckets, levels }, signal);

export interface Histogram {
  from: string;
  step: number;
  total: number;
  series: { value?: Value; other?: boolean; total: number; counts: number[] }[];
}

export const histogram = (a: Asked, by: string, buckets: number, limit: number, signal?: AbortSignal) =>
  get<Histogram>("histogram", { ...bounds(a), by, buckets, limit }, signal);

export interface Facet {
  key: string;
  present: number;
  values: { value: Value; count: number }[];
}

export const facets = (a: Asked, keys: string[], limit: number, signal?: AbortSignal) =>
  get<{ total: number; sampled: number; facets: Facet[] }>(
    "facets",
    { ...bounds(a), keys: keys.join(","), limit },
    signal,
  );

export interface Field {
  key: string;
  place: "column" | "record" | "resource" | "scope";
  types: string[];
  count?: number;
}

export const fields = (a: Asked, limit: number, signal?: AbortSignal) =>
  get<{ fields: Field[] }>("fields", { ...bounds(a), limit }, signal);

/** knownFields are all names that begin with a text, whenever they were sent. */
export const knownFields = (of: Signal, prefix: string, limit: number, signal?: AbortSignal) =>
  get<{ fields: Field[] }>("fields", { signal: of, prefix, limit }, signal);

export const values = (a: Asked, key: string, prefix: string, limit: number, signal?: AbortSignal) =>
  get<{ values: { value: Value; count: number }[] }>("values", { ...bounds(a), key, prefix, limit }, signal);

export interface Comparison {
  sampled: number;
  selected: number;
  rest: number;
  attributes: {
    key: string;
    score: number;
    selected: number;
    rest: number;
    values: { value: Value; selected: number; rest: number }[];
  }[];
}

export const compare = (a: Asked, selection: string, limit: number, signal?: AbortSignal) =>
  get<Comparison>("compare", { ...bounds(a), selection, limit }, signal);

export interface ServiceRow {
  name: string;
  spans: number;
  logs: number;
  points: number;
  red: Red;
}

export const services = (a: Asked, buckets: number, signal?: AbortSignal) =>
  get<ServiceRow[]>("services", { ...bounds(a), buckets, limit: 1000 }, signal);

export interface Edge {
  from: string;
  to: string;
  kind: "service" | "database" | "messaging" | "external";
  calls: number;
  errors: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface Graph {
  sampled: number;
  unmatched: number;
  nodes: { service: string; kind: Edge["kind"]; spans: number; errors: number }[];
  edges: Edge[];
}

/** graph is who calls whom. Of a sample, its figures are those of all, about. */
export async function graph(a: Asked, limit: number, signal?: AbortSignal): Promise<Graph> {
  const g = await get<Graph>("graph", { ...bounds(a), limit }, signal);
  const all = (n: number) => Math.round(n / g.sampled);
  return {
    ...g,
    nodes: g.nodes.map((n) => ({ ...n, spans: all(n.spans), errors: all(n.errors) })),
    edges: g.edges.map((e) => ({ ...e, calls: all(e.calls), errors: all(e.errors) })),
  };
}

export interface Service {
  name: string;
  from: string;
  step: number;
  red: Red;
  operations: { name: string; kind: string; red: Red }[];
  versions: { version: string | null; first_seen: string; last_seen: string; spans: number }[];
  /** Data points of its metrics. */
  points: number;
  logs: { level: string | null; count: number }[];
}

export const service = (a: Asked, name: string, buckets: number, limit: number, signal?: AbortSignal) =>
  get<Service>(`services/${encodeURIComponent(name)}`, { ...bounds(a), buckets, limit }, signal);
