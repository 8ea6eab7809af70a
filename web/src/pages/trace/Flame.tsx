import { Button } from "@mantine/core";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useServiceColor } from "../../api/services";
import { usePalette } from "../../ui/colors";
import { duration, percent, whole } from "../../ui/format";
import { type Node, paths, selfTimes, type Trace } from "./model";
import classes from "./Trace.module.css";

const rowHeight = 21;

interface Box {
  node: Node;
  x: number;
  width: number;
  depth: number;
}

/** Flame shows where the time of a trace went by the path of calls; a click makes a node the whole. */
export default function Flame({ trace, onSelect }: { trace: Trace; onSelect: (row: number) => void }) {
  const palette = usePalette();
  const color = useServiceColor();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const root = useMemo(() => paths(trace, selfTimes(trace)), [trace]);
  const [top, setTop] = useState<Node>(root);
  const [over, setOver] = useState<Box>();

  const boxes = useMemo(() => layout(top, width), [top, width]);
  const deepest = boxes.reduce((d, b) => Math.max(d, b.depth), 0);

  useLayoutEffect(() => {
    const element = canvas.current!.parentElement!;
    const seen = new ResizeObserver(() => setWidth(element.clientWidth));
    seen.observe(element);
    return () => seen.disconnect();
  }, []);
  useEffect(() => {
    const c = canvas.current!;
    const ratio = devicePixelRatio;
    const height = (deepest + 1) * rowHeight + 8;
    c.width = width * ratio;
    c.height = Math.min(height, 16_000) * ratio;
    c.style.height = `${Math.min(height, 16_000)}px`;
    const g = c.getContext("2d")!;
    g.scale(ratio, ratio);
    g.font = "11px 'Inter Variable', sans-serif";
    g.textBaseline = "middle";
    for (const b of boxes) {
      const y = 4 + b.depth * rowHeight;
      g.globalAlpha = over && over.node !== b.node ? 0.75 : 1;
      g.fillStyle = b.node === root ? palette.raised : color(b.node.service);
      g.fillRect(b.x, y, Math.max(b.width - 1, 0.5), rowHeight - 1);
      if (b.node.errors > 0) {
        g.fillStyle = palette.error;
        g.fillRect(b.x, y + rowHeight - 3, Math.max(b.width - 1, 0.5) * (b.node.errors / b.node.spans), 2);
      }
      if (b.width < 34) continue;
      g.save();
      g.beginPath();
      g.rect(b.x, y, b.width - 5, rowHeight);
      g.clip();
      g.globalAlpha = 1;
      g.fillStyle = b.node === root ? palette.text : palette.scheme === "dark" ? "#0b0f13" : "#ffffff";
      g.fillText(b.node === root ? "whole trace" : b.node.name || "(no name)", b.x + 5, y + rowHeight / 2);
      g.restore();
    }
  }, [boxes, deepest, width, palette, color, over, root]);

  const hit = (e: React.MouseEvent): Box | undefined => {
    const box = canvas.current!.getBoundingClientRect();
    const [x, depth] = [e.clientX - box.left, Math.floor((e.clientY - box.top - 4) / rowHeight)];
    return boxes.find((b) => b.depth === depth && x >= b.x && x < b.x + b.width);
  };
  const shown = over?.node ?? top;
  return (
    <>
      <div className={classes.flameHead}>
        <b>{shown === root ? "Whole trace" : shown.name}</b>
        <span className="dim">
          {shown !== root && `${shown.service} · ${whole(shown.spans)} spans · `}
          {duration(shown.total)} in all · {duration(shown.self)} by itself · {percent(shown.total / (root.total || 1))}
          {shown.errors > 0 && ` · ${whole(shown.errors)} errors`}
        </span>
        <span className="grow" />
        {top !== root && (
          <Button size="compact-xs" onClick={() => setTop(root)}>
            Whole trace
          </Button>
        )}
      </div>
      <div className={`${classes.flame} scroll`}>
        <div>
          <canvas
            ref={canvas}
            role="img"
            aria-label="Flame graph: time by path of calls"
            style={{ width: "100%", display: "block" }}
            onMouseMove={(e) => setOver(hit(e))}
            onMouseLeave={() => setOver(undefined)}
            onClick={(e) => {
              const b = hit(e);
              if (!b) return;
              if (b.node === top && b.node.row >= 0) onSelect(b.node.row);
              else setTop(b.node);
            }}
          />
        </div>
      </div>
    </>
  );
}

/** layout gives every node its width: of its parent's as much as its share of the time below it, or of that. */
function layout(top: Node, width: number): Box[] {
  const out: Box[] = [];
  const walk = (node: Node, x: number, w: number, depth: number) => {
    if (w < 0.4 || depth > 700) return;
    out.push({ node, x, width: w, depth });
    const below = node.children.reduce((sum, c) => sum + c.total, 0);
    // Children that run beside each other take more time than their parent.
    const whole = Math.max(node.total, below) || 1;
    let at = x;
    for (const c of node.children) {
      const cw = (c.total / whole) * w;
      walk(c, at, cw, depth + 1);
      at += cw;
    }
  };
  walk(top, 0, width, 0);
  return out;
}
