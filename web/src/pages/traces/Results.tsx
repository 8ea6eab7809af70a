import { Button } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Result, Warning } from "../../api/client";
import { useServiceColor } from "../../api/services";
import { useTime } from "../../time/TimeProvider";
import { day, duration, time, whole } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import type { Order, SpanRow, TraceSummary } from "./data";
import classes from "./Traces.module.css";

interface Props {
  rows: SpanRow[];
  traces?: Map<string, TraceSummary>;
  stats: Result["stats"];
  warnings: Warning[];
  stale: boolean;
  sort: Order;
  down: boolean;
  onSort: (by: Order) => void;
  more?: () => void;
}

/** Results are the spans that were found, each with what is known of its trace. */
export function Results({ rows, traces, stats, warnings, stale, sort, down, onSort, more }: Props) {
  const { zone } = useTime();
  const color = useServiceColor();
  const navigate = useNavigate();
  const [at, setAt] = useState(-1);
  const body = useRef<HTMLTableSectionElement>(null);
  const longest = Math.max(...rows.map((r) => r.duration ?? 0), 1);
  const open = (s: SpanRow) => void navigate({ to: "/trace/$id", params: { id: s.trace_id }, search: keep(s) });
  const move = (by: number) => setAt((i) => Math.max(0, Math.min(rows.length - 1, i + by)));
  useKeys([
    { keys: "j", label: "Next result", run: () => move(1), group: "Results" },
    { keys: "k", label: "Result before", run: () => move(-1), group: "Results" },
  ]);
  useEffect(() => {
    if (at >= 0) body.current?.rows[at]?.querySelector("a")?.focus();
  }, [at]);

  const head = (by: Order, label: string, className: string) => (
    <th className={className} aria-sort={sort === by ? (down ? "descending" : "ascending") : undefined}>
      <button type="button" className="sort" aria-pressed={sort === by} onClick={() => onSort(by)}>
        {label}
        {sort === by && (down ? <IconArrowDown size={12} /> : <IconArrowUp size={12} />)}
      </button>
    </th>
  );
  return (
    <section className={`panel ${stale ? classes.stale : ""}`} aria-label="Results">
      <div className="panel-head">
        Spans
        <span className="dim">
          {more ? `the first ${whole(rows.length)}` : whole(rows.length)} · {whole(stats.rows_scanned)} read in{" "}
          {stats.elapsed_ms.toFixed(0)} ms
        </span>
        {stats.parts_damaged > 0 && (
          <span className="error-text">{stats.parts_damaged} damaged files are left out</span>
        )}
        {warnings.map((w) => (
          <span key={w.message} className="dim">
            {w.message}
          </span>
        ))}
      </div>
      <table className={`table ${classes.results}`}>
        <thead>
          <tr>
            {head("time", "Start", classes.when!)}
            {head("service", "Service", classes.service!)}
            {head("name", "Name", "")}
            {head("duration", "Duration", classes.took!)}
            <th className={`num ${classes.count} ${classes.hide}`}>Spans</th>
            <th className={`${classes.who} ${classes.hide}`}>Services</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {rows.map((s) => {
            const t = traces?.get(s.trace_id);
            const ms = Date.parse(s.timestamp);
            return (
              <tr
                key={s.trace_id + s.span_id}
                className={classes.row}
                data-error={s.status === "error" || undefined}
                onClick={(e) => !(e.target as Element).closest("a") && !getSelection()?.toString() && open(s)}
              >
                <td className="ellipsis">
                  <span className={`dim ${classes.hide}`}>{day(ms, zone).slice(5)} </span>
                  {time(ms, zone)}
                  <span className={classes.hide}>{time(ms, zone, 3).slice(8)}</span>
                </td>
                <td className="ellipsis">
                  <i className="dot" style={{ background: color(s.service ?? "") }} /> <bdi>{s.service ?? "–"}</bdi>
                </td>
                <td>
                  <div className={classes.name}>
                    <Link to="/trace/$id" params={{ id: s.trace_id }} search={keep(s)} className="link ellipsis">
                      <bdi>{s.name || "(no name)"}</bdi>
                    </Link>
                    {s.status === "error" && <span className={classes.tag}>error</span>}
                    {s.status !== "error" && (t?.errors ?? 0) > 0 && (
                      <span className={classes.tag} title="spans with an error in its trace">
                        {t!.errors}
                      </span>
                    )}
                  </div>
                </td>
                <td>
                  <div className={classes.bar}>
                    <span>{duration(s.duration)}</span>
                    <span className={classes.rail}>
                      <i style={{ width: `${((s.duration ?? 0) / longest) * 100}%` }} />
                    </span>
                  </div>
                </td>
                <td className={`num ${classes.hide}`}>{t ? whole(t.spans) : ""}</td>
                <td className={classes.hide}>
                  <span className={classes.dots} title={t?.services.join(", ")}>
                    {t?.services.map((name) => (
                      <i key={name} className="dot" style={{ background: color(name) }} />
                    ))}
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {more && (
        <div className="panel-body" style={{ paddingTop: 10 }}>
          <Button size="compact-xs" onClick={more}>
            More
          </Button>
        </div>
      )}
    </section>
  );
}

/** keep makes the address of a span in its trace; of what is chosen here only the range goes along. */
const keep = (s: SpanRow) => () => ({ span: s.span_id }) as never;
