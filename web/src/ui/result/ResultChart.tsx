import { type CSSProperties, useMemo } from "react";
import type { Result } from "../../api/client";
import type { Range } from "../../time/range";
import { TimeChart } from "../charts/TimeChart";
import { seriesColor, usePalette } from "../colors";
import { BucketMap } from "./BucketMap";
import classes from "./result.module.css";
import { barsOf, cellsOf, linesOf, numberOf, shapeOf, type Unit, writer } from "./shape";

export type ChartKind = "lines" | "stack" | "bars" | "number" | "heat";

interface Props {
  result: Result;
  kind: ChartKind;
  unit?: Unit;
  name: string;
  height: number;
  /** About how wide it is. */
  width?: number;
  /** The range of the time axis: without it what the rows have. */
  range?: Range;
}

/** kindFor is the chart that rows are made for. */
export function kindFor(r: Result): ChartKind {
  const shape = shapeOf(r.columns);
  if (shape.time >= 0 && r.rows.length > 1) return "lines";
  return r.rows.length === 1 && shape.labels.length === 0 ? "number" : "bars";
}

/** ResultChart draws rows, or says what they lack to be drawn. */
export function ResultChart({ result, kind, unit, name, height, width = 900, range }: Props) {
  if (result.rows.length === 0) return <p className={classes.lack}>No row</p>;
  if (kind === "number") return <Numbers result={result} unit={unit} height={height} />;
  if (kind === "bars") return <Bars result={result} unit={unit} name={name} height={height} />;
  if (kind === "heat") return <Heat result={result} unit={unit} name={name} height={height} range={range} />;
  return (
    <Series
      result={result}
      stack={kind === "stack"}
      unit={unit}
      name={name}
      height={height}
      width={width}
      range={range}
    />
  );
}

function Series({
  result,
  stack,
  unit,
  name,
  height,
  width,
  range,
}: Omit<Props, "kind" | "width"> & { stack: boolean; width: number }) {
  const { scheme } = usePalette();
  const lines = useMemo(() => linesOf(result), [result]);
  const series = useMemo(
    () =>
      (lines?.series ?? []).map((s, i) => ({
        label: s.label.length > 60 ? `${s.label.slice(0, 59)}…` : s.label,
        color: seriesColor(i, scheme),
        values: s.values,
        kind: stack ? ("bars" as const) : ("line" as const),
      })),
    [lines, scheme, stack],
  );
  const type = lines?.series[0]?.type ?? "";
  const write = useMemo(() => writer(type, unit), [type, unit]);
  const shown = useMemo(
    () =>
      range ??
      (lines ? { from: lines.from, to: lines.from + (lines.series[0]!.values.length * lines.step) / 1e6 } : undefined),
    [range, lines],
  );
  if (!lines) return <p className={classes.lack}>A line needs a column of times and one of numbers</p>;
  const legend = legendHeight(
    series.map((s) => s.label),
    width,
  );
  return (
    <div className={classes.series} style={{ "--legend": `${legend}px` } as CSSProperties}>
      <TimeChart
        name={name}
        from={lines.from}
        step={lines.step}
        series={series}
        height={Math.max(80, height - legend)}
        write={write}
        range={shown}
      />
      {lines.more > 0 && <p className={classes.lack}>{lines.more} more series are not shown</p>}
    </div>
  );
}

// What the legend takes is taken from the chart, and is the same whether or not
// it has figures: nothing moves below the cursor.
const legendHeight = (labels: string[], width: number): number =>
  Math.min(3, Math.ceil(labels.reduce((n, l) => n + l.length * 6.4 + 28, 130) / width)) * 20;

function Heat({ result, unit, name, height, range }: Omit<Props, "kind">) {
  const cells = useMemo(() => cellsOf(result), [result]);
  const write = useMemo(() => writer(cells?.type ?? "", unit), [cells, unit]);
  const shown = useMemo(
    () =>
      range ?? (cells ? { from: cells.from, to: cells.from + (cells.counts.length * cells.step) / 1e6 } : undefined),
    [range, cells],
  );
  if (!cells || !shown) {
    return <p className={classes.lack}>A heat map needs a time, the lower bound of a bucket, and a number</p>;
  }
  return <BucketMap cells={cells} range={shown} write={write} height={height} name={name} />;
}

function Bars({ result, unit, name, height }: Omit<Props, "kind">) {
  const { scheme } = usePalette();
  const found = useMemo(() => barsOf(result), [result]);
  if (!found) return <p className={classes.lack}>Bars need a column of numbers</p>;
  const write = writer(found.type, unit);
  const most = Math.max(...found.bars.map((b) => Math.abs(b.value)), 1e-300);
  return (
    <section
      className={`${classes.bars} scroll`}
      style={{ maxHeight: height }}
      aria-label={name}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
      tabIndex={0}
    >
      <table>
        <tbody>
          {found.bars.map((b, i) => (
            <tr key={i}>
              <th scope="row" className="ellipsis" title={b.label}>
                <bdi>{b.label || found.name}</bdi>
              </th>
              <td>
                <i style={{ width: `${(Math.abs(b.value) / most) * 100}%`, background: seriesColor(0, scheme) }} />
              </td>
              <td className="num">{write(b.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Numbers({ result, unit, height }: { result: Result; unit?: Unit; height: number }) {
  const { numbers } = shapeOf(result.columns);
  const row = result.rows.at(-1)!;
  if (numbers.length === 0) return <p className={classes.lack}>A number needs a column of numbers</p>;
  return (
    <dl className={classes.numbers} style={{ minHeight: Math.min(height, 90) }}>
      {numbers.slice(0, 6).map((c) => {
        const v = numberOf(row[c]!);
        return (
          <div key={c}>
            <dt className="dim">{result.columns[c]!.name}</dt>
            <dd>{v === null ? "–" : writer(result.columns[c]!.type, unit)(v)}</dd>
          </div>
        );
      })}
    </dl>
  );
}
