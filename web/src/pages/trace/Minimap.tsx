import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { usePalette } from "../../ui/colors";
import { endOf, isError, type Trace } from "./model";
import classes from "./Trace.module.css";
import { limited, type View } from "./Waterfall";

const height = 54;
// More rows than this are no longer told apart in so few pixels.
const most = 12_000;

interface Props {
  trace: Trace;
  rows: Int32Array;
  colors: string[];
  view: View;
  onView: (v: View) => void;
  share: number;
}

/** Minimap is the whole trace; dragging over it chooses the time that the waterfall shows. */
export function Minimap({ trace, rows, colors, view, onView, share }: Props) {
  const palette = usePalette();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [drag, setDrag] = useState<{ from: number; to: number }>();

  useLayoutEffect(() => {
    const element = canvas.current!.parentElement!;
    const seen = new ResizeObserver(() => setWidth(element.clientWidth));
    seen.observe(element);
    return () => seen.disconnect();
  }, []);

  useEffect(() => {
    if (width === 0) return;
    const c = canvas.current!;
    const ratio = devicePixelRatio;
    c.width = width * ratio;
    c.height = height * ratio;
    const g = c.getContext("2d", { alpha: false })!;
    g.scale(ratio, ratio);
    g.fillStyle = palette.raised;
    g.fillRect(0, 0, width, height);
    const every = Math.max(1, Math.floor(rows.length / most));
    const line = Math.max(1 / ratio, Math.min(4, (height - 6) / rows.length));
    const bar = (i: number, row: number, fill: string) => {
      g.fillStyle = fill;
      const x = (trace.start[row]! / trace.length) * width;
      const w = Math.max(0.7, ((endOf(trace, row) - trace.start[row]!) / trace.length) * width);
      g.fillRect(x, 3 + (i / rows.length) * (height - 6), w, Math.max(line * 0.9, 0.6));
    };
    for (let i = 0; i < rows.length; i += every) {
      const row = rows[i]!;
      bar(i, row, colors[trace.service[row]!] ?? palette.faint);
    }
    for (let i = 0, n = 0; i < rows.length && n < most; i++) {
      if (!isError(trace, rows[i]!)) continue;
      bar(i, rows[i]!, palette.error);
      n++;
    }
  }, [trace, rows, colors, palette, width]);

  const at = (e: React.PointerEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (e.clientX - box.left) / box.width)) * trace.length;
  };
  const whole = view.from <= 0 && view.to >= trace.length;
  const shown = drag ? { from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) } : view;
  const percent = (ns: number) => `${(ns / trace.length) * 100}%`;
  return (
    <div className={classes.minimap} style={{ paddingLeft: `${share * 100}%` }}>
      <div className={classes.mapside} style={{ width: `${share * 100}%` }}>
        <span className="dim">{whole ? "Drag here to zoom in" : "Zoomed"}</span>
        {!whole && (
          <button type="button" className="link" onClick={() => onView({ from: 0, to: trace.length })}>
            show all
          </button>
        )}
      </div>
      <div
        className={classes.map}
        onPointerDown={(e) => {
          e.currentTarget.setPointerCapture(e.pointerId);
          setDrag({ from: at(e), to: at(e) });
        }}
        onPointerMove={(e) => drag && setDrag({ ...drag, to: at(e) })}
        onPointerUp={() => {
          if (drag && Math.abs(drag.to - drag.from) > trace.length / 500) onView(limited(shown, trace.length));
          setDrag(undefined);
        }}
        onPointerCancel={() => setDrag(undefined)}
      >
        <canvas ref={canvas} style={{ width: "100%", height, display: "block" }} />
        {(!whole || drag) && (
          <>
            <i className={classes.outside} style={{ left: 0, width: percent(shown.from) }} />
            <i className={classes.outside} style={{ left: percent(shown.to), right: 0 }} />
          </>
        )}
      </div>
    </div>
  );
}
