import { bytes, count, digits, duration, percent } from "../../ui/format";

const seconds: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9 };
const sizes: Record<string, number> = { By: 1, KiBy: 1 << 10, MiBy: 1 << 20, GiBy: 1 << 30 };

/** writerOf writes values of a metric in its unit (UCUM), a second where they are a rate. */
export function writerOf(unit: string, of: string): (v: number) => string {
  const plain = (v: number) => (Math.abs(v) >= 1e4 ? count(v) : digits(v));
  if (of === "count") return plain;
  if (of === "rate") {
    if (unit in sizes) return (v) => `${bytes(v * sizes[unit]!)}/s`;
    // Seconds of every second are a share.
    if (unit in seconds && unit === "s") return percent;
    return (v) => `${plain(v)}/s`;
  }
  if (unit in seconds) return (v) => duration(v * seconds[unit]!);
  if (unit in sizes) return (v) => bytes(v * sizes[unit]!);
  if (unit === "%") return (v) => `${digits(v)} %`;
  return plain;
}

/** unitName is a unit as people read it: {request} is a note, not a unit. */
export const unitName = (unit: string): string => (unit === "1" ? "ratio" : unit.replace(/[{}]/g, ""));

/** choices are what a metric of a type can be asked for, the first being what it says most with. */
export function choices(type: string, monotonic: boolean): string[] {
  if (/histogram/.test(type))
    return ["p50", "p75", "p90", "p95", "p99", "p999", "avg", "rate", "sum", "count", "heatmap"];
  if (type === "summary") return ["avg", "rate", "sum", "count"];
  if (type === "sum" && monotonic) return ["rate", "increase", "last"];
  return ["last", "avg", "min", "max", "sum"];
}

/** usual is what is asked for without a choice, as the call has it. */
export function usual(type: string, monotonic: boolean): string {
  if (/histogram/.test(type)) return "p95";
  return type === "sum" && monotonic ? "rate" : type === "summary" ? "avg" : "last";
}
