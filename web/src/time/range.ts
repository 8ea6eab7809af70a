// The range of time that a page shows. In the URL it is text, from and to:
// "now", "now-15m" (s, m, h, d, w), or a time in RFC 3339.

export interface Spec {
  from: string;
  to: string;
}

/** Range is [from, to) in milliseconds since 1970. */
export interface Range {
  from: number;
  to: number;
}

export const defaultSpec: Spec = { from: "now-1h", to: "now" };

const units: Record<string, number> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

/** parseTime returns milliseconds, or undefined for what is no time. */
export function parseTime(text: string, now: number): number | undefined {
  const t = text.trim();
  const relative = /^now(?:\s*([-+])\s*(\d+)\s*([smhdw]))?$/.exec(t);
  if (relative) {
    const [, sign, n, unit] = relative;
    return n === undefined ? now : now + (sign === "-" ? -1 : 1) * Number(n) * units[unit!]!;
  }
  if (/^\d{9,10}$/.test(t)) return Number(t) * 1e3;
  if (/^\d{12,13}$/.test(t)) return Number(t);
  if (!/^\d{4}-\d{2}-\d{2}/.test(t)) return undefined;
  // A date alone is UTC to Date, a local time is not: without a zone both are
  // meant as UTC, which is what the query language takes them for.
  const iso = t.replace(" ", "T");
  const at = Date.parse(/T/.test(iso) && !/(Z|[-+]\d{2}:?\d{2})$/i.test(iso) ? `${iso}Z` : iso);
  return Number.isNaN(at) ? undefined : at;
}

/** resolve gives the range that a spec means at a time, and the default's for one that means none. */
export function resolve(spec: Spec, now: number): Range {
  const [from, to] = [parseTime(spec.from, now), parseTime(spec.to, now)];
  if (from === undefined || to === undefined || from >= to) return resolve(defaultSpec, now);
  return { from, to };
}

export const isRelative = (spec: Spec): boolean => spec.from.startsWith("now") || spec.to.startsWith("now");

/** absolute is the spec of a fixed range. */
export const absolute = (r: Range): Spec => ({
  from: new Date(Math.floor(r.from)).toISOString(),
  to: new Date(Math.max(Math.ceil(r.to), Math.floor(r.from) + 1)).toISOString(),
});

/** around zooms out: the range in the middle of one factor times as long. */
export function around(r: Range, factor: number): Range {
  const more = ((r.to - r.from) * (factor - 1)) / 2;
  return { from: r.from - more, to: r.to + more };
}

/** moved steps a share of its length forward, or back. */
export function moved(r: Range, share: number): Range {
  const by = (r.to - r.from) * share;
  return { from: r.from + by, to: r.to + by };
}

const names: Record<string, string> = { s: "second", m: "minute", h: "hour", d: "day", w: "week" };

/** describe says a spec in words; short leaves the year out, and seconds of whole minutes. */
export function describe(spec: Spec, timeZone?: string, short = false): string {
  const last = /^now-(\d+)([smhdw])$/.exec(spec.from);
  if (last && spec.to === "now") {
    const n = Number(last[1]);
    return n === 1 ? `Last ${names[last[2]!]}` : `Last ${n} ${names[last[2]!]}s`;
  }
  const now = Date.now();
  const say = (text: string, other: string) => {
    if (text.startsWith("now")) return text;
    const at = parseTime(text, now);
    if (at === undefined) return text;
    const sameDay = parseTime(other, now);
    const said = clock(at, timeZone, sameDay !== undefined && Math.abs(sameDay - at) < 864e5 && other === spec.from);
    return short ? said.replace(/^\d{4}-/, "").replace(/:00$/, "") : said;
  };
  return `${say(spec.from, "")} – ${say(spec.to, spec.from)}`;
}

function clock(at: number, timeZone: string | undefined, timeOnly: boolean): string {
  const day = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  const time = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return timeOnly ? time.format(at) : `${day.format(at)} ${time.format(at)}`;
}

/** step is a width of buckets that divides a range into about n, in nanoseconds. */
export function step(r: Range, n: number): number {
  const want = ((r.to - r.from) * 1e6) / n;
  const clocks = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800];
  if (want > 5e8) return (clocks.find((s) => s * 1e9 >= want) ?? Math.ceil(want / 6048e11) * 604800) * 1e9;
  const power = 10 ** Math.floor(Math.log10(want));
  return [1, 2, 5, 10].map((f) => f * power).find((s) => s >= want) ?? power * 10;
}
