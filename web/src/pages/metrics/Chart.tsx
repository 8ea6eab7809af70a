import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Asked } from "../../api/looking";
import { type Metric, type SeriesAnswer, series } from "../../api/metrics";
import { useTime } from "../../time/TimeProvider";
import { TimeChart } from "../../ui/charts/TimeChart";
import { seriesColor, usePalette } from "../../ui/colors";
import { BucketMap } from "../../ui/result/BucketMap";
import { ErrorPanel, Loading } from "../../ui/states";
import classes from "./Metrics.module.css";
import { usual, writerOf } from "./units";

export function useSeries(metric: Metric, asked: Asked, of: string, by: string[], buckets: number, enabled = true) {
  return useQuery({
    queryKey: ["series", metric.name, asked, of, by, buckets],
    queryFn: ({ signal }) =>
      series(asked, metric.name, { of: of || undefined, by: by.join(",") || undefined, buckets, limit: 20 }, signal),
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** Chart asks for a metric's series once it is in sight, and draws them. */
export function Chart({
  metric,
  asked,
  height,
  small,
}: {
  metric: Metric;
  asked: Asked;
  height: number;
  small?: boolean;
}) {
  const at = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const watch = new IntersectionObserver((all) => all.some((e) => e.isIntersecting) && setSeen(true));
    watch.observe(at.current!);
    return () => watch.disconnect();
  }, []);
  const q = useSeries(metric, asked, usual(metric.type, metric.monotonic), [], 60, seen);
  return (
    <div ref={at} style={{ minHeight: height }}>
      {q.error ? (
        <ErrorPanel error={q.error} />
      ) : q.data ? (
        <Drawn answer={q.data} metric={metric} height={height} legend={!small} />
      ) : (
        seen && <Loading />
      )}
    </div>
  );
}

/** labelsOf names a series by its labels; one without any is the metric. */
export const labelsOf = (labels: SeriesAnswer["series"][number]["labels"]): string =>
  Object.values(labels)
    .map((v) => (v === null ? "(none)" : typeof v === "object" ? JSON.stringify(v) : String(v)))
    .join(" · ");

export function Drawn({
  answer,
  metric,
  height,
  legend,
}: {
  answer: SeriesAnswer;
  metric: Metric;
  height: number;
  legend: boolean;
}) {
  const { range } = useTime();
  const { scheme } = usePalette();
  const write = useMemo(() => writerOf(metric.unit, answer.of), [metric.unit, answer.of]);
  const lines = useMemo(
    () =>
      answer.series.map((s, i) => ({
        label: (labelsOf(s.labels) || answer.of).slice(0, 80),
        color: seriesColor(i, scheme),
        values: s.values,
      })),
    [answer, scheme],
  );
  const cells = useMemo(
    () =>
      answer.bounds && answer.counts
        ? {
            from: Date.parse(answer.from),
            step: answer.step,
            bounds: answer.bounds.map(Number),
            counts: answer.counts,
            type: "float",
          }
        : undefined,
    [answer],
  );
  // Of a heat map, what its buckets are written in is the unit.
  const writeBound = useMemo(() => writerOf(metric.unit, "p50"), [metric.unit]);
  if (cells) {
    return (
      <BucketMap cells={cells} range={range} write={writeBound} height={height} name={`${metric.name} by bucket`} />
    );
  }
  if (lines.length === 0) return <p className={classes.none}>No point in this range</p>;
  return (
    <div className={classes.drawn}>
      <TimeChart
        name={metric.name}
        from={Date.parse(answer.from)}
        step={answer.step}
        series={lines}
        height={height}
        write={write}
        legend={legend}
      />
      {legend && <Exemplars answer={answer} height={height} write={write} />}
    </div>
  );
}

/**
 * Exemplars are marks over a chart of what the metric measures, each a way to its
 * trace. The table below the chart has them for the keyboard.
 */
function Exemplars({ answer, height, write }: { answer: SeriesAnswer; height: number; write: (v: number) => string }) {
  const { range } = useTime();
  const most = answer.series.reduce((m, s) => s.values.reduce<number>((a, v) => Math.max(a, v ?? 0), m), 0);
  if (!/^(p\d+|avg|last|min|max)$/.test(answer.of) || most <= 0) return null;
  return (
    // The room that the axes of all charts leave.
    <div className={classes.exemplars} style={{ height: height - 32 }} aria-hidden>
      {answer.exemplars.slice(0, 100).map((e, i) => {
        const x = (Date.parse(e.timestamp) - range.from) / (range.to - range.from);
        if (!e.trace_id || x < 0 || x > 1) return null;
        return (
          <Link
            key={i}
            to="/trace/$id"
            params={{ id: e.trace_id }}
            search={(() => (e.span_id ? { span: e.span_id } : {})) as never}
            tabIndex={-1}
            title={`${write(e.value)}: to its trace`}
            style={{ left: `${x * 100}%`, bottom: `${Math.min(1, e.value / (most * 1.08)) * 100}%` }}
          />
        );
      })}
    </div>
  );
}
