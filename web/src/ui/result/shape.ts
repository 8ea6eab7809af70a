// What a chart makes of the rows of a query: which column is the time, which
// name a series, which are numbers.
import type { Column, Result, Value } from "../../api/client";
import { count, digits, duration, percent } from "../format";

export interface Shape {
  /** The column of times, or of labels, -1 without. */
  time: number;
  labels: number[];
  numbers: number[];
}

const isNumber = (c: Column): boolean => c.type === "int" || c.type === "float" || c.type === "duration";

export function shapeOf(columns: Column[]): Shape {
  const at = (test: (c: Column) => boolean) => columns.flatMap((c, i) => (test(c) ? [i] : []));
  return {
    time: columns.findIndex((c) => c.type === "timestamp"),
    labels: at((c) => !isNumber(c) && c.type !== "timestamp"),
    numbers: at(isNumber),
  };
}

export type Unit = "" | "ns" | "s" | "bytes" | "share" | "rate";

/** writer writes numbers of a column: a duration as such, others as the unit says. */
export function writer(type: string, unit: Unit = ""): (v: number) => string {
  if (type === "duration" || unit === "ns") return duration;
  if (unit === "s") return (v) => duration(v * 1e9);
  if (unit === "share") return percent;
  if (unit === "bytes") return bytesShort;
  if (unit === "rate") return (v) => `${count(Number(v.toPrecision(3)))}/s`;
  return (v) => (Math.abs(v) >= 1e3 ? count(v) : digits(v));
}

function bytesShort(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; Math.abs(n) >= 1024 && i < 4; i++) n /= 1024;
  return `${digits(n)} ${units[i]}`;
}

export interface Lines {
  /** ms, and ns between two. */
  from: number;
  step: number;
  /** series have a number for each step, null where there was no row. */
  series: { label: string; type: string; values: (number | null)[] }[];
  /** Series that were left out, of more than there are colours for. */
  more: number;
}

const mostSteps = 5_000;
const mostSeries = 24;

/** numberOf is a value as a number: int64 beyond what JSON's have are text. */
export const numberOf = (v: Value): number | null =>
  typeof v === "number" ? v : typeof v === "string" && v !== "" && Number.isFinite(Number(v)) ? Number(v) : null;

const textOf = (v: Value): string => (v === null ? "(none)" : typeof v === "object" ? JSON.stringify(v) : String(v));

/** linesOf makes series over time of rows, or undefined where there is no time or no number. */
export function linesOf(r: Result): Lines | undefined {
  const shape = shapeOf(r.columns);
  if (shape.time < 0 || shape.numbers.length === 0) return undefined;
  const times = [
    ...new Set(r.rows.flatMap((row) => (row[shape.time] === null ? [] : [Date.parse(String(row[shape.time]))]))),
  ].sort((a, b) => a - b);
  if (times.length === 0) return undefined;
  let width = Number.POSITIVE_INFINITY;
  for (let i = 1; i < times.length; i++) width = Math.min(width, times[i]! - times[i - 1]!);
  if (!Number.isFinite(width)) width = 6e4;
  const [from, last] = [times[0]!, times.at(-1)!];
  width = Math.max(width, (last - from) / mostSteps, 1e-3);
  const n = Math.round((last - from) / width) + 1;
  const all = new Map<string, Lines["series"][number]>();
  for (const row of r.rows) {
    if (row[shape.time] === null) continue;
    const i = Math.round((Date.parse(String(row[shape.time])) - from) / width);
    const key = shape.labels.map((l) => textOf(row[l]!)).join(" · ");
    for (const c of shape.numbers) {
      const column = r.columns[c]!;
      const label = key === "" ? column.name : shape.numbers.length === 1 ? key : `${key} · ${column.name}`;
      let s = all.get(label);
      if (!s) {
        s = { label, type: column.type, values: Array<number | null>(n).fill(null) };
        all.set(label, s);
      }
      s.values[i] = numberOf(row[c]!);
    }
  }
  const weight = (s: Lines["series"][number]) => s.values.reduce<number>((a, v) => a + Math.abs(v ?? 0), 0);
  let series = [...all.values()];
  if (series.length > mostSeries) series = series.sort((a, b) => weight(b) - weight(a)).slice(0, mostSeries);
  return { from, step: width * 1e6, series, more: all.size - series.length };
}

export interface Bar {
  label: string;
  value: number;
}

/** barsOf makes a bar of each row. */
export function barsOf(r: Result): { type: string; name: string; bars: Bar[] } | undefined {
  const shape = shapeOf(r.columns);
  const number = shape.numbers.at(-1);
  if (number === undefined) return undefined;
  const others = r.columns.flatMap((_, i) => (i === number ? [] : [i]));
  const labels = shape.labels.length > 0 ? shape.labels : others;
  return {
    type: r.columns[number]!.type,
    name: r.columns[number]!.name,
    bars: r.rows.slice(0, 200).map((row) => ({
      label: labels.map((l) => textOf(row[l]!)).join(" · "),
      value: numberOf(row[number]!) ?? 0,
    })),
  };
}

export interface Cells {
  from: number;
  step: number;
  /** bounds has one more than each of counts. */
  bounds: number[];
  counts: number[][];
  type: string;
}

/** cellsOf makes a heat map of rows of a time, a number (the lower bound of a bucket), and how many. */
export function cellsOf(r: Result): Cells | undefined {
  const shape = shapeOf(r.columns);
  const [y, n] = shape.numbers;
  if (shape.time < 0 || y === undefined || n === undefined) return undefined;
  const levels = [...new Set(r.rows.map((row) => numberOf(row[y]!)))]
    .filter((v): v is number => v !== null)
    .sort((a, b) => a - b)
    .slice(0, 400);
  const lines = linesOf({
    ...r,
    columns: [r.columns[shape.time]!, { name: "n", type: "int" }],
    rows: r.rows.map((row) => [row[shape.time]!, 0]),
  });
  if (!lines || levels.length === 0) return undefined;
  const counts = lines.series[0]!.values.map(() => Array<number>(levels.length).fill(0));
  for (const row of r.rows) {
    const t = Math.round(((Date.parse(String(row[shape.time])) - lines.from) * 1e6) / lines.step);
    const d = levels.indexOf(numberOf(row[y]!) ?? Number.NaN);
    if (d >= 0 && counts[t]) counts[t][d]! += numberOf(row[n]!) ?? 0;
  }
  const last = levels.at(-1)!;
  const above = levels.length > 1 && levels.at(-2)! > 0 ? (last * last) / levels.at(-2)! : last + 1;
  return { from: lines.from, step: lines.step, bounds: [...levels, above], counts, type: r.columns[y]!.type };
}
