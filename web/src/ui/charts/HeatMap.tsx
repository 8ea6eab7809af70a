import { useCallback, useMemo, useState } from "react";
import type uPlot from "uplot";
import type { Heat } from "../../api/looking";
import type { Range } from "../../time/range";
import { useTime } from "../../time/TimeProvider";
import { type Palette, usePalette } from "../colors";
import { count, duration, time } from "../format";
import classes from "./charts.module.css";
import { timeAxis, usePlot, valueAxis } from "./plot";

/** Box is an area of the heat map: time in ms, durations in ns. */
export interface Box extends Range {
  least: number;
  most: number;
}

interface Props {
  heat: Heat;
  height?: number;
  box?: Box;
  onBox?: (box: Box) => void;
}

// From hardly anything to a lot, in one hue that turns to another.
const ramps = {
  dark: ["#17303b", "#1d4a57", "#246a72", "#2f8c86", "#4cb294", "#86d39a", "#d6efa0"],
  light: ["#d3e8e6", "#a8d5d0", "#74bcb6", "#3f9d99", "#1f7c7d", "#125c64", "#0b3d49"],
};
const hot = {
  dark: ["#43241f", "#6d3026", "#a04434", "#d65f48", "#f47c66"],
  light: ["#f3d9d3", "#e9ab9e", "#da7763", "#c94c35", "#a22a17"],
};

/** HeatMap is how many spans took how long by time. Dragging chooses an area. */
export function HeatMap({ heat, height = 190, box, onBox }: Props) {
  const palette = usePalette();
  const { zone, range } = useTime();
  const [over, setOver] = useState<{ left: number; top: number; t: number; d: number }>();
  const from = Date.parse(heat.from);
  // A duration may be 0, which no logarithmic scale has.
  const bounds = useMemo(() => heat.bounds.map((b) => Math.max(b, 1)), [heat]);
  const [lowest, highest] = [bounds[0] ?? 1e3, bounds.at(-1) ?? 1e9];

  const boxKey = JSON.stringify(box ?? null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: boxKey stands for box
  const options = useCallback(
    (): uPlot.Options => ({
      width: 0,
      height,
      padding: [6, 8, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: true, range: () => [range.from / 1e3, range.to / 1e3] },
        y: { distr: 3, log: 10, range: () => [lowest, Math.max(highest, lowest * 2)] },
      },
      axes: [
        timeAxis(palette, zone),
        {
          ...valueAxis(palette, duration),
          splits: () => decades(lowest, highest),
          filter: (_, splits) => splits,
        },
      ],
      series: [{}, { stroke: "transparent", points: { show: false } }],
      cursor: {
        points: { show: false },
        drag: { x: true, y: true, setScale: false },
      },
      hooks: {
        setCursor: [
          (u) => {
            const { left = -1, top = -1 } = u.cursor;
            if (left < 0) return setOver(undefined);
            const t = Math.floor(((u.posToVal(left, "x") * 1e3 - from) * 1e6) / heat.step);
            const took = u.posToVal(top, "y");
            const d = heat.bounds.findIndex((b, i) => took >= b && took < (heat.bounds[i + 1] ?? 0));
            setOver({ left: left + u.bbox.left / devicePixelRatio, top, t, d });
          },
        ],
        setSelect: [
          (u) => {
            const s = u.select;
            if (s.width < 4 && s.height < 4) return;
            // A line along one axis means all of the other.
            const [x0, x1] = s.width < 4 ? [0, u.over.clientWidth] : [s.left, s.left + s.width];
            const [y0, y1] = s.height < 4 ? [0, u.over.clientHeight] : [s.top, s.top + s.height];
            onBox?.({
              from: Math.round(u.posToVal(x0, "x") * 1e3),
              to: Math.round(u.posToVal(x1, "x") * 1e3),
              least: y1 >= u.over.clientHeight - 1 ? 0 : Math.round(u.posToVal(y1, "y")),
              most: Math.round(u.posToVal(y0, "y")),
            });
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        draw: [(u) => paint(u, heat, from, palette, box)],
      },
    }),
    [palette, zone, heat, from, lowest, highest, height, range, onBox, boxKey],
  );
  const data = useMemo<uPlot.AlignedData>(
    () => [
      [range.from / 1e3, range.to / 1e3],
      [lowest, highest],
    ],
    [range, lowest, highest],
  );
  const element = usePlot(height, options, data);
  const n = over ? heat.counts[over.t]?.[over.d] : 0;
  return (
    <figure className={`${classes.figure} ${classes.heat}`} aria-label="Durations by time">
      <div ref={element} className={classes.plot} />
      {over && n ? (
        <div className={classes.tip} style={{ left: over.left + 14, top: over.top + 14 }}>
          <b>{count(n)}</b> spans
          {heat.errors[over.t]?.[over.d] ? (
            <span className="error-text"> · {count(heat.errors[over.t]![over.d]!)} errors</span>
          ) : null}
          <div className="dim">
            {duration(heat.bounds[over.d]!)} – {duration(heat.bounds[over.d + 1]!)} ·{" "}
            {time(from + (over.t * heat.step) / 1e6, zone)}
          </div>
        </div>
      ) : null}
    </figure>
  );
}

function decades(lowest: number, highest: number): number[] {
  const out: number[] = [];
  // Where there are few powers of ten, what is between them is named, too.
  const parts = highest / lowest > 300 ? [1] : [1, 2, 5];
  for (let v = 10 ** Math.floor(Math.log10(lowest)); v <= highest; v *= 10) {
    for (const part of parts) if (v * part >= lowest && v * part <= highest) out.push(v * part);
  }
  return out.length > 0 ? out : [lowest];
}

function paint(u: uPlot, heat: Heat, from: number, palette: Palette, box?: Box) {
  let most = 1;
  for (const column of heat.counts) for (const n of column) most = Math.max(most, n);
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const y = heat.bounds.map((b) => Math.round(u.valToPos(Math.max(b, 1), "y", true)));
  const gap = devicePixelRatio >= 1 ? 1 : 0;
  heat.counts.forEach((column, t) => {
    const at = (from + (t * heat.step) / 1e6) / 1e3;
    const x0 = Math.round(u.valToPos(at, "x", true));
    const x1 = Math.round(u.valToPos(at + heat.step / 1e9, "x", true));
    column.forEach((n, d) => {
      if (n === 0) return;
      const errors = heat.errors[t]?.[d] ?? 0;
      const ramp = errors * 2 > n ? hot[palette.scheme] : ramps[palette.scheme];
      ctx.fillStyle = ramp[Math.min(ramp.length - 1, Math.floor((Math.log1p(n) / Math.log1p(most)) * ramp.length))]!;
      ctx.fillRect(x0, y[d + 1]!, Math.max(1, x1 - x0 - gap), Math.max(1, y[d]! - y[d + 1]! - gap));
    });
  });
  if (box) {
    const [x0, x1] = [u.valToPos(box.from / 1e3, "x", true), u.valToPos(box.to / 1e3, "x", true)];
    const y1 = box.least > 0 ? u.valToPos(Math.max(box.least, heat.bounds[0]!, 1), "y", true) : bbox.top + bbox.height;
    const y0 = u.valToPos(Math.min(box.most, heat.bounds.at(-1)!), "y", true);
    ctx.fillStyle = palette.scheme === "dark" ? "#ffffff14" : "#00000012";
    ctx.fillRect(x0, y0, x1 - x0, y1 - y0);
    ctx.strokeStyle = palette.text;
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeRect(x0, y0, x1 - x0, y1 - y0);
  }
  ctx.restore();
}
