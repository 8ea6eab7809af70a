import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { useServiceColor } from "../../api/services";
import { useTime } from "../../time/TimeProvider";
import { levelColor, usePalette } from "../../ui/colors";
import { day, time } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { type LogRow, mostShown, short, textOf } from "./data";
import classes from "./Logs.module.css";

interface Props {
  rows: LogRow[];
  columns: string[];
  /** raw shows whole messages, wrapped. */
  raw: boolean;
  /** The line that is open. */
  open: string;
  onOpen: (line: string) => void;
  /** Lines are asked for when the last ones are seen. */
  onEnd?: () => void;
  stale?: boolean;
  /** Where one scrolled away from the newest line. */
  onAway?: () => void;
}

const rowHeight = 25;

/** Lines is a list of any number of log records, of which only those in sight are in the page. */
export function Lines({ rows, columns, raw, open, onOpen, onEnd, stale, onAway }: Props) {
  const { zone } = useTime();
  const { scheme } = usePalette();
  const color = useServiceColor();
  const scroller = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
  });
  const items = list.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 40) onEnd?.();
  }, [last, rows.length, onEnd]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other rows have other heights
  useEffect(() => list.measure(), [raw, list]);

  const at = useMemo(() => (open === "" ? -1 : rows.findIndex((r) => r.key === open)), [rows, open]);
  const move = (by: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, at < 0 ? (items[0]?.index ?? 0) : at + by));
    if (!rows[next]) return;
    onOpen(rows[next].key);
    list.scrollToIndex(next, { align: "auto" });
  };
  useKeys([
    { keys: "j", label: "Next line", run: () => move(1), group: "Lines" },
    { keys: "k", label: "Line before", run: () => move(-1), group: "Lines" },
    { keys: "escape", label: "Close the line", run: () => onOpen(""), group: "Lines" },
  ]);

  const style = {
    gridTemplateColumns: `132px 52px minmax(60px, 132px) ${columns.map(() => "140px").join(" ")} minmax(0, 1fr)`,
  };
  let lastDay = "";
  return (
    <section
      className={`${classes.lines} scroll`}
      ref={scroller}
      aria-label="Log records"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
      tabIndex={0}
      data-stale={stale || undefined}
      onScroll={(e) => e.currentTarget.scrollTop > 40 && onAway?.()}
    >
      <ol style={{ height: list.getTotalSize() }} className={classes.canvas}>
        {items.map((item) => {
          const r = rows[item.index]!;
          const { key } = r;
          const ms = Date.parse(r.timestamp);
          const date = day(ms, zone).slice(5);
          const sameDay = date === lastDay;
          lastDay = date;
          const toggle = () => onOpen(key === open ? "" : key);
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: its button is for the keyboard, and so are j and k
            <li
              key={item.key}
              ref={raw ? list.measureElement : undefined}
              data-index={item.index}
              className={classes.line}
              data-raw={raw || undefined}
              data-open={key === open || undefined}
              data-level={r.level ?? undefined}
              style={{ ...style, transform: `translateY(${item.start}px)` }}
              onClick={(e) => !(e.target as Element).closest("button") && !getSelection()?.toString() && toggle()}
            >
              <button type="button" className={classes.time} aria-pressed={key === open} onClick={toggle}>
                <i style={{ background: levelColor(r.level ?? "", scheme) }} aria-hidden />
                <span className={sameDay ? classes.again : undefined}>{date} </span>
                {time(ms, zone, 3)}
              </button>
              <span className={classes.level}>{short(r.level ?? "", 8)}</span>
              <span className={`ellipsis ${classes.from}`}>
                {r.service !== null && <i className="dot" style={{ background: color(r.service) }} />}{" "}
                <bdi title={r.service ?? undefined}>{short(r.service ?? "–", 80)}</bdi>
              </span>
              {columns.map((c, i) => (
                <span key={c} className={`ellipsis mono ${classes.added}`}>
                  <bdi>{short(textOf(r.extra[i] ?? null), 200)}</bdi>
                </span>
              ))}
              <span className={classes.body}>
                <bdi>{short(textOf(r.body), raw ? mostShown : 600)}</bdi>
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
