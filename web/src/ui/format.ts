// How figures are written: short, with three digits that count, and the same everywhere.

/** duration writes nanoseconds. */
export function duration(ns: number | null | undefined): string {
  if (ns === null || ns === undefined || !Number.isFinite(ns)) return "–";
  const abs = Math.abs(ns);
  if (abs < 1e3) return `${Math.round(ns)} ns`;
  if (abs < 999.5e3) return `${digits(ns / 1e3)} µs`;
  if (abs < 999.5e6) return `${digits(ns / 1e6)} ms`;
  if (abs < 60e9) return `${digits(ns / 1e9)} s`;
  if (abs < 3600e9) return `${Math.floor(ns / 60e9)} m ${Math.floor((ns % 60e9) / 1e9)} s`;
  if (abs < 86400e9) return `${Math.floor(ns / 3600e9)} h ${Math.floor((ns % 3600e9) / 60e9)} m`;
  return `${digits(ns / 86400e9)} d`;
}

/** digits writes three digits that count, without zeros at the end. */
export function digits(v: number): string {
  const abs = Math.abs(v);
  if (abs === 0) return "0";
  const text = abs >= 100 ? v.toFixed(0) : abs >= 10 ? v.toFixed(1) : abs >= 0.01 ? v.toFixed(2) : v.toPrecision(2);
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

const grouped = new Intl.NumberFormat("en-US");

/** whole writes a count in full. */
export const whole = (n: number): string => grouped.format(n);

/** count writes it short: 12.3 k. */
export function count(n: number | null | undefined): string {
  if (n === null || n === undefined) return "–";
  const abs = Math.abs(n);
  if (abs < 10_000) return Number.isInteger(n) ? whole(n) : digits(n);
  if (abs < 999_500) return `${digits(n / 1e3)} k`;
  if (abs < 999.5e6) return `${digits(n / 1e6)} M`;
  return `${digits(n / 1e9)} G`;
}

/** rate writes a number of something per second. */
export const rate = (perSecond: number): string => `${count(Number(perSecond.toPrecision(3)))}/s`;

/** percent writes a share of 1. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0001) return "<0.01 %";
  if (share < 1 && share > 0.9999) return ">99.99 %";
  return `${digits(share * 100)} %`;
}

/** bytes writes a size. */
export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (Math.abs(n) >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return `${digits(n)} ${units[i]}`;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string, kind: "day" | "time"): Intl.DateTimeFormat {
  const key = `${zone} ${kind}`;
  let c = clocks.get(key);
  if (!c) {
    c = new Intl.DateTimeFormat(
      kind === "day" ? "en-CA" : "en-GB",
      kind === "day"
        ? { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }
        : { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
    );
    clocks.set(key, c);
  }
  return c;
}

/** day and time of milliseconds in a zone; time has as many digits of the second as asked. */
export const day = (ms: number, zone: string): string => clockOf(zone, "day").format(ms);
export function time(ms: number, zone: string, fraction = 0): string {
  const text = clockOf(zone, "time").format(ms);
  if (fraction === 0) return text;
  const rest = ((ms % 1e3) + 1e3) % 1e3;
  return `${text}.${(Math.floor(rest * 1e3) / 1e3).toFixed(3).replace(".", "").padStart(6, "0").slice(0, fraction)}`;
}

/** ago says how long before now something was. */
export function ago(ms: number, now = Date.now()): string {
  const s = Math.round((now - ms) / 1e3);
  if (s < 60) return `${Math.max(s, 0)} s ago`;
  if (s < 3600) return `${Math.round(s / 60)} min ago`;
  if (s < 86400) return `${Math.round(s / 3600)} h ago`;
  return `${Math.round(s / 86400)} d ago`;
}
