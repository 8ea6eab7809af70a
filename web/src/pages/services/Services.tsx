import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { type ServiceRow, services } from "../../api/looking";
import { useServiceColor } from "../../api/services";
import { useTime } from "../../time/TimeProvider";
import { Spark } from "../../ui/charts/Spark";
import { usePalette } from "../../ui/colors";
import { count, duration, percent, rate, whole } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { PageTitle } from "../../ui/PageTitle";
import { SortHead, useSort } from "../../ui/sort";
import { ErrorPanel, Loading, NothingInRange } from "../../ui/states";
import { useParam } from "../../ui/url";
import classes from "./Services.module.css";

const by = {
  name: (s: ServiceRow) => s.name,
  rate: (s: ServiceRow) => s.red.rate,
  errors: (s: ServiceRow) => s.red.error_rate,
  p50: (s: ServiceRow) => s.red.p50,
  p95: (s: ServiceRow) => s.red.p95,
  p99: (s: ServiceRow) => s.red.p99,
  logs: (s: ServiceRow) => s.logs,
};

/** Services are all that sent spans in the range, with how they fare. */
export default function Services() {
  const { range } = useTime();
  const palette = usePalette();
  const color = useServiceColor();
  const [find, setFind] = useParam("find");
  const q = useQuery({
    queryKey: ["services", range],
    queryFn: ({ signal }) => services({ range }, 40, signal),
    placeholderData: keepPreviousData,
  });
  useKeys([
    {
      keys: "/",
      label: "Find a service",
      run: () => document.getElementById("find-service")?.focus(),
      group: "Services",
    },
  ]);
  const withSpans = useMemo(
    () => (q.data ?? []).filter((s) => s.spans > 0 && s.name.toLowerCase().includes(find.toLowerCase())),
    [q.data, find],
  );
  const others = useMemo(
    () =>
      (q.data ?? []).filter(
        (s) => s.spans === 0 && s.logs + s.points > 0 && s.name.toLowerCase().includes(find.toLowerCase()),
      ),
    [q.data, find],
  );
  const sort = useSort(withSpans, by, "rate");
  const most = Math.max(...withSpans.map((s) => s.red.rate), 1e-9);

  if (q.error) {
    return (
      <div className="page">
        <PageTitle title="Services" />
        <ErrorPanel error={q.error} retry={() => void q.refetch()} />
      </div>
    );
  }
  if (!q.data) {
    return (
      <>
        <PageTitle title="Services" />
        <Loading what="Reading services" />
      </>
    );
  }
  const none = withSpans.length + others.length === 0;
  return (
    <div className="page">
      <PageTitle title="Services" />
      <div className={classes.bar}>
        <TextInput
          id="find-service"
          className={classes.find}
          aria-label="Find a service"
          placeholder="Find a service"
          leftSection={<IconSearch size={14} />}
          value={find}
          onChange={(e) => setFind(e.currentTarget.value, true)}
        />
        <Totals rows={withSpans} />
      </div>
      {none ? (
        <section className="panel">
          <NothingInRange what="services" table="spans" filtered={find !== ""} clear={() => setFind(undefined)} />
        </section>
      ) : (
        withSpans.length > 0 && (
          <section className={`panel ${classes.wide}`} aria-label="Services with spans">
            <table className={`table ${classes.table}`} data-stale={q.isPlaceholderData || undefined}>
              <thead>
                <tr>
                  <SortHead sort={sort} by="name" label="Service" />
                  <SortHead sort={sort} by="rate" label="Requests" className={classes.figure} />
                  <SortHead sort={sort} by="errors" label="Errors" className={classes.figure} />
                  <SortHead sort={sort} by="p50" label="p50" num className={classes.hide} />
                  <SortHead sort={sort} by="p95" label="p95" className={classes.figure} />
                  <SortHead sort={sort} by="p99" label="p99" num className={classes.hide} />
                  <SortHead sort={sort} by="logs" label="Logs" num className={classes.hide} />
                </tr>
              </thead>
              <tbody>
                {sort.rows.map((s) => (
                  <tr key={s.name}>
                    <td className={classes.name}>
                      <Link to="/services/$name" params={{ name: s.name || "-" }} className="link ellipsis">
                        <i className="dot" style={{ background: color(s.name) }} />
                        <bdi>{s.name || "(no name)"}</bdi>
                      </Link>
                      <i
                        className={classes.share}
                        style={{ width: `${(s.red.rate / most) * 100}%`, background: color(s.name) }}
                      />
                    </td>
                    <td
                      className={classes.figure}
                      title={`${whole(s.red.requests)} requests${s.red.entries ? "" : "; it has no entry, so all its spans are counted"}`}
                    >
                      <div>
                        <span>{rate(s.red.rate)}</span>
                        <Spark values={s.red.series.requests} color={palette.quantiles[1]!} />
                      </div>
                    </td>
                    <td
                      className={`${classes.figure} ${s.red.errors > 0 ? "error-text" : "dim"}`}
                      title={`${whole(s.red.errors)} errors`}
                    >
                      <div>
                        <span>{percent(s.red.error_rate)}</span>
                        <Spark values={s.red.series.errors} color={palette.error} />
                      </div>
                    </td>
                    <td className={`num ${classes.hide}`}>{duration(s.red.p50)}</td>
                    <td className={classes.figure}>
                      <div>
                        <span>{duration(s.red.p95)}</span>
                        <Spark values={s.red.series.p95} color={palette.warn} />
                      </div>
                    </td>
                    <td className={`num ${classes.hide}`}>{duration(s.red.p99)}</td>
                    <td className={`num dim ${classes.hide}`}>{s.logs > 0 ? count(s.logs) : "–"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )
      )}
      {others.length > 0 && (
        <section className="panel" aria-label="Services without spans">
          <div className="panel-head">
            Without spans <span className="dim">logs and metrics alone</span>
          </div>
          <ul className={classes.others}>
            {others.map((s) => (
              <li key={s.name}>
                <i className="dot" style={{ background: color(s.name) }} />
                <Link to="/services/$name" params={{ name: s.name || "-" }} className="link ellipsis">
                  <bdi>{s.name || "(no name)"}</bdi>
                </Link>
                <span className="dim">
                  {s.logs > 0 && `${count(s.logs)} logs`} {s.points > 0 && `${count(s.points)} points`}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function Totals({ rows }: { rows: ServiceRow[] }) {
  const requests = rows.reduce((n, s) => n + s.red.rate, 0);
  const failing = rows.filter((s) => s.red.errors > 0).length;
  return (
    <p className={`dim ${classes.totals}`}>
      {whole(rows.length)} services · {rate(requests)}
      {failing > 0 && <span className="error-text"> · {whole(failing)} with errors</span>}
    </p>
  );
}
