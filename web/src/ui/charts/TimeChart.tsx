import { useCallback, useMemo, useState } from "react";
import uPlot from "uplot";
import type { Range } from "../../time/range";
import { useTime } from "../../time/TimeProvider";
import { usePalette } from "../colors";
import { day, time } from "../format";
import classes from "./charts.module.css";
import { rangeOf, timeAxis, usePlot, valueAxis } from "./plot";

export interface Series {
  label: string;
  color: string;
  values: (number | null)[];
  /** bars are stacked on those before; lines are not. */
  kind?: "line" | "bars" | "area";
  dash?: boolean;
}

interface Props {
  /** The start of the first bucket in ms, and the width of buckets in ns. */
  from: number;
  step: number;
  series: Series[];
  height?: number;
  write: (v: number) => string;
  /** What the chart shows, for those who do not see it. */
  name: string;
  /** Marks at times, such as of a release. */
  marks?: { at: number; label: string }[];
  legend?: boolean;
  axis?: boolean;
  /** The range of the time axis, that of the page without it. */
  range?: Range;
  /** onZoom gets the range that was dragged; without it the page's range is zoomed. */
  onZoom?: (r: Range) => void;
}

/** TimeChart is numbers by time. Dragging over it zooms in. */
export function TimeChart({
  from,
  step,
  series,
  height = 150,
  write,
  name,
  marks,
  legend = true,
  range: shown,
  onZoom,
}: Props) {
  const palette = usePalette();
  const { zone, range: ofPage, zoom } = useTime();
  const range = shown ?? ofPage;
  const [at, setAt] = useState<number | null>(null);
  const choose = onZoom ?? zoom;

  const { data, tops } = useMemo(() => {
    const n = series[0]?.values.length ?? 0;
    const x = Array.from({ length: n }, (_, i) => (from + (i * step) / 1e6) / 1e3);
    // Bars are drawn over each other, the highest first.
    const sums = new Float64Array(n);
    const tops = series.map((s) =>
      s.kind === "bars" ? s.values.map((v, i) => (sums[i] = sums[i]! + (v ?? 0))) : s.values,
    );
    return { data: [x, ...[...tops].reverse()] as uPlot.AlignedData, tops };
  }, [from, step, series]);

  const look = JSON.stringify(series.map((s) => [s.label, s.color, s.kind, s.dash]));
  const markKey = JSON.stringify(marks ?? []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: look and markKey stand for series and marks
  const options = useCallback(
    (): Omit<uPlot.Options, "width" | "height"> & { width: number; height: number } => ({
      width: 0,
      height,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: true, range: () => [range.from / 1e3, range.to / 1e3] },
        y: { range: (_, min, max) => [Math.min(0, min * 1.08), max > 0 ? max * 1.08 : min < 0 ? 0 : 1] },
      },
      axes: [timeAxis(palette, zone), valueAxis(palette, write)],
      series: [
        {},
        ...series
          .map((s): uPlot.Series => {
            const bars = s.kind === "bars";
            return {
              label: s.label,
              stroke: bars ? undefined : s.color,
              fill: bars ? s.color : s.kind === "area" ? `color-mix(in srgb, ${s.color} 18%, transparent)` : undefined,
              width: bars ? 0 : 1.5,
              dash: s.dash ? [4, 4] : undefined,
              points: { show: false },
              spanGaps: false,
              paths: bars ? uPlot.paths.bars!({ size: [0.82, 40], align: 1 }) : uPlot.paths.linear!(),
            };
          })
          .reverse(),
      ],
      cursor: {
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        y: false,
      },
      hooks: {
        setCursor: [(u) => setAt(u.cursor.idx ?? null)],
        setSelect: [rangeOf(choose)],
        draw: [
          (u) => {
            for (const m of marks ?? []) {
              const x = u.valToPos(m.at / 1e3, "x", true);
              if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
              u.ctx.strokeStyle = palette.warn;
              u.ctx.setLineDash([3, 3]);
              u.ctx.beginPath();
              u.ctx.moveTo(x, u.bbox.top);
              u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
              u.ctx.stroke();
              u.ctx.setLineDash([]);
              u.ctx.fillStyle = palette.dim;
              u.ctx.font = `${10 * devicePixelRatio}px 'Inter Variable', sans-serif`;
              u.ctx.textAlign = "left";
              u.ctx.fillText(m.label, x + 4, u.bbox.top + 10 * devicePixelRatio);
            }
          },
        ],
      },
    }),
    [palette, zone, look, markKey, write, height, range, choose],
  );
  const element = usePlot(height, options, data);
  const when = at !== null && data[0][at] !== undefined ? data[0][at]! * 1e3 : undefined;
  return (
    <figure className={classes.figure} aria-label={name}>
      {legend && (
        <figcaption className={classes.legend}>
          {series.map((s, i) => (
            <span key={s.label}>
              <i className="dot" style={{ background: s.color }} />
              {s.label}
              {at !== null && <b>{value(series, tops, i, at, write)}</b>}
            </span>
          ))}
          <span className={classes.when}>{when !== undefined && `${day(when, zone)} ${time(when, zone)}`}</span>
        </figcaption>
      )}
      <div ref={element} className={classes.plot} />
    </figure>
  );
}

function value(
  series: Series[],
  tops: (number | null)[][],
  i: number,
  at: number,
  write: (v: number) => string,
): string {
  const v = series[i]!.kind === "bars" ? series[i]!.values[at] : tops[i]![at];
  return v === null || v === undefined ? "–" : write(v);
}
