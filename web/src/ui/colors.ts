import { useComputedColorScheme } from "@mantine/core";

// Hues that differ at a glance. Red is for errors alone.
const hues = [212, 77, 293, 158, 50, 239, 347, 104, 266, 185, 320, 131];

function hash(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

let slots = new Map<string, number>();

/**
 * knowServices gives each of the services a colour of its own as long as there are
 * enough: of those that are farthest from all that are taken, the first from the one
 * of its name's hash on. The same services have the same colours on each page and
 * each day. The first come first.
 */
export function knowServices(names: readonly string[]): void {
  const taken: number[] = [];
  const next = new Map<string, number>();
  for (const name of names) {
    const own = hash(name) % hues.length;
    // A second round of the hues is of another lightness.
    const round = taken.length < hues.length ? 0 : hues.length;
    let [best, farthest] = [round + own, -1];
    for (let i = 0; i < hues.length; i++) {
      const slot = round + ((own + i) % hues.length);
      const away = taken.reduce((least, t) => Math.min(least, distance(slot, t)), 360);
      if (away > farthest) [best, farthest] = [slot, away];
    }
    taken.push(best);
    next.set(name, best);
  }
  slots = next;
}

/** distance is how far the hues of two slots are from each other, -1 where they are the same colour. */
function distance(a: number, b: number): number {
  if (a === b) return -1;
  if (a < hues.length !== b < hues.length) return 360;
  const d = Math.abs(hues[a % hues.length]! - hues[b % hues.length]!);
  return Math.min(d, 360 - d);
}

export type Scheme = "light" | "dark";

export function serviceColor(name: string, scheme: Scheme): string {
  const slot = slots.get(name) ?? hash(name) % hues.length;
  return oklch(hues[slot % hues.length]!, scheme, slot >= hues.length);
}

function oklch(hue: number, scheme: Scheme, other = false): string {
  if (scheme === "dark") return other ? `oklch(0.6 0.09 ${hue})` : `oklch(0.76 0.11 ${hue})`;
  return other ? `oklch(0.45 0.09 ${hue})` : `oklch(0.6 0.12 ${hue})`;
}

/** seriesColor is that of the nth line of a chart. */
export const seriesColor = (n: number, scheme: Scheme): string => oklch(hues[n % hues.length]!, scheme);

const levels: Record<string, [light: string, dark: string]> = {
  TRACE: ["#9aa4ab", "#55616e"],
  DEBUG: ["#7d93a8", "#6f8498"],
  INFO: ["#4d8fb5", "#5aa5cc"],
  WARN: ["#c98a00", "#e3b353"],
  ERROR: ["#bf3520", "#f47c66"],
  FATAL: ["#8a1046", "#e3649b"],
};

export function levelColor(level: string, scheme: Scheme): string {
  return (levels[level] ?? ["#8d979d", "#5f6c7a"])[scheme === "dark" ? 1 : 0];
}

/** usePalette gives what is painted on a canvas, which knows no CSS variables. */
export function usePalette() {
  const scheme = useComputedColorScheme("dark", { getInitialValueInEffect: false });
  return palettes[scheme];
}

const light = {
  scheme: "light" as Scheme,
  bg: "#f5f6f4",
  panel: "#ffffff",
  raised: "#f0f2ef",
  hover: "#eaeeea",
  line: "#dde2dd",
  lineStrong: "#c3cbc5",
  text: "#1b2228",
  dim: "#566169",
  faint: "#8d979d",
  accent: "#0b7566",
  error: "#bf3520",
  warn: "#b57a00",
  errorSoft: "#bf352014",
  // p50, p95, p99: one hue, from calm to strong.
  quantiles: ["#7fb3d3", "#3a7fb0", "#12466f"],
};

const dark: typeof light = {
  scheme: "dark",
  bg: "#0f1318",
  panel: "#141920",
  raised: "#1a2028",
  hover: "#1e252e",
  line: "#252d37",
  lineStrong: "#3a4552",
  text: "#dfe5ec",
  dim: "#94a1af",
  faint: "#5f6c7a",
  accent: "#4cc2ae",
  error: "#f47c66",
  warn: "#e3b353",
  errorSoft: "#f47c661a",
  quantiles: ["#4f83a8", "#7db8de", "#cfe8fa"],
};

export type Palette = typeof light;
const palettes = { light, dark };
