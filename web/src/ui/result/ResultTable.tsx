import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { Column, Result, Value } from "../../api/client";
import { useTime } from "../../time/TimeProvider";
import { day, duration, time } from "../format";
import classes from "./result.module.css";
import { numberOf } from "./shape";

/** ResultTable is the rows of a query, any number of them, sorted by a click on a column's name. */
export function ResultTable({ result, name }: { result: Result; name: string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useState<{ column: number; down: boolean }>();
  const rows = useMemo(() => (sort ? sorted(result.rows, sort.column, sort.down) : result.rows), [result, sort]);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 27,
    overscan: 16,
  });
  const widths = useMemo(() => result.columns.map((c, i) => widthOf(c, i, result.rows)), [result]);
  const items = list.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = list.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <section
      className={`${classes.table} scroll`}
      ref={scroller}
      aria-label={name}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
      tabIndex={0}
    >
      <table className="table">
        <colgroup>
          {widths.map((w, i) => (
            <col key={i} style={{ width: w }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {result.columns.map((c, i) => (
              <th
                key={c.name}
                className={isNumber(c) ? "num" : undefined}
                aria-sort={sort?.column === i ? (sort.down ? "descending" : "ascending") : undefined}
              >
                <button
                  type="button"
                  className="sort"
                  title={c.type}
                  aria-pressed={sort?.column === i}
                  onClick={() =>
                    setSort((s) =>
                      s?.column === i
                        ? s.down === isNumber(c)
                          ? { column: i, down: !s.down }
                          : undefined
                        : { column: i, down: isNumber(c) },
                    )
                  }
                >
                  {c.name}
                  {sort?.column === i && (sort.down ? <IconArrowDown size={12} /> : <IconArrowUp size={12} />)}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr style={{ height: before }} aria-hidden />}
          {items.map((item) => (
            <tr key={item.index}>
              {rows[item.index]!.map((v, i) => (
                <td key={i} className={isNumber(result.columns[i]!) ? "num" : "ellipsis"}>
                  <Cell column={result.columns[i]!} value={v} />
                </td>
              ))}
            </tr>
          ))}
          {after > 0 && <tr style={{ height: after }} aria-hidden />}
        </tbody>
      </table>
    </section>
  );
}

const isNumber = (c: Column): boolean => c.type === "int" || c.type === "float" || c.type === "duration";

function Cell({ column, value }: { column: Column; value: Value }) {
  const { zone } = useTime();
  if (value === null) return <span className={classes.null}>NULL</span>;
  if (column.type === "timestamp") {
    const ms = Date.parse(String(value));
    return (
      <span className="mono" title={String(value)}>
        {day(ms, zone)} {time(ms, zone, 3)}
      </span>
    );
  }
  if (column.type === "duration") return <span title={`${value} ns`}>{duration(numberOf(value))}</span>;
  if (column.type === "id" && typeof value === "string" && value.length === 32) {
    return (
      <Link to="/trace/$id" params={{ id: value }} search={(() => ({})) as never} className="link mono">
        {value}
      </Link>
    );
  }
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  return (
    <bdi className={isNumber(column) ? undefined : "mono"} title={shown.length > 24 ? text.slice(0, 2000) : undefined}>
      {shown}
    </bdi>
  );
}

/** widthOf looks at the first rows: a table whose columns move while one scrolls cannot be read. */
function widthOf(c: Column, i: number, rows: Value[][]): number {
  let longest = c.name.length + 2;
  for (const row of rows.slice(0, 60)) {
    const v = row[i];
    const text = v === null ? "NULL" : typeof v === "object" ? JSON.stringify(v) : String(v);
    longest = Math.max(longest, c.type === "timestamp" ? 24 : c.type === "duration" ? 10 : text.length + 1);
  }
  return Math.min(Math.max(longest * 7.6 + 22, 70), 520);
}

function sorted(rows: Value[][], i: number, down: boolean): Value[][] {
  const of = (v: Value) => (typeof v === "object" && v !== null ? JSON.stringify(v) : v);
  return [...rows].sort((a, b) => {
    const [x, y] = [of(a[i]!), of(b[i]!)];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    const order = x < y ? -1 : x > y ? 1 : 0;
    return down ? -order : order;
  });
}
