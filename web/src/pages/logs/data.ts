import { get, objects, query, type Value } from "../../api/client";
import type { Asked } from "../../api/looking";
import { during } from "../../api/sql";

/** LogRow is what a line of the list needs; the rest is asked for when it is opened. */
export interface LogRow {
  timestamp: string;
  level: string | null;
  service: string | null;
  body: Value;
  trace_id: string | null;
  span_id: string | null;
  /** The values of the columns that were added. */
  extra: Value[];
  /** What names the line in the address. */
  key: string;
}

/** mostShown is how much of a message the list has: there may be thousands of a megabyte each. */
export const mostShown = 4_000;

/** rowOf keeps of a record what the list shows. */
export function rowOf(r: Omit<LogRow, "extra" | "key">, extra: Value[]): LogRow {
  const { timestamp, level, service, trace_id, span_id } = r;
  const body = short(textOf(r.body), mostShown);
  return { timestamp, level, service, body, trace_id, span_id, extra, key: writeLine(lineOf(r)) };
}

/** LogRecord is all of a line, as the calls answer. */
export interface LogRecord {
  timestamp: string;
  level: string | null;
  service: string | null;
  body: Value;
  trace_id: string | null;
  span_id: string | null;
  attributes: Record<string, Value>;
  resource: Record<string, Value>;
  [column: string]: Value;
}

export const pageSize = 500;
/** The list ends here; who wants more narrows the range. */
export const mostRows = 20_000;

export async function findLogs(asked: Asked, columns: string[], newest: boolean, offset: number, signal: AbortSignal) {
  const extra = columns.map((c, i) => `, ${c} AS extra_${i}`).join("");
  const r = await query(
    `SELECT timestamp, level, service, body, trace_id, span_id${extra}
FROM logs
WHERE ${during(asked.range)}${asked.where ? `\n  AND ${asked.where}` : ""}
ORDER BY timestamp ${newest ? "DESC" : "ASC"} LIMIT ${pageSize} OFFSET ${offset}`,
    {},
    signal,
  );
  const rows = objects<LogRow>(r).map((row, i) => rowOf(row, r.rows[i]!.slice(6)));
  return { rows, stats: r.stats, warnings: r.warnings ?? [] };
}

export interface Context {
  before: LogRecord[];
  at: LogRecord[];
  after: LogRecord[];
}

export const context = (line: Line, instance: string | undefined, around: number, signal: AbortSignal) =>
  get<Context>(
    "context",
    { timestamp: line.timestamp, service: line.service, instance, before: around, after: around },
    signal,
  );

export interface Pattern {
  template: string;
  count: number;
  first: string;
  last: string;
  levels: Record<string, number>;
  services: string[];
  sample: string;
  condition: string;
}

export const patterns = (asked: Asked, limit: number, signal: AbortSignal) =>
  get<{ total: number; sampled: number; patterns: Pattern[] }>(
    "patterns",
    {
      from: new Date(asked.range.from).toISOString(),
      to: new Date(asked.range.to).toISOString(),
      where: asked.where,
      limit,
    },
    signal,
  );

/** Line names a log record, which has no id: its time, its service, and a hash of what it says. */
export interface Line {
  timestamp: string;
  service: string;
  hash: string;
}

export function lineOf(r: { timestamp: string; service: string | null; body: Value }): Line {
  return { timestamp: r.timestamp, service: r.service ?? "", hash: hash(textOf(r.body)) };
}

export const writeLine = (l: Line): string => [l.timestamp, l.hash, l.service].join("~");

export function parseLine(text: string): Line | undefined {
  const [timestamp, hash, ...service] = text.split("~");
  return timestamp && hash ? { timestamp, hash, service: service.join("~") } : undefined;
}

function hash(text: string): string {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return (h >>> 0).toString(36);
}

/** textOf is a body as text: it may be any value. */
export const textOf = (body: Value): string =>
  typeof body === "string" ? body : body === null || body === undefined ? "" : JSON.stringify(body);

/** short keeps a line that somebody made a megabyte long from being laid out. */
export const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** keyOf is an attribute as the language has it. */
export const keyOf = (place: "attributes" | "resource", key: string): string =>
  `${place}['${key.replaceAll("'", "''")}']`;
