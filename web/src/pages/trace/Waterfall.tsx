import { useCallback, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useServiceColor } from "../../api/services";
import { usePalette } from "../../ui/colors";
import { duration } from "../../ui/format";
import { Minimap } from "./Minimap";
import { endOf, flag, isError, nameOf, type Segment, serviceOf, type Trace } from "./model";
import { Scroll } from "./scroll";
import classes from "./Trace.module.css";

export interface View {
  from: number;
  to: number;
}

export interface WaterfallHandle {
  /** show scrolls to a row, and opens what hides it. */
  show: (row: number) => void;
  focus: () => void;
}

interface Props {
  trace: Trace;
  rows: Int32Array;
  collapsed: Uint8Array;
  toggle: (row: number) => void;
  selected: number;
  onSelect: (row: number) => void;
  view: View;
  onView: (v: View) => void;
  marks?: Uint8Array;
  critical?: Segment[];
  handle: React.Ref<WaterfallHandle>;
}

const rowHeight = 24;
const headHeight = 26;
const indent = 12;

/**
 * Waterfall draws the rows that are seen on a canvas. A frame reads the trace's
 * columns for some forty rows, whatever the size of the trace.
 */
export function Waterfall({
  trace,
  rows,
  collapsed,
  toggle,
  selected,
  onSelect,
  view,
  onView,
  marks,
  critical,
  handle,
}: Props) {
  const palette = usePalette();
  const color = useServiceColor();
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const scroll = useRef<Scroll>(null);
  const [width, setWidth] = useState(0);
  const [share, setShare] = useState(() => (innerWidth < 760 ? 0.46 : 0.36));
  const [over, setOver] = useState(-1);
  const frame = useRef(0);
  const colors = useMemo(() => trace.services.map(color), [trace, color]);
  const deepest = useMemo(() => trace.depth.reduce((a, b) => Math.max(a, b), 0), [trace]);

  /** paths of the critical path by row; a row may be on it several times. */
  const segments = useMemo(() => {
    if (!critical) return undefined;
    const by = new Map<number, Segment[]>();
    for (const s of critical) {
      const list = by.get(s.row);
      if (list) list.push(s);
      else by.set(s.row, [s]);
    }
    return by;
  }, [critical]);

  const draw = useCallback(() => {
    const c = canvas.current;
    const s = scroll.current;
    if (!c || !s || width === 0) return;
    const g = c.getContext("2d", { alpha: false })!;
    const ratio = devicePixelRatio;
    const height = s.view;
    if (c.width !== Math.round(width * ratio) || c.height !== Math.round(height * ratio)) {
      c.width = Math.round(width * ratio);
      c.height = Math.round(height * ratio);
      c.style.height = `${height}px`;
    }
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.fillStyle = palette.panel;
    g.fillRect(0, 0, width, height);
    const left = Math.round(width * share);
    const room = width - left - 14;
    const scale = room / (view.to - view.from);
    const x = (ns: number) => left + (ns - view.from) * scale;
    const first = Math.floor(s.top / rowHeight);
    const last = Math.min(rows.length, first + Math.ceil(height / rowHeight) + 1);
    const yOf = (i: number) => headHeight + i * rowHeight - s.top;

    // The ground of rows: what the mouse is over, what is selected.
    for (let i = first; i < last; i++) {
      const row = rows[i]!;
      if (row === selected || i === over) {
        g.fillStyle = row === selected ? palette.hover : palette.raised;
        g.fillRect(0, yOf(i), width, rowHeight);
      }
      if (row === selected) {
        g.fillStyle = palette.accent;
        g.fillRect(0, yOf(i), 2, rowHeight);
      }
    }
    const step = niceStep((view.to - view.from) / Math.max(2, room / 110));
    g.fillStyle = palette.line;
    for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step)
      g.fillRect(Math.round(x(t)), headHeight, 1, height);

    // Names.
    g.save();
    g.beginPath();
    g.rect(0, headHeight, left - 8, height);
    g.clip();
    g.textBaseline = "middle";
    // What is nested deeper than there is room for is told by its number.
    const deep = Math.min(indent, Math.max(3, (left * 0.5) / Math.max(1, deepest)));
    for (let i = first; i < last; i++) {
      const row = rows[i]!;
      const y = yOf(i) + rowHeight / 2;
      const at = 8 + Math.min(trace.depth[row]! * deep, left * 0.6);
      const below = trace.descendants[row]!;
      if (below > 0) triangle(g, at + 4, y, collapsed[row] === 1, palette.dim);
      const dim = marks && !marks[row];
      g.globalAlpha = dim ? 0.4 : 1;
      g.fillStyle = colors[trace.service[row]!] ?? palette.faint;
      g.beginPath();
      g.roundRect(at + 14, y - 6, 3, 12, 1.5);
      g.fill();
      let tx = at + 23;
      if (isError(trace, row)) {
        g.fillStyle = palette.error;
        g.beginPath();
        g.arc(tx + 3, y, 3.5, 0, 7);
        g.fill();
        tx += 12;
      } else if (trace.flags[row]! & broken) {
        g.fillStyle = palette.warn;
        g.beginPath();
        g.moveTo(tx, y + 4);
        g.lineTo(tx + 4, y - 4);
        g.lineTo(tx + 8, y + 4);
        g.fill();
        tx += 13;
      }
      g.font = "500 12px 'Inter Variable', sans-serif";
      g.fillStyle = palette.text;
      const name = short(nameOf(trace, row) || "(no name)");
      g.fillText(name, tx, y);
      const after = tx + g.measureText(name).width + 8;
      g.font = "11px 'Inter Variable', sans-serif";
      g.fillStyle = palette.dim;
      const rest = collapsed[row] ? `+${below.toLocaleString("en-US")}` : short(serviceOf(trace, row));
      if (after < left) g.fillText(rest, after, y);
    }
    g.restore();
    g.globalAlpha = 1;

    // Bars.
    g.save();
    g.beginPath();
    g.rect(left, headHeight, width - left, height);
    g.clip();
    g.font = "11px 'Inter Variable', sans-serif";
    for (let i = first; i < last; i++) {
      const row = rows[i]!;
      const y = yOf(i);
      const took = trace.duration[row]!;
      const [a, b] = [x(trace.start[row]!), x(took < 0 ? trace.length : endOf(trace, row))];
      // What is far out of sight would be drawn with coordinates that a canvas cannot take.
      const bar = Math.max(a, left - 4);
      const w = Math.max(Math.min(b, width + 8) - bar, 2);
      const dim = marks && !marks[row];
      g.globalAlpha = dim ? 0.25 : took < 0 ? 0.35 : segments ? 0.45 : 1;
      g.fillStyle = colors[trace.service[row]!] ?? palette.faint;
      g.beginPath();
      if (b >= left - 4 && a <= width) {
        g.roundRect(bar, y + 7, w, 10, 2.5);
        g.fill();
      }
      if (isError(trace, row)) {
        g.globalAlpha = dim ? 0.3 : 1;
        g.fillStyle = palette.error;
        if (b >= left - 4 && a <= width) g.fillRect(bar, y + 18, w, 2);
      }
      g.globalAlpha = 1;
      for (const p of segments?.get(row) ?? []) {
        g.fillStyle = palette.text;
        g.fillRect(x(p.from), y + 10.5, Math.max(1, x(p.to) - x(p.from)), 3);
      }
      if (b < left || a > width) {
        // Out of sight: an arrow tells where it is.
        triangleTo(g, b < left ? left + 8 : width - 8, y + rowHeight / 2, b < left, palette.faint);
        continue;
      }
      g.globalAlpha = dim ? 0.4 : 1;
      g.fillStyle = palette.dim;
      const label = took < 0 ? "never ended" : duration(took);
      const wide = g.measureText(label).width;
      if (b + 6 + wide < width - 4) g.fillText(label, Math.max(b, left) + 6, y + rowHeight / 2 + 0.5);
      else if (a - 6 - wide > left) g.fillText(label, a - 6 - wide, y + rowHeight / 2 + 0.5);
      else {
        // The bar is all there is: the label lies on it.
        g.font = "600 10px 'Inter Variable', sans-serif";
        g.fillStyle = segments || palette.scheme === "light" ? "#ffffff" : "#0b0f13";
        g.fillText(label, Math.max(a, left) + 6, y + 12.5);
        g.font = "11px 'Inter Variable', sans-serif";
      }
      g.globalAlpha = 1;
    }
    g.restore();

    // The head lies over the rows.
    g.fillStyle = palette.panel;
    g.fillRect(0, 0, width, headHeight);
    g.fillStyle = palette.dim;
    g.font = "11px 'Inter Variable', sans-serif";
    g.textBaseline = "middle";
    g.fillText(
      `${rows.length.toLocaleString("en-US")} of ${trace.rows.toLocaleString("en-US")} spans`,
      10,
      headHeight / 2,
    );
    for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
      if (x(t) < width - 40) g.fillText(t === 0 ? "0" : duration(t), x(t) + 4, headHeight / 2);
    }
    g.fillStyle = palette.line;
    g.fillRect(0, headHeight - 1, width, 1);
    g.fillRect(left - 4, 0, 1, height);
  }, [trace, rows, collapsed, selected, over, view, marks, segments, palette, colors, share, width, deepest]);

  const redraw = useCallback(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(draw);
  }, [draw]);

  useLayoutEffect(() => {
    const element = scroller.current!;
    scroll.current = new Scroll(element, 0);
    const seen = new ResizeObserver(() => setWidth(element.clientWidth));
    seen.observe(element);
    return () => seen.disconnect();
  }, []);
  useLayoutEffect(() => {
    const s = scroll.current!;
    s.content = headHeight + rows.length * rowHeight + 8;
    bar.current!.style.height = `${s.bar}px`;
    s.to(s.top);
    draw();
  }, [rows, draw]);
  useEffect(() => {
    const element = scroller.current!;
    const onScroll = () => scroll.current!.scrolled() && redraw();
    const onWheel = (e: WheelEvent) => {
      const left = width * share;
      const x = e.clientX - element.getBoundingClientRect().left;
      if ((e.ctrlKey || e.metaKey) && x > left) {
        e.preventDefault();
        const at = view.from + ((x - left) / (width - left - 14)) * (view.to - view.from);
        const by = Math.exp(e.deltaY * 0.003);
        onView(limited({ from: at - (at - view.from) * by, to: at + (view.to - at) * by }, trace.length));
      } else if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
        e.preventDefault();
        const by = ((e.deltaX || e.deltaY) / (width - left)) * (view.to - view.from);
        onView(limited({ from: view.from + by, to: view.to + by }, trace.length));
      } else if (scroll.current!.wheel(e)) {
        e.preventDefault();
        redraw();
      }
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      element.removeEventListener("scroll", onScroll);
      element.removeEventListener("wheel", onWheel);
    };
  }, [redraw, view, onView, width, share, trace]);
  // Fonts come later than the first frame.
  useEffect(() => void document.fonts.ready.then(redraw), [redraw]);

  useImperativeHandle(
    handle,
    () => ({
      show: (row) => {
        const s = scroll.current!;
        const i = indexOf(rows, row);
        if (i < 0) return;
        const y = i * rowHeight;
        if (y < s.top || y > s.top + s.view - headHeight - 2 * rowHeight) s.to(y - s.view / 3);
        redraw();
      },
      focus: () => scroller.current?.focus(),
    }),
    [rows, redraw],
  );

  const hit = (e: React.MouseEvent): number => {
    const y = e.clientY - scroller.current!.getBoundingClientRect().top;
    if (y < headHeight) return -1;
    const i = Math.floor((y - headHeight + scroll.current!.top) / rowHeight);
    return i < rows.length ? i : -1;
  };
  const onPath = (e: React.MouseEvent, row: number): boolean => {
    const deep = Math.min(indent, Math.max(3, (width * share * 0.5) / Math.max(1, deepest)));
    const at = 8 + Math.min(trace.depth[row]! * deep, width * share * 0.6);
    const x = e.clientX - scroller.current!.getBoundingClientRect().left;
    return x < at + 14 && x > at - 8 && trace.descendants[row]! > 0;
  };
  const move = (by: number) => {
    const i = indexOf(rows, selected);
    const next = rows[Math.max(0, Math.min(rows.length - 1, i < 0 ? 0 : i + by))]!;
    onSelect(next);
  };
  const key = (e: React.KeyboardEvent) => {
    const page = Math.floor(scroll.current!.view / rowHeight) - 2;
    const i = indexOf(rows, selected);
    const row = i < 0 ? -1 : rows[i]!;
    switch (e.key) {
      case "ArrowDown":
        move(1);
        break;
      case "ArrowUp":
        move(-1);
        break;
      case "PageDown":
        move(page);
        break;
      case "PageUp":
        move(-page);
        break;
      case "Home":
        move(-rows.length);
        break;
      case "End":
        move(rows.length);
        break;
      case "ArrowLeft":
        if (row >= 0 && trace.descendants[row]! > 0 && !collapsed[row]) toggle(row);
        else if (row >= 0 && trace.parent[row]! >= 0) onSelect(trace.parent[row]!);
        break;
      case "ArrowRight":
        if (row >= 0 && collapsed[row]) toggle(row);
        else move(1);
        break;
      default:
        return;
    }
    e.preventDefault();
    e.stopPropagation();
  };

  const said = selected >= 0 && selected < trace.rows;
  return (
    <div className={classes.waterfall}>
      <Minimap trace={trace} rows={rows} colors={colors} view={view} onView={onView} share={share} />
      <div
        ref={scroller}
        className={`${classes.scroller} scroll`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard moves in it
        tabIndex={0}
        role="application"
        aria-label="Waterfall: arrows move and open"
        onKeyDown={key}
        onMouseMove={(e) => setOver(hit(e))}
        onMouseLeave={() => setOver(-1)}
        onClick={(e) => {
          const i = hit(e);
          if (i < 0) return;
          const row = rows[i]!;
          if (onPath(e, row)) toggle(row);
          else onSelect(row);
        }}
        onDoubleClick={(e) => {
          const i = hit(e);
          if (i >= 0 && trace.descendants[rows[i]!]! > 0 && !onPath(e, rows[i]!)) toggle(rows[i]!);
        }}
      >
        <div ref={bar} className={classes.bar}>
          <canvas ref={canvas} className={classes.canvas} style={{ width }} />
        </div>
      </div>
      <Divider share={share} onShare={setShare} />
      <p className="visually-hidden" aria-live="polite">
        {said &&
          `${nameOf(trace, selected)} of ${serviceOf(trace, selected)}, ${duration(trace.duration[selected]!)}, level ${trace.depth[selected]! + 1}${isError(trace, selected) ? ", error" : ""}`}
      </p>
    </div>
  );
}

