import { useEffect, useRef } from "react";

/** Spark is a small line without axes. The figure beside it says what it is. */
export function Spark({
  values,
  color,
  width = 96,
  height = 22,
}: {
  values: (number | null)[];
  color: string;
  width?: number;
  height?: number;
}) {
  const at = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = at.current!;
    const ratio = devicePixelRatio;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const g = canvas.getContext("2d")!;
    g.scale(ratio, ratio);
    const most = Math.max(...values.map((v) => v ?? 0), 0);
    if (most === 0 || values.length < 2) return;
    const x = (i: number) => 1 + (i / (values.length - 1)) * (width - 2);
    const y = (v: number) => height - 2 - (v / most) * (height - 4);
    g.beginPath();
    let open = false;
    values.forEach((v, i) => {
      if (v === null) {
        open = false;
        return;
      }
      if (open) g.lineTo(x(i), y(v));
      else g.moveTo(x(i), y(v));
      open = true;
    });
    g.strokeStyle = color;
    g.lineWidth = 1.3;
    g.lineJoin = "round";
    g.stroke();
    const all = values.map((v, i) => [x(i), y(v ?? 0)] as const);
    g.beginPath();
    g.moveTo(all[0]![0], height);
    for (const [px, py] of all) g.lineTo(px, py);
    g.lineTo(all.at(-1)![0], height);
    g.globalAlpha = 0.14;
    g.fillStyle = color;
    g.fill();
  }, [values, color, width, height]);
  return <canvas ref={at} style={{ width, height, display: "block" }} aria-hidden />;
}
