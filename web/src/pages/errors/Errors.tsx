import { SegmentedControl, Select } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Issue, issues } from "../../api/issues";
import type { Asked } from "../../api/looking";
import { useServiceColor, useServiceNames } from "../../api/services";
import { useTime } from "../../time/TimeProvider";
import { Spark } from "../../ui/charts/Spark";
import { usePalette } from "../../ui/colors";
import { FilterBar } from "../../ui/filter/FilterBar";
import { useFilters } from "../../ui/filter/useFilters";
import { ago, count, percent, whole } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { PageTitle } from "../../ui/PageTitle";
import { ErrorPanel, Loading, Nothing } from "../../ui/states";
import { useParam } from "../../ui/url";
import classes from "./Errors.module.css";

const orders: Record<string, (a: Issue, b: Issue) => number> = {
  last: (a, b) => Date.parse(b.last) - Date.parse(a.last),
  first: (a, b) => Date.parse(b.first) - Date.parse(a.first),
  count: (a, b) => b.count - a.count,
};

export default function Errors() {
  const { range } = useTime();
  const palette = usePalette();
  const color = useServiceColor();
  const navigate = useNavigate();
  const services = useServiceNames();
  const filters = useFilters();
  const [state, setState] = useParam("state", "all");
  const [service, setService] = useParam("service");
  const [sort, setSort] = useParam("sort", "last");
  const [at, setAt] = useState(-1);
  const body = useRef<HTMLTableSectionElement>(null);
  const asked = useMemo<Asked>(
    () => ({ range, service: service || undefined, where: filters.where }),
    [range, service, filters.where],
  );
  const q = useQuery({
    queryKey: ["issues", asked, state],
    queryFn: ({ signal }) => issues(asked, state === "all" ? "" : state, 40, 500, signal),
    placeholderData: keepPreviousData,
  });
  const list = useMemo(() => [...(q.data?.issues ?? [])].sort(orders[sort] ?? orders.last), [q.data, sort]);
  const move = (by: number) => setAt((i) => Math.max(0, Math.min(list.length - 1, i + by)));
  useKeys([
    { keys: "j", label: "Next issue", run: () => move(1), group: "Errors" },
    { keys: "k", label: "Issue before", run: () => move(-1), group: "Errors" },
  ]);
  useEffect(() => {
    if (at >= 0) body.current?.rows[at]?.querySelector("a")?.focus();
  }, [at]);
  return (
    <div className="page">
      <PageTitle title="Errors" />
      <FilterBar filters={filters} asked={{ range, signal: "spans" }}>
        <SegmentedControl
          aria-label="State"
          value={state}
          onChange={(v) => setState(v)}
          data={[
            { value: "all", label: "All" },
            { value: "open", label: "Open" },
            { value: "regressed", label: "Came back" },
            { value: "resolved", label: "Resolved" },
          ]}
        />
        <Select
          aria-label="Service"
          value={service}
          onChange={(v) => setService(v || undefined)}
          searchable
          data={[
            { value: "", label: "All services" },
            ...(services.data ?? []).filter((s) => s.name !== "").map((s) => s.name),
          ]}
        />
        <Select
          aria-label="Order"
          value={sort}
          onChange={(v) => setSort(v ?? undefined)}
          w={140}
          data={[
            { value: "last", label: "Last seen" },
            { value: "first", label: "New first" },
            { value: "count", label: "Most frequent" },
          ]}
        />
      </FilterBar>
      {q.error ? (
        <ErrorPanel error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <Loading what="Looking for errors" />
      ) : list.length === 0 ? (
        <section className="panel">
          <Nothing title={state === "all" ? "No error in this range" : "No such error in this range"}>
            <p className="dim">
              Exceptions of spans and logs, failed spans, and log records of the level ERROR and above are listed here.
            </p>
          </Nothing>
        </section>
      ) : (
        <section className={`panel ${q.isPlaceholderData ? classes.stale : ""}`} aria-label="Issues">
          <div className="panel-head">
            Issues
            <span className="dim">
              {whole(list.length)}
              {q.data.sampled < 1 && ` · how often is estimated from ${percent(q.data.sampled)} of the records`}
            </span>
          </div>
          <table className={`table ${classes.issues}`}>
            <thead>
              <tr>
                <th>Error</th>
                <th className={classes.services}>Services</th>
                <th className={classes.spark}>Over time</th>
                <th className={`num ${classes.count}`}>Times</th>
                <th className={`num ${classes.seen}`}>Last seen</th>
                <th className={`num ${classes.seen} ${classes.hide}`}>First seen</th>
              </tr>
            </thead>
            <tbody ref={body}>
              {list.map((i) => (
                <tr
                  key={i.id}
                  onClick={(e) =>
                    !(e.target as Element).closest("a") &&
                    !getSelection()?.toString() &&
                    void navigate({ to: "/errors/$id", params: { id: i.id }, search: (() => ({})) as never })
                  }
                >
                  <td>
                    <div className={classes.title}>
                      <Link
                        to="/errors/$id"
                        params={{ id: i.id }}
                        search={(() => ({})) as never}
                        className="link ellipsis"
                      >
                        <bdi>{i.type || firstLine(i.message) || "(no message)"}</bdi>
                      </Link>
                      {i.state !== "open" && (
                        <span className={classes.state} data-state={i.state}>
                          {i.state === "regressed" ? "came back" : "resolved"}
                        </span>
                      )}
                    </div>
                    <div className="dim ellipsis" title={i.sample.slice(0, 1000)}>
                      <bdi>
                        {i.type ? firstLine(i.message) : i.operations.slice(0, 3).join(", ") || i.signals.join(", ")}
                      </bdi>
                      {i.frames[0] && <span className="mono"> · {i.frames[0].slice(0, 120)}</span>}
                    </div>
                  </td>
                  <td className="ellipsis" title={i.services.join(", ")}>
                    {i.services.slice(0, 2).map((s) => (
                      <span key={s} className={classes.service}>
                        <i className="dot" style={{ background: color(s) }} /> <bdi>{s.slice(0, 40)}</bdi>
                      </span>
                    ))}
                    {i.services.length > 2 && <span className="dim">+{i.services.length - 2}</span>}
                  </td>
                  <td className={classes.spark}>
                    <Spark values={i.series} color={palette.error} width={120} height={24} />
                  </td>
                  <td className="num" title={whole(i.count)}>
                    {count(i.count)}
                  </td>
                  <td className="num dim">{ago(Date.parse(i.last))}</td>
                  <td className={`num dim ${classes.hide}`}>{ago(Date.parse(i.first))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </div>
  );
}

const firstLine = (text: string): string => text.split("\n", 1)[0]!.slice(0, 300);
