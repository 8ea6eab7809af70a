import { useCallback, useMemo, useState } from "react";
import type uPlot from "uplot";
import type { Range } from "../../time/range";
import { useTime } from "../../time/TimeProvider";
import chart from "../charts/charts.module.css";
import { rangeOf, timeAxis, usePlot, valueAxis } from "../charts/plot";
import { usePalette } from "../colors";
import { count, time } from "../format";
import type { Cells } from "./shape";

const ramps = {
  dark: ["#17303b", "#1d4a57", "#246a72", "#2f8c86", "#4cb294", "#86d39a", "#d6efa0"],
  light: ["#d3e8e6", "#a8d5d0", "#74bcb6", "#3f9d99", "#1f7c7d", "#125c64", "#0b3d49"],
};

interface Props {
  cells: Cells;
  range: Range;
  write: (v: number) => string;
  height: number;
  name: string;
}

/**
 * BucketMap is how many were in which bucket, by time. All buckets are of one
 * height: those of a histogram may begin at zero, below it, or end nowhere.
 */
export function BucketMap({ cells, range, write, height, name }: Props) {
  const palette = usePalette();
  const { zone, zoom } = useTime();
  const [over, setOver] = useState<{ left: number; top: number; t: number; d: number }>();
  const n = cells.bounds.length - 1;
  const options = useCallback(
    (): uPlot.Options => ({
      width: 0,
      height,
      padding: [6, 8, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: true, range: () => [range.from / 1e3, range.to / 1e3] },
        y: { range: () => [0, Math.max(n, 1)] },
      },
      axes: [
        timeAxis(palette, zone),
        {
          ...valueAxis(palette, (v) => (cells.bounds[v] === undefined ? "" : write(cells.bounds[v])), 64),
          splits: () => {
            const every = Math.max(1, Math.ceil(n / Math.max(2, height / 28)));
            return Array.from({ length: Math.floor(n / every) + 1 }, (_, i) => i * every);
          },
        },
      ],
      series: [{}, { stroke: "transparent", points: { show: false } }],
      cursor: { points: { show: false }, drag: { x: true, y: false, setScale: false } },
      hooks: {
        setCursor: [
          (u) => {
            const { left = -1, top = -1 } = u.cursor;
            if (left < 0) return setOver(undefined);
            const t = Math.floor(((u.posToVal(left, "x") * 1e3 - cells.from) * 1e6) / cells.step);
            setOver({ left: left + u.bbox.left / devicePixelRatio, top, t, d: Math.floor(u.posToVal(top, "y")) });
          },
        ],
        setSelect: [rangeOf(zoom)],
        draw: [
          (u) => {
            const most = cells.counts.reduce((m, c) => c.reduce((a, v) => Math.max(a, v), m), 1);
            const ramp = ramps[palette.scheme];
            const { ctx, bbox } = u;
            ctx.save();
            ctx.beginPath();
            ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
            ctx.clip();
            cells.counts.forEach((column, t) => {
              const at = (cells.from + (t * cells.step) / 1e6) / 1e3;
              const x0 = Math.round(u.valToPos(at, "x", true));
              const x1 = Math.round(u.valToPos(at + cells.step / 1e9, "x", true));
              column.forEach((v, d) => {
                if (!(v > 0)) return;
                const y0 = Math.round(u.valToPos(d + 1, "y", true));
                const y1 = Math.round(u.valToPos(d, "y", true));
                const heat = Math.floor((Math.log1p(v) / Math.log1p(most)) * ramp.length);
                ctx.fillStyle = ramp[Math.min(ramp.length - 1, heat)]!;
                ctx.fillRect(x0, y0, Math.max(1, x1 - x0 - 1), Math.max(1, y1 - y0 - (y1 - y0 > 3 ? 1 : 0)));
              });
            });
            ctx.restore();
          },
        ],
      },
    }),
    [palette, zone, cells, height, range, zoom, write, n],
  );
  const data = useMemo<uPlot.AlignedData>(
    () => [
      [range.from / 1e3, range.to / 1e3],
      [0, n],
    ],
    [range, n],
  );
  const element = usePlot(height, options, data);
  const v = over && cells.counts[over.t]?.[over.d];
  return (
    <figure className={`${chart.figure} ${chart.heat}`} aria-label={name}>
      <div ref={element} className={chart.plot} />
      {over && v ? (
        <div className={chart.tip} style={{ left: over.left + 14, top: over.top + 14 }}>
          <b>{count(v)}</b>
          <div className="dim">
            {write(cells.bounds[over.d]!)} – {write(cells.bounds[over.d + 1]!)} ·{" "}
            {time(cells.from + (over.t * cells.step) / 1e6, zone)}
          </div>
        </div>
      ) : null}
    </figure>
  );
}
