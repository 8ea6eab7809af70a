import { Button, SegmentedControl } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type Asked, heatmap } from "../../api/looking";
import { all, during } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { type Box, HeatMap } from "../../ui/charts/HeatMap";
import { TimeChart } from "../../ui/charts/TimeChart";
import { usePalette } from "../../ui/colors";
import { Facets } from "../../ui/filter/Facets";
import { FilterBar, FilterButton } from "../../ui/filter/FilterBar";
import { useFilters } from "../../ui/filter/useFilters";
import { count, duration, whole } from "../../ui/format";
import { PageTitle } from "../../ui/PageTitle";
import { ErrorPanel, Loading, NothingInRange } from "../../ui/states";
import { useParam } from "../../ui/url";
import { Compared } from "./Compared";
import { findSpans, type Order, summaries } from "./data";
import { Results } from "./Results";
import classes from "./Traces.module.css";

const firstFacets = ["service", "name", "status", "kind"];

export default function Traces() {
  const { range, zoom } = useTime();
  const palette = usePalette();
  const filters = useFilters();
  const [scope, setScope] = useParam("scope", "root");
  const [sort, setSort] = useParam("sort", "time");
  const [down, setDown] = useParam("order", "desc");
  const [limit, setLimit] = useParam("limit", "100");
  const [boxText, setBox] = useParam("box");
  const [facetsOpen, setFacetsOpen] = useState(false);

  const where = useMemo(
    () =>
      scope === "root" || filters.terms.length > 0
        ? all(scope === "root" ? ["root_span", ...filters.terms] : filters.terms)
        : "",
    [scope, filters.terms],
  );
  const asked = useMemo<Asked>(() => ({ range, where, signal: "spans" }), [range, where]);
  const box = useMemo(() => parseBox(boxText), [boxText]);
  const selected = useMemo<Asked>(
    () => (box ? { ...asked, range: { from: box.from, to: box.to }, where: all([where, inBox(box)]) } : asked),
    [asked, box, where],
  );

  const heat = useQuery({
    queryKey: ["heatmap", asked],
    queryFn: ({ signal }) => heatmap(asked, 90, 34, signal),
    placeholderData: keepPreviousData,
  });
  const found = useQuery({
    queryKey: ["spans", selected, sort, down, limit],
    queryFn: ({ signal }) => findSpans(selected, sort as Order, down === "desc", Number(limit) || 100, signal),
    placeholderData: keepPreviousData,
  });
  const ids = useMemo(() => [...new Set(found.data?.rows.map((s) => s.trace_id))], [found.data]);
  const traces = useQuery({
    queryKey: ["trace-summaries", ids],
    queryFn: ({ signal }) => summaries(selected, ids, signal),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
  });

  const error = found.error ?? heat.error;
  const empty = found.data?.rows.length === 0 && !found.isPlaceholderData;
  return (
    <div className="page">
      <PageTitle title="Traces" />
      <FilterBar filters={filters} asked={asked}>
        <SegmentedControl
          aria-label="Which spans"
          value={scope}
          onChange={setScope}
          data={[
            { value: "root", label: "Root spans" },
            { value: "all", label: "All spans" },
          ]}
        />
        <FilterButton open={facetsOpen} onClick={() => setFacetsOpen(!facetsOpen)} />
      </FilterBar>
      {error ? (
        <ErrorPanel error={error} retry={() => void Promise.all([found.refetch(), heat.refetch()])} />
      ) : (
        <div className={classes.columns} data-facets={facetsOpen || undefined}>
          <aside aria-label="Facets" className={`panel scroll ${classes.facets}`}>
            <Facets asked={selected} filters={filters} first={firstFacets} />
          </aside>
          <div className={classes.main}>
            {heat.data?.total !== 0 && (
              <section className="panel" aria-label="Over time">
                <div className="panel-head">
                  Duration {heat.data && <span className="dim">{whole(heat.data.total)} spans</span>}
                  {(heat.data?.unfinished ?? 0) > 0 && (
                    <span className="dim">· {count(heat.data!.unfinished)} never ended</span>
                  )}
                  <span className="grow" />
                  <Legend />
                  {box && (
                    <>
                      <Button
                        size="compact-xs"
                        onClick={() => {
                          if (box.least > 0) filters.add(inBox(box));
                          zoom(box);
                        }}
                      >
                        Zoom in
                      </Button>
                      <Button size="compact-xs" onClick={() => setBox(undefined)}>
                        Clear the selection
                      </Button>
                    </>
                  )}
                </div>
                <div className={classes.charts}>
                  {heat.data ? (
                    <>
                      <HeatMap heat={heat.data} box={box} onBox={(b) => setBox(writeBox(b))} />
                      <TimeChart
                        name="Spans by time"
                        from={Date.parse(heat.data.from)}
                        step={heat.data.step}
                        height={76}
                        legend={false}
                        write={count}
                        series={[
                          { label: "errors", color: palette.error, kind: "bars", values: heat.data.errors.map(sum) },
                          {
                            label: "spans",
                            color: palette.faint,
                            kind: "bars",
                            values: heat.data.counts.map((c, i) => sum(c) - sum(heat.data.errors[i] ?? [])),
                          },
                        ]}
                      />
                    </>
                  ) : (
                    <Loading what="Reading durations" />
                  )}
                </div>
              </section>
            )}
            {box && <Compared asked={asked} selection={all([during(box), inBox(box)])} filters={filters} />}
            {found.data === undefined ? (
              <Loading what="Looking for spans" />
            ) : empty ? (
              <section className="panel">
                <NothingInRange
                  what="spans"
                  table="spans"
                  filtered={filters.terms.length > 0 || box !== undefined}
                  clear={() => (box ? setBox(undefined) : filters.clear())}
                />
              </section>
            ) : (
              <Results
                rows={found.data.rows}
                traces={traces.data}
                stats={found.data.stats}
                warnings={found.data.warnings}
                stale={found.isPlaceholderData}
                sort={sort as Order}
                down={down === "desc"}
                onSort={(s) => {
                  if (s === sort) setDown(down === "desc" ? "asc" : "desc");
                  else setSort(s);
                }}
                more={
                  found.data.rows.length >= Number(limit) && Number(limit) < 1000
                    ? () => setLimit(String(Math.min(1000, Number(limit) * 2)), true)
                    : undefined
                }
              />
            )}
          </div>
        </div>
      )}
    </div>
  );
}

function Legend() {
  return (
    <span className={classes.legend} aria-hidden>
      few <i /> many <i data-hot /> mostly errors
    </span>
  );
}

const sum = (list: number[]): number => list.reduce((a, b) => a + b, 0);

/** A box in the URL is t0,t1,d0,d1: ms and ns. */
export function parseBox(text: string): Box | undefined {
  const n = text.split(",").map(Number);
  if (n.length !== 4 || n.some((v) => !Number.isFinite(v)) || n[0]! >= n[1]!) return undefined;
  return { from: n[0]!, to: n[1]!, least: n[2]!, most: n[3]! };
}

const writeBox = (b: Box): string => [b.from, b.to, b.least, b.most].join(",");

const inBox = (b: Box): string =>
  b.least > 0 ? `duration BETWEEN ${exact(b.least)} AND ${exact(b.most)}` : `duration <= ${exact(b.most)}`;

// Round enough to be read, and a duration of the language.
function exact(ns: number): string {
  const text = duration(ns).replace(" ", "").replace("µs", "us");
  return /^[\d.]+(ns|us|ms|s)$/.test(text) ? text : `${Math.round(ns / 1e6)}ms`;
}
