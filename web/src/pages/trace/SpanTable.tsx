import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { useServiceColor } from "../../api/services";
import { duration } from "../../ui/format";
import { isError, nameOf, serviceOf, type Trace } from "./model";
import classes from "./Trace.module.css";

type By = "start" | "duration" | "name" | "service" | "children";

/** SpanTable lists the spans, sorted by any column. */
export default function SpanTable({
  trace,
  rows,
  selected,
  onSelect,
}: {
  trace: Trace;
  rows?: Int32Array;
  selected: number;
  onSelect: (row: number) => void;
}) {
  const color = useServiceColor();
  const at = useRef<HTMLElement>(null);
  const [by, setBy] = useState<By>("duration");
  const [down, setDown] = useState(true);
  const sorted = useMemo(() => {
    const list = rows?.slice() ?? Int32Array.from({ length: trace.rows }, (_, i) => i);
    const order: Record<By, (a: number, b: number) => number> = {
      start: (a, b) => trace.start[a]! - trace.start[b]!,
      duration: (a, b) => trace.duration[a]! - trace.duration[b]!,
      name: (a, b) => trace.name[a]! - trace.name[b]!,
      service: (a, b) => trace.service[a]! - trace.service[b]!,
      children: (a, b) => trace.descendants[a]! - trace.descendants[b]!,
    };
    const f = order[by];
    return list.sort(down ? (a, b) => f(b, a) : f);
  }, [trace, rows, by, down]);
  // A browser cannot scroll through more rows than this; who has more sorts and searches.
  const shown = Math.min(sorted.length, 200_000);
  const virtual = useVirtualizer({
    count: shown,
    getScrollElement: () => at.current,
    estimateSize: () => 28,
    overscan: 12,
  });
  const head = (key: By, label: string) => (
    <button
      type="button"
      className="sort"
      aria-pressed={by === key}
      onClick={() => {
        setDown(by === key ? !down : true);
        setBy(key);
      }}
    >
      {label} {by === key && (down ? "↓" : "↑")}
    </button>
  );
  return (
    <>
      <div className={classes.gridHead}>
        {head("service", "Service")}
        {head("name", "Name")}
        {head("start", "Start")}
        {head("duration", "Duration")}
        {head("children", "Below")}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: so that the keyboard can scroll */}
      <section ref={at} className="scroll grow" tabIndex={0} aria-label="Spans">
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((v) => {
            const row = sorted[v.index]!;
            return (
              <button
                type="button"
                key={v.key}
                className={classes.gridRow}
                aria-current={row === selected || undefined}
                style={{ transform: `translateY(${v.start}px)` }}
                onClick={() => onSelect(row)}
              >
                <span className="ellipsis">
                  <i className="dot" style={{ background: color(serviceOf(trace, row)) }} />{" "}
                  <bdi>{serviceOf(trace, row)}</bdi>
                </span>
                <span className={`ellipsis ${isError(trace, row) ? "error-text" : ""}`}>
                  <bdi>{nameOf(trace, row) || "(no name)"}</bdi>
                </span>
                <span className="num">+{duration(trace.start[row]!)}</span>
                <span className="num">{trace.duration[row]! < 0 ? "never ended" : duration(trace.duration[row]!)}</span>
                <span className="num dim">{trace.descendants[row]!.toLocaleString("en-US")}</span>
              </button>
            );
          })}
        </div>
      </section>
    </>
  );
}
