import type { Range } from "../time/range";
import { query, type Result, type Value } from "./client";

/** mostRows is how many rows are shown of a query that has no LIMIT of its own. */
export const mostRows = 10_000;

/** plainText is a query without what its strings and comments say, of the same length. */
export const plainText = (sql: string): string =>
  sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g, (m) => " ".repeat(m.length));

/** withLimit bounds a query that has no bound: a page cannot hold a table. Positions in its text stay. */
export function withLimit(sql: string): { sql: string; added: boolean } {
  const plain = plainText(sql);
  let depth = 0;
  let top = "";
  for (const c of plain) {
    if (c === ")") depth--;
    top += depth === 0 ? c : " ";
    if (c === "(") depth++;
  }
  if (/\bLIMIT\b/i.test(top) || /^\s*EXPLAIN\b/i.test(top)) return { sql, added: false };
  const end = plain.replace(/[\s;]+$/, "").length;
  return { sql: `${sql.slice(0, end)}\nLIMIT ${mostRows}`, added: true };
}

/** widths that clocks have, as the language writes them. */
const widths: [number, string][] = [
  [1, "1s"],
  [2, "2s"],
  [5, "5s"],
  [10, "10s"],
  [15, "15s"],
  [30, "30s"],
  [60, "1m"],
  [120, "2m"],
  [300, "5m"],
  [600, "10m"],
  [900, "15m"],
  [1800, "30m"],
  [3600, "1h"],
  [7200, "2h"],
  [10800, "3h"],
  [21600, "6h"],
  [43200, "12h"],
  [86400, "1d"],
  [172800, "2d"],
  [604800, "7d"],
  [2419200, "28d"],
];

/** stepOf is the width of about n buckets of a range. */
export const stepOf = (r: Range, n: number): string =>
  (widths.find(([s]) => s * 1e3 * n >= r.to - r.from) ?? widths.at(-1)!)[1];

/** rangeParams are what :from, :to and :step in a query mean. */
export const rangeParams = (r: Range, buckets = 120): Record<string, Value> => ({
  from: new Date(r.from).toISOString(),
  to: new Date(r.to).toISOString(),
  step: stepOf(r, buckets),
});

/** used keeps the parameters that the text of a query has. */
export function used(sql: string, params: Record<string, Value>): Record<string, Value> {
  const plain = plainText(sql);
  return Object.fromEntries(
    Object.entries(params).filter(([name]) => new RegExp(`(^|[^:\\w]):${name}\\b`).test(plain)),
  );
}

/** ask runs a query, bounded, with the parameters that it names. */
export async function ask(
  sql: string,
  params: Record<string, Value>,
  signal?: AbortSignal,
  zone?: string,
): Promise<Result & { cut: boolean }> {
  const bounded = withLimit(sql);
  const result = await query(bounded.sql, used(sql, params), signal, zone);
  return { ...result, cut: bounded.added && result.rows.length >= mostRows };
}
