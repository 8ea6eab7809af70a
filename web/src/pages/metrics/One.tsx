import { ActionIcon, MultiSelect, Select } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { type Asked, fields } from "../../api/looking";
import type { Metric } from "../../api/metrics";
import { all, literal } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { FilterBar } from "../../ui/filter/FilterBar";
import { useFilters } from "../../ui/filter/useFilters";
import { ago, day, time, whole } from "../../ui/format";
import { ErrorPanel, Loading } from "../../ui/states";
import { useListParam, useParam } from "../../ui/url";
import { Drawn, labelsOf, useSeries } from "./Chart";
import classes from "./Metrics.module.css";
import { choices, unitName, usual, writerOf } from "./units";

/** One is a metric: over time, by what it is grouped, as a heat map, with the traces of its exemplars. */
export function One({ metric, asked: base, onBack }: { metric: Metric; asked: Asked; onBack: () => void }) {
  const { zone } = useTime();
  const otherwise = usual(metric.type, metric.monotonic);
  const [of, setOf] = useParam("of", otherwise);
  const [by, setBy] = useListParam("by");
  const filters = useFilters();
  const asked = useMemo<Asked>(() => ({ ...base, where: filters.where }), [base, filters.where]);
  const isHistogram = /histogram/.test(metric.type);
  const q = useSeries(metric, asked, of, of === "heatmap" ? [] : by, 120);
  const heat = useSeries(metric, asked, "heatmap", [], 90, isHistogram && of !== "heatmap");
  const ofMetric = useMemo<Asked>(
    () => ({ range: base.range, service: base.service, signal: "metrics", where: `name = ${literal(metric.name)}` }),
    [base, metric.name],
  );
  const keys = useQuery({
    queryKey: ["metric-fields", ofMetric],
    queryFn: ({ signal }) => fields(ofMetric, 500, signal),
    meta: { quiet: true },
  });
  const write = writerOf(metric.unit, of);
  const groups = useMemo(
    () => [
      ...new Set([
        "service",
        ...(keys.data?.fields ?? []).filter((f) => f.place !== "column").map((f) => f.key),
        ...by,
      ]),
    ],
    [keys.data, by],
  );
  return (
    <>
      <section className={`panel ${classes.head}`} aria-label="Metric">
        <ActionIcon aria-label="All metrics" onClick={onBack} className={classes.back}>
          <IconArrowLeft size={16} />
        </ActionIcon>
        <div className="grow">
          <h2>
            <bdi>{metric.name}</bdi>
          </h2>
          <p className="dim">
            {metric.description && `${metric.description} `}
            {metric.type.replaceAll("_", " ")}
            {metric.unit && ` in ${unitName(metric.unit)}`}
            {metric.temporality && `, ${metric.temporality}`} · {metric.services.join(", ")} · {whole(metric.points)}{" "}
            points · last {ago(Date.parse(metric.last))}
          </p>
        </div>
      </section>
      <FilterBar filters={filters} asked={{ ...ofMetric, where: all([ofMetric.where!, filters.where]) }}>
        <Select
          aria-label="Show"
          w={112}
          value={of}
          onChange={(v) => setOf(v ?? undefined)}
          data={choices(metric.type, metric.monotonic).map((v) => ({
            value: v,
            label: v === "heatmap" ? "heat map" : v,
          }))}
        />
        <MultiSelect
          aria-label="Group by"
          placeholder={by.length === 0 ? "Group by" : undefined}
          value={by}
          onChange={setBy}
          data={groups}
          searchable
          disabled={of === "heatmap"}
          maxValues={4}
          size="xs"
          className={classes.by}
          comboboxProps={{ width: 280, position: "bottom-start" }}
        />
      </FilterBar>
      <section className="panel" aria-label="Over time">
        <div className="panel-head">
          {of === "heatmap" ? "Buckets" : of}
          {by.length > 0 && <span className="dim">by {by.join(", ")}</span>}
          {(q.data?.resets ?? 0) > 0 && (
            <span className="dim" title="counters that began anew, which is no fall">
              · {whole(q.data!.resets)} restarts
            </span>
          )}
          {(q.data?.dropped ?? 0) > 0 && <span className="dim">· {whole(q.data!.dropped)} more series</span>}
        </div>
        <div className={classes.chart}>
          {q.error ? (
            <ErrorPanel error={q.error} retry={() => void q.refetch()} />
          ) : q.data ? (
            <Drawn answer={q.data} metric={metric} height={280} legend />
          ) : (
            <Loading what="Reading points" />
          )}
        </div>
      </section>
      {q.data && q.data.series.length > 1 && (
        <section className="panel" aria-label="Series">
          <table className="table">
            <thead>
              <tr>
                <th>Series</th>
                {["Least", "Mean", "Most", "Last"].map((h) => (
                  <th key={h} className="num">
                    {h}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {q.data.series.map((s) => {
                const v = s.values.filter((x): x is number => x !== null);
                const figures = v.length
                  ? [Math.min(...v), v.reduce((a, b) => a + b, 0) / v.length, Math.max(...v), v.at(-1)!]
                  : [];
                return (
                  <tr key={JSON.stringify(s.labels)}>
                    <td>
                      <bdi>{labelsOf(s.labels).slice(0, 200)}</bdi>
                    </td>
                    {figures.map((f, i) => (
                      <td key={i} className="num">
                        {write(f)}
                      </td>
                    ))}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      )}
      {isHistogram && of !== "heatmap" && heat.data && (heat.data.counts?.length ?? 0) > 0 && (
        <section className="panel" aria-label="Heat map">
          <div className="panel-head">Heat map</div>
          <div className={classes.chart}>
            <Drawn answer={heat.data} metric={metric} height={190} legend />
          </div>
        </section>
      )}
      {q.data && q.data.exemplars.length > 0 && (
        <section className="panel" aria-label="Exemplars">
          <div className="panel-head">
            Exemplars <span className="dim">measurements with the trace in which they were made</span>
          </div>
          <table className="table">
            <thead>
              <tr>
                <th>Time</th>
                <th className="num">Value</th>
                <th>Trace</th>
              </tr>
            </thead>
            <tbody>
              {[...q.data.exemplars]
                .sort((a, b) => b.value - a.value)
                .slice(0, 20)
                .map((e, i) => {
                  const ms = Date.parse(e.timestamp);
                  return (
                    <tr key={i}>
                      <td>
                        <span className="dim">{day(ms, zone).slice(5)} </span>
                        {time(ms, zone, 3)}
                      </td>
                      <td className="num">{writerOf(metric.unit, "p50")(e.value)}</td>
                      <td>
                        {e.trace_id ? (
                          <Link
                            to="/trace/$id"
                            params={{ id: e.trace_id }}
                            search={(() => (e.span_id ? { span: e.span_id } : {})) as never}
                            className="link mono"
                          >
                            {e.trace_id}
                          </Link>
                        ) : (
                          <span className="dim">none</span>
                        )}
                      </td>
                    </tr>
                  );
                })}
            </tbody>
          </table>
        </section>
      )}
    </>
  );
}
