import { Button, Tabs } from "@mantine/core";
import { IconTimeline } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { heatmap, type Service, service } from "../../api/looking";
import { useServiceColor } from "../../api/services";
import { all, literal, term } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { type Box, HeatMap } from "../../ui/charts/HeatMap";
import { Spark } from "../../ui/charts/Spark";
import { TimeChart } from "../../ui/charts/TimeChart";
import { levelColor, usePalette } from "../../ui/colors";
import { ago, count, day, duration, percent, rate, time, whole } from "../../ui/format";
import { PageTitle } from "../../ui/PageTitle";
import { SortHead, useSort } from "../../ui/sort";
import { ErrorPanel, Loading, NothingInRange } from "../../ui/states";
import { useParam } from "../../ui/url";
import { Dependencies } from "./Dependencies";
import { Errors } from "./Errors";
import { Logs } from "./Logs";
import { Metrics } from "./Metrics";
import classes from "./Service.module.css";

const buckets = 60;

/** ServicePage is one service: how it fares, what it does, whom it calls and who calls it. */
export default function ServicePage() {
  const { name: param = "" } = useParams({ strict: false }) as { name?: string };
  // A path has no empty segment, and a service may have no name.
  const name = param === "-" ? "" : param;
  const { range } = useTime();
  const color = useServiceColor();
  const [operation, setOperation] = useParam("operation");
  const [tab, setTab] = useParam("tab", "operations");
  const where = operation ? `name = ${literal(operation)}` : "";
  const q = useQuery({
    queryKey: ["service", name, range],
    queryFn: ({ signal }) => service({ range }, name, buckets, 200, signal),
    placeholderData: (old) => (old?.name === name ? old : undefined),
  });
  const red = operation ? q.data?.operations.find((o) => o.name === operation)?.red : q.data?.red;
  const toTraces = { scope: "all", f: all([`service = ${literal(name)}`, where]).replace(/^\((.*)\)$/, "$1") };
  const title = (
    <PageTitle title={name || "(no name)"}>
      <Link to="/services" className="link dim">
        Services
      </Link>
      <span className="dim">/</span>
      <i className="dot" style={{ background: color(name) }} />
      <h1 className="page-h1 ellipsis">
        <bdi>{name || "(no name)"}</bdi>
      </h1>
    </PageTitle>
  );
  if (q.error) {
    return (
      <div className="page">
        {title}
        <ErrorPanel error={q.error} retry={() => void q.refetch()} />
      </div>
    );
  }
  if (!q.data) {
    return (
      <>
        {title}
        <Loading what="Reading the service" />
      </>
    );
  }
  const s = q.data;
  const marks = s.versions
    .filter((v) => v.version !== null && Date.parse(v.first_seen) > range.from + 1e3)
    .map((v) => ({ at: Date.parse(v.first_seen), label: v.version! }));
  const lines = s.logs.reduce((n, l) => n + l.count, 0);
  if (s.red.requests === 0 && lines === 0 && s.points === 0) {
    return (
      <div className="page">
        {title}
        <section className="panel">
          <NothingInRange what={`records of ${name || "this service"}`} table="spans" />
        </section>
      </div>
    );
  }
  const known = s.versions.filter((v) => v.version !== null);
  const tabs = [
    ...(s.red.requests > 0 ? ["operations", "dependencies", "errors"] : []),
    ...(lines > 0 ? ["logs"] : []),
    ...(s.points > 0 ? ["metrics"] : []),
    ...(known.length > 0 ? ["versions"] : []),
  ];
  return (
    <div className="page">
      {title}
      <div className={classes.facts}>
        {operation ? (
          <span className={classes.chosen}>
            <b>
              <bdi>{operation}</bdi>
            </b>
            <Button size="compact-xs" onClick={() => setOperation(undefined)}>
              All operations
            </Button>
          </span>
        ) : (
          <Versions versions={s.versions} />
        )}
        <span className="grow" />
        <Levels name={name} logs={s.logs} />
        {s.red.requests > 0 && (
          <Button
            leftSection={<IconTimeline size={14} />}
            component={Link}
            {...({
              to: "/traces",
              search: () => toTraces,
            } as object)}
          >
            Its spans
          </Button>
        )}
      </div>
      {red && red.requests > 0 && <Charts service={s} red={red} marks={marks} />}
      <Durations name={name} where={where} />
      <section className="panel">
        <Tabs
          keepMounted={false}
          value={tabs.includes(tab) ? tab : tabs[0]!}
          onChange={(t) => setTab(t ?? undefined, true)}
        >
          <Tabs.List>
            {s.red.requests > 0 && (
              <>
                <Tabs.Tab value="operations">Operations {whole(s.operations.length)}</Tabs.Tab>
                <Tabs.Tab value="dependencies">Dependencies</Tabs.Tab>
                <Tabs.Tab value="errors">Errors {s.red.errors > 0 ? count(s.red.errors) : ""}</Tabs.Tab>
              </>
            )}
            {lines > 0 && <Tabs.Tab value="logs">Logs {count(lines)}</Tabs.Tab>}
            {s.points > 0 && <Tabs.Tab value="metrics">Metrics</Tabs.Tab>}
            {known.length > 0 && <Tabs.Tab value="versions">Versions {whole(known.length)}</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="operations">
            <Operations operations={s.operations} chosen={operation} onChoose={setOperation} />
          </Tabs.Panel>
          <Tabs.Panel value="dependencies">
            <Dependencies name={name} />
          </Tabs.Panel>
          <Tabs.Panel value="errors">
            <Errors name={name} where={where} />
          </Tabs.Panel>
          <Tabs.Panel value="logs">
            <Logs name={name} />
          </Tabs.Panel>
          <Tabs.Panel value="metrics">
            <Metrics name={name} />
          </Tabs.Panel>
          <Tabs.Panel value="versions">
            <VersionTable name={name} versions={known} />
          </Tabs.Panel>
        </Tabs>
      </section>
    </div>
  );
}

function Charts({
  service: s,
  red,
  marks,
}: {
  service: Service;
  red: Service["red"];
  marks: { at: number; label: string }[];
}) {
  const palette = usePalette();
  const from = Date.parse(s.from);
  const seconds = s.step / 1e9;
  const series = useMemo(
    () => ({
      rate: [
        {
          label: "requests",
          color: palette.quantiles[1]!,
          kind: "area" as const,
          values: red.series.requests.map((n) => n / seconds),
        },
      ],
      errors: [
        {
          label: "errors",
          color: palette.error,
          kind: "area" as const,
          values: red.series.errors.map((n, i) => (red.series.requests[i]! > 0 ? n / red.series.requests[i]! : null)),
        },
      ],
      latency: (["p99", "p95", "p50"] as const).map((k, i) => ({
        label: k,
        color: palette.quantiles[2 - i]!,
        values: red.series[k],
      })),
    }),
    [red, seconds, palette],
  );
  return (
    <div className={classes.charts}>
      <section className="panel" aria-label="Requests">
        <div className="panel-head">
          Requests <b className={classes.big}>{rate(red.rate)}</b>
        </div>
        <div className={classes.chart}>
          <TimeChart
            name="Requests a second"
            from={from}
            step={s.step}
            series={series.rate}
            write={perSecond}
            marks={marks}
          />
        </div>
      </section>
      <section className="panel" aria-label="Errors">
        <div className="panel-head">
          Errors <b className={`${classes.big} ${red.errors > 0 ? "error-text" : ""}`}>{percent(red.error_rate)}</b>
          <span className="dim">{whole(red.errors)}</span>
        </div>
        <div className={classes.chart}>
          <TimeChart
            name="Share of errors"
            from={from}
            step={s.step}
            series={series.errors}
            write={percent}
            marks={marks}
          />
        </div>
      </section>
      <section className="panel" aria-label="Latency">
        <div className="panel-head">
          Latency <b className={classes.big}>{duration(red.p95)}</b> <span className="dim">p95</span>
        </div>
        <div className={classes.chart}>
          <TimeChart name="Latency" from={from} step={s.step} series={series.latency} write={duration} marks={marks} />
        </div>
      </section>
    </div>
  );
}

const perSecond = (v: number) => rate(v);

function Durations({ name, where }: { name: string; where: string }) {
  const { range } = useTime();
  const navigate = useNavigate();
  const condition = all([`service = ${literal(name)}`, where]);
  const q = useQuery({
    queryKey: ["heatmap", range, condition],
    queryFn: ({ signal }) => heatmap({ range, where: condition }, 90, 30, signal),
    placeholderData: keepPreviousData,
  });
  const onBox = useCallback(
    (b: Box) =>
      void navigate({
        to: "/traces",
        search: (() => ({
          scope: "all",
          f: where ? [`service = ${literal(name)}`, where] : `service = ${literal(name)}`,
          box: [b.from, b.to, b.least, b.most].join(","),
        })) as never,
      }),
    [navigate, name, where],
  );
  if (q.data?.total === 0) return null;
  return (
    <section className="panel" aria-label="Durations">
      <div className="panel-head">
        Durations {q.data && <span className="dim">{whole(q.data.total)} spans · drag to see which</span>}
      </div>
      <div className={classes.heat}>
        {q.data ? <HeatMap heat={q.data} height={170} onBox={onBox} /> : <Loading what="Reading durations" />}
      </div>
    </section>
  );
}

const by = {
  name: (o: Service["operations"][number]) => o.name,
  rate: (o: Service["operations"][number]) => o.red.rate,
  errors: (o: Service["operations"][number]) => o.red.error_rate,
  p50: (o: Service["operations"][number]) => o.red.p50,
  p95: (o: Service["operations"][number]) => o.red.p95,
  p99: (o: Service["operations"][number]) => o.red.p99,
  time: (o: Service["operations"][number]) => (o.red.p50 ?? 0) * o.red.requests,
};

function Operations({
  operations,
  chosen,
  onChoose,
}: {
  operations: Service["operations"];
  chosen: string;
  onChoose: (name: string | undefined) => void;
}) {
  const palette = usePalette();
  const sort = useSort(operations, by, "rate");
  return (
    <table className="table">
      <thead>
        <tr>
          <SortHead sort={sort} by="name" label="Operation" />
          <SortHead sort={sort} by="rate" label="Requests" num />
          <th className={classes.spark}>
            <span className="visually-hidden">Requests by time</span>
          </th>
          <SortHead sort={sort} by="errors" label="Errors" num />
          <SortHead sort={sort} by="p50" label="p50" num className={classes.hide} />
          <SortHead sort={sort} by="p95" label="p95" num />
          <SortHead sort={sort} by="p99" label="p99" num className={classes.hide} />
          <th className={classes.spark}>
            <span className="visually-hidden">p95 by time</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sort.rows.map((o) => (
          <tr key={`${o.name} ${o.kind}`} aria-current={o.name === chosen || undefined}>
            <td className={`ellipsis ${classes.operation}`}>
              <button
                type="button"
                className="sort link"
                onClick={() => onChoose(o.name === chosen ? undefined : o.name)}
              >
                <bdi>{o.name || "(no name)"}</bdi>
              </button>{" "}
              <span className="dim">{o.kind}</span>
            </td>
            <td className="num">{rate(o.red.rate)}</td>
            <td className={classes.spark}>
              <Spark values={o.red.series.requests} color={palette.quantiles[1]!} />
            </td>
            <td className={`num ${o.red.errors > 0 ? "error-text" : "dim"}`}>{percent(o.red.error_rate)}</td>
            <td className={`num ${classes.hide}`}>{duration(o.red.p50)}</td>
            <td className="num">{duration(o.red.p95)}</td>
            <td className={`num ${classes.hide}`}>{duration(o.red.p99)}</td>
            <td className={classes.spark}>
              <Spark values={o.red.series.p95} color={palette.warn} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Versions({ versions }: { versions: Service["versions"] }) {
  const known = versions.filter((v) => v.version !== null);
  if (known.length === 0) return null;
  const latest = known.reduce((a, b) => (a.first_seen > b.first_seen ? a : b));
  return (
    <span className="dim">
      version <b className={classes.version}>{latest.version}</b> since {ago(Date.parse(latest.first_seen))}
      {known.length > 1 && `, ${known.length - 1} before`}
    </span>
  );
}

/** Levels are how many log records it wrote of each level, each a way to them. */
function Levels({ name, logs }: { name: string; logs: Service["logs"] }) {
  const { scheme } = usePalette();
  if (logs.length === 0) return null;
  return (
    <span className={classes.levels}>
      {logs.map((l) => (
        <Link
          key={l.level ?? ""}
          to="/logs"
          search={(() => ({ f: [term("service", name), term("level", l.level)] })) as never}
          className="link"
          title={`${whole(l.count)} log records`}
        >
          <i className="dot" style={{ background: levelColor(l.level ?? "", scheme) }} /> {l.level ?? "no level"}{" "}
          {count(l.count)}
        </Link>
      ))}
    </span>
  );
}

function VersionTable({ name, versions }: { name: string; versions: Service["versions"] }) {
  const { zone } = useTime();
  const at = (t: string) => `${day(Date.parse(t), zone)} ${time(Date.parse(t), zone)}`;
  return (
    <table className="table">
      <thead>
        <tr>
          <th>Version</th>
          <th>First seen</th>
          <th>Last seen</th>
          <th className="num">Spans</th>
        </tr>
      </thead>
      <tbody>
        {versions.map((v) => (
          <tr key={v.version}>
            <td className="ellipsis">
              <Link
                to="/traces"
                search={
                  (() => ({
                    scope: "all",
                    f: [term("service", name), term("resource['service.version']", v.version)],
                  })) as never
                }
                className="link"
              >
                <bdi>{v.version}</bdi>
              </Link>
            </td>
            <td>{at(v.first_seen)}</td>
            <td>{at(v.last_seen)}</td>
            <td className="num">{whole(v.spans)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
