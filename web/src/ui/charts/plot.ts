import "uplot/dist/uPlot.min.css";
import { useEffect, useLayoutEffect, useRef } from "react";
import uPlot from "uplot";
import type { Range } from "../../time/range";
import type { Palette } from "../colors";

/** axes are how all charts show time and values. */
export function timeAxis(p: Palette, zone: string): uPlot.Axis {
  return {
    stroke: p.dim,
    font: "11px 'Inter Variable', sans-serif",
    size: 24,
    gap: 5,
    space: 76,
    grid: { stroke: p.line, width: 1 },
    ticks: { show: false },
    values: (u, splits, __, ___, step) =>
      splits.map((s, i) => whole(u, s, label(s, zone, step, i === 0 || !sameDay(s, splits[i - 1]!, zone)))),
  };
}

/** whole leaves out a label that the edge of the chart would cut. */
function whole(u: uPlot, s: number, text: string): string {
  const half = text.length * 3.2;
  return u.valToPos(s, "x") + half > u.bbox.width / devicePixelRatio + 8 ? "" : text;
}

const sameDay = (a: number, b: number, zone: string) => format(a, zone, "day") === format(b, zone, "day");

const formats = new Map<string, Intl.DateTimeFormat>();

function format(s: number, zone: string, what: "day" | "minute" | "second" | "milli"): string {
  const key = `${zone} ${what}`;
  let f = formats.get(key);
  if (!f) {
    const clock: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    if (what !== "minute") clock.second = "2-digit";
    if (what === "milli") clock.fractionalSecondDigits = 3;
    f = new Intl.DateTimeFormat(
      "en-GB",
      what === "day" ? { timeZone: zone, month: "short", day: "numeric" } : { timeZone: zone, ...clock },
    );
    formats.set(key, f);
  }
  return f.format(s * 1e3);
}

function label(s: number, zone: string, step: number, newDay: boolean): string {
  if (step >= 86400 || (newDay && step >= 3600)) return format(s, zone, "day");
  return format(s, zone, step >= 60 ? "minute" : step >= 1 ? "second" : "milli");
}

export function valueAxis(p: Palette, write: (v: number) => string, size = 56): uPlot.Axis {
  return {
    stroke: p.dim,
    font: "11px 'Inter Variable', sans-serif",
    size,
    gap: 6,
    space: 28,
    grid: { stroke: p.line, width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map((v) => (v === null ? "" : write(v))),
  };
}

/** rangeOf hands on the range of time that was dragged over; a click is none. */
export const rangeOf = (choose: (range: Range) => void) => (u: uPlot) => {
  if (u.select.width < 4) return;
  choose({
    from: u.posToVal(u.select.left, "x") * 1e3,
    to: u.posToVal(u.select.left + u.select.width, "x") * 1e3,
  });
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
};

/**
 * usePlot makes a uPlot of the width of an element. It is made anew where options
 * differ, and gets new data otherwise.
 */
export function usePlot(height: number, options: (width: number) => uPlot.Options, data: uPlot.AlignedData) {
  const at = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const latest = useRef(data);
  latest.current = data;

  useLayoutEffect(() => {
    const element = at.current!;
    const made = new uPlot(
      { ...options(element.clientWidth), width: element.clientWidth, height },
      latest.current,
      element,
    );
    plot.current = made;
    const seen = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    seen.observe(element);
    return () => {
      seen.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [options, height]);

  useEffect(() => plot.current?.setData(data), [data]);
  return at;
}