const broken = flag.missingParent | flag.cycle | flag.skew | flag.unfinished | flag.duplicate;

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);

/** limited keeps a view within the trace, and not narrower than a thousandth of a microsecond a hundred. */
export function limited(v: View, length: number): View {
  const width = Math.max(100, Math.min(v.to - v.from, length));
  const from = Math.max(0, Math.min(v.from, length - width));
  return { from, to: from + width };
}

/** niceStep is 1, 2 or 5 times a power of ten, at least as large. */
function niceStep(at: number): number {
  const power = 10 ** Math.floor(Math.log10(at));
  return [1, 2, 5, 10].map((f) => f * power).find((s) => s >= at)!;
}

/** indexOf is where a row is among the visible ones, which are in order; -1 where it is hidden. */
export function indexOf(rows: Int32Array, row: number): number {
  let [low, high] = [0, rows.length - 1];
  while (low <= high) {
    const mid = (low + high) >> 1;
    if (rows[mid] === row) return mid;
    if (rows[mid]! < row) low = mid + 1;
    else high = mid - 1;
  }
  return -1;
}

function triangle(g: CanvasRenderingContext2D, x: number, y: number, closed: boolean, color: string) {
  g.fillStyle = color;
  g.beginPath();
  if (closed) {
    g.moveTo(x - 2, y - 4);
    g.lineTo(x + 3, y);
    g.lineTo(x - 2, y + 4);
  } else {
    g.moveTo(x - 4, y - 2);
    g.lineTo(x, y + 3);
    g.lineTo(x + 4, y - 2);
  }
  g.fill();
}

function triangleTo(g: CanvasRenderingContext2D, x: number, y: number, left: boolean, color: string) {
  g.fillStyle = color;
  g.beginPath();
  g.moveTo(x, y - 3);
  g.lineTo(x + (left ? -4 : 4), y);
  g.lineTo(x, y + 3);
  g.fill();
}

function Divider({ share, onShare }: { share: number; onShare: (s: number) => void }) {
  return (
    <input
      type="range"
      className={classes.divider}
      aria-label="Width of the names"
      min={0.15}
      max={0.75}
      step={0.01}
      value={share}
      onChange={(e) => onShare(Number(e.currentTarget.value))}
    />
  );
}
