import { ActionIcon, Button, CopyButton, Menu, Tabs, TextInput, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowsMaximize,
  IconChevronDown,
  IconChevronsDown,
  IconChevronsUp,
  IconDownload,
  IconRoute,
  IconSearch,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { ApiError, apiURL, query } from "../../api/client";
import { useServiceColor } from "../../api/services";
import { literal } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { day, duration, time, whole } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { PageTitle } from "../../ui/PageTitle";
import { ErrorPanel, Loading, Nothing } from "../../ui/states";
import { useParam } from "../../ui/url";
import { Details } from "./Details";
import {
  collapsedBelow,
  criticalPath,
  isError,
  load,
  mark,
  nameOf,
  type Problems,
  rowOf,
  search,
  serviceOf,
  spanId,
  type Trace,
  visible,
} from "./model";
import classes from "./Trace.module.css";
import { indexOf, limited, type View, Waterfall, type WaterfallHandle } from "./Waterfall";

const Flame = lazy(() => import("./Flame"));
const Statistics = lazy(() => import("./Statistics"));
const SpanTable = lazy(() => import("./SpanTable"));
const TraceLogs = lazy(() => import("./TraceLogs"));
const Compare = lazy(() => import("./Compare"));

export default function TracePage() {
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const q = useQuery({
    queryKey: ["trace", id],
    queryFn: ({ signal }) => load(id.toLowerCase(), signal),
    // A million spans are kept once, not for a minute after they were left.
    gcTime: 5_000,
    structuralSharing: false,
  });
  if (q.error) {
    const absent = q.error instanceof ApiError && q.error.status === 404;
    return (
      <div className="page">
        <PageTitle title="Trace" />
        {absent ? (
          <Nothing title="This trace is not stored">
            <p className="dim mono">{id}</p>
            <p className="dim">It was not sent here, is older than what is kept, or is still on its way.</p>
            <Button onClick={() => void q.refetch()}>Look again</Button>
          </Nothing>
        ) : (
          <ErrorPanel error={q.error} retry={() => void q.refetch()} />
        )}
      </div>
    );
  }
  if (!q.data) {
    return (
      <>
        <PageTitle title="Trace" />
        <Loading what="Reading the trace" />
      </>
    );
  }
  return <Opened key={q.data.id} trace={q.data} />;
}

function Opened({ trace }: { trace: Trace }) {
  const [tab, setTab] = useParam("view", "waterfall");
  const [spanParam, setSpan] = useParam("span");
  const [text, setFind] = useParam("find");
  const [typed, setTyped] = useState(text);
  const setText = (t: string) => {
    setTyped(t);
    setFind(t, true);
  };
  const [critical, setCritical] = useParam("critical");
  const handle = useRef<WaterfallHandle>(null);
  const find = useRef<HTMLInputElement>(null);
  // A long trace opens with what a person can take in.
  const [collapsed, setCollapsed] = useState<Uint8Array>(() => new Uint8Array(trace.rows));
  const rows = useMemo(() => visible(trace, collapsed), [trace, collapsed]);
  const selected = useMemo(() => (spanParam ? rowOf(trace, spanParam) : -1), [trace, spanParam]);
  const path = useMemo(() => (critical ? criticalPath(trace) : undefined), [trace, critical]);
  const found = useFound(trace, useDeferredValue(text));

  const [view, onView] = useView(trace);

  const toggle = useCallback(
    (row: number) =>
      setCollapsed((old) => {
        const next = old.slice();
        next[row] = next[row] ? 0 : 1;
        return next;
      }),
    [],
  );
  const select = useCallback(
    (row: number) => {
      setSpan(row < 0 ? undefined : spanId(trace, row), true);
      if (row < 0) return;
      // What hides it is opened.
      setCollapsed((old) => {
        let next = old;
        for (let p = trace.parent[row]!; p >= 0; p = trace.parent[p]!) {
          if (!next[p]) continue;
          if (next === old) next = old.slice();
          next[p] = 0;
        }
        return next;
      });
    },
    [setSpan, trace],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are new once what hid the row is open
  useEffect(() => {
    if (selected >= 0) handle.current?.show(selected);
  }, [selected, rows]);

  const jump = (list: Int32Array | undefined, by: 1 | -1) => {
    if (!list || list.length === 0) return;
    const at = selected < 0 ? (by > 0 ? -1 : list.length) : after(list, selected, by);
    select(list[(at + by + list.length) % list.length]!);
  };
  const errors = useMemo(() => mark(trace, (row) => isError(trace, row)).rows, [trace]);
  const level = (n: number) => setCollapsed(collapsedBelow(trace, n));
  useKeys([
    { keys: "e", label: "Next error", run: () => jump(errors, 1), group: "Trace" },
    { keys: "E", label: "Error before", run: () => jump(errors, -1), group: "Trace" },
    { keys: "/", label: "Search", run: () => find.current?.focus(), group: "Trace" },
    { keys: "n", label: "Next match", run: () => jump(found.rows, 1), group: "Trace" },
    { keys: "N", label: "Match before", run: () => jump(found.rows, -1), group: "Trace" },
    { keys: "p", label: "Critical path", run: () => setCritical(critical ? undefined : "1"), group: "Trace" },
    { keys: "0", label: "Show the whole trace", run: () => onView({ from: 0, to: trace.length }), group: "Trace" },
    { keys: "c", label: "Collapse all below the roots", run: () => level(0), group: "Trace" },
    { keys: "o", label: "Open all", run: () => setCollapsed(new Uint8Array(trace.rows)), group: "Trace" },
    ...[1, 2, 3, 4, 5].map((n) => ({
      keys: String(n),
      label: `Open ${n} levels`,
      run: () => level(n),
      group: "Trace",
    })),
    { keys: "escape", label: "Close the details", run: () => select(-1), group: "Trace" },
  ]);

  return (
    <div className={classes.page}>
      <Head trace={trace} errors={errors.length} onError={() => jump(errors, 1)} />
      <Faults problems={trace.problems} />
      <Tabs value={tab} onChange={(t) => setTab(t ?? undefined)} className={classes.tabs}>
        <div className={classes.tools}>
          <Tabs.List>
            <Tabs.Tab value="waterfall">Waterfall</Tabs.Tab>
            <Tabs.Tab value="flame">Flame graph</Tabs.Tab>
            <Tabs.Tab value="statistics">Statistics</Tabs.Tab>
            <Tabs.Tab value="table">Table</Tabs.Tab>
            <Tabs.Tab value="logs">Logs</Tabs.Tab>
            <Tabs.Tab value="compare">Compare</Tabs.Tab>
          </Tabs.List>
          <span className="grow" />
          {(tab === "waterfall" || tab === "table") && (
            <TextInput
              ref={find}
              className={classes.find}
              aria-label="Search in the trace"
              placeholder="Name, service or condition"
              leftSection={<IconSearch size={14} />}
              value={typed}
              onChange={(e) => setText(e.currentTarget.value)}
              onKeyDown={(e) => {
                // What was typed just now may not be marked yet.
                const now = condition.test(typed) ? found.rows : search(trace, typed).rows;
                if (e.key === "Enter" && typed.trim() !== "") jump(now, e.shiftKey ? -1 : 1);
                if (e.key === "Escape") e.currentTarget.blur();
              }}
              error={found.error?.message}
              rightSectionWidth={66}
              rightSection={text && <span className="dim">{found.rows ? whole(found.rows.length) : "…"}</span>}
            />
          )}
          {tab === "waterfall" && (
            <>
              <Tooltip label="Critical path (p): what the trace waited for">
                <ActionIcon
                  aria-label="Critical path"
                  aria-pressed={!!critical}
                  variant={critical ? "light" : "subtle"}
                  color={critical ? "sea" : "gray"}
                  onClick={() => setCritical(critical ? undefined : "1")}
                >
                  <IconRoute size={16} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label="Collapse all (c)">
                <ActionIcon aria-label="Collapse all" onClick={() => level(0)}>
                  <IconChevronsUp size={16} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label="Open all (o)">
                <ActionIcon aria-label="Open all" onClick={() => setCollapsed(new Uint8Array(trace.rows))}>
                  <IconChevronsDown size={16} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label="Show the whole trace (0)">
                <ActionIcon aria-label="Show the whole trace" onClick={() => onView({ from: 0, to: trace.length })}>
                  <IconArrowsMaximize size={15} />
                </ActionIcon>
              </Tooltip>
            </>
          )}
          <Export trace={trace} />
        </div>
        <div className={classes.body}>
          <div className={classes.view}>
            <Suspense fallback={<Loading />}>
              {tab === "waterfall" && (
                <Waterfall
                  handle={handle}
                  trace={trace}
                  rows={rows}
                  collapsed={collapsed}
                  toggle={toggle}
                  selected={selected}
                  onSelect={select}
                  view={view}
                  onView={onView}
                  marks={text ? found.marks : undefined}
                  critical={path}
                />
              )}
              {tab === "flame" && <Flame trace={trace} onSelect={select} />}
              {tab === "statistics" && (
                <Statistics trace={trace} onFind={(t) => setText(t)} toWaterfall={() => setTab("waterfall")} />
              )}
              {tab === "table" && (
                <SpanTable trace={trace} rows={text ? found.rows : undefined} selected={selected} onSelect={select} />
              )}
              {tab === "logs" && <TraceLogs trace={trace} onSelect={select} />}
              {tab === "compare" && <Compare trace={trace} />}
            </Suspense>
          </div>
          {selected >= 0 && tab !== "compare" && (
            <Details key={selected} trace={trace} row={selected} onSelect={select} close={() => select(-1)} />
          )}
        </div>
      </Tabs>
    </div>
  );
}

/**
 * useView is the time that the waterfall shows. The address follows when zooming
 * rests: a history of every turn of the wheel is of no use, and browsers slow it down.
 */
function useView(trace: Trace): [View, (v: View) => void] {
  const [text, setText] = useParam("zoom");
  const read = useCallback((): View => {
    const [from, to] = text.split(",").map(Number);
    const ok = Number.isFinite(from) && Number.isFinite(to) && text.includes(",") && to! > from!;
    return ok ? limited({ from: from!, to: to! }, trace.length) : { from: 0, to: trace.length };
  }, [text, trace]);
  const [view, setView] = useState(read);
  const rests = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setView(read()), [read]);
  useEffect(() => () => clearTimeout(rests.current), []);
  const change = useCallback(
    (v: View) => {
      setView(v);
      clearTimeout(rests.current);
      rests.current = setTimeout(
        () =>
          setText(v.from <= 0 && v.to >= trace.length ? undefined : `${Math.round(v.from)},${Math.round(v.to)}`, true),
        250,
      );
    },
    [setText, trace],
  );
  return [view, change];
}

/** after is where to go on from in a list of rows. */
function after(list: Int32Array, row: number, by: 1 | -1): number {
  const exact = indexOf(list, row);
  if (exact >= 0) return exact;
  const next = list.findIndex((r) => r > row);
  if (next < 0) return by > 0 ? -1 : list.length;
  return by > 0 ? next - 1 : next;
}

const condition = /[=<>~]|\b(LIKE|ILIKE|IN|IS|BETWEEN)\b/;

/** useFound marks what a search finds: by text here, by a condition in the engine. */
function useFound(trace: Trace, text: string): { rows?: Int32Array; marks?: Uint8Array; error?: Error | null } {
  const asks = condition.test(text);
  const here = useMemo(() => (text.trim() === "" || asks ? undefined : search(trace, text)), [trace, text, asks]);
  const q = useQuery({
    queryKey: ["trace-find", trace.id, text],
    queryFn: async ({ signal }) => {
      // What is still typed should not be asked for.
      await new Promise((done) => setTimeout(done, 250));
      signal.throwIfAborted();
      const r = await query(
        `SELECT span_id FROM spans WHERE trace_id = ${literal(trace.id)} AND (${text})`,
        {},
        signal,
      );
      const ids = new Set(r.rows.map((row) => row[0] as string));
      return mark(trace, (row) => ids.has(spanId(trace, row)));
    },
    enabled: asks,
    retry: false,
  });
  return here ?? { ...q.data, error: asks ? q.error : undefined };
}

function Head({ trace, errors, onError }: { trace: Trace; errors: number; onError: () => void }) {
  const { zone } = useTime();
  const color = useServiceColor();
  const begin = Date.parse(trace.begin);
  const title = trace.rows > 0 ? nameOf(trace, 0) : trace.id;
  const services = useMemo(() => {
    const spans = new Uint32Array(trace.services.length);
    for (let row = 0; row < trace.rows; row++) if (trace.service[row]! >= 0) spans[trace.service[row]!]!++;
    return trace.services.map((name, i) => ({ name, spans: spans[i]! })).sort((a, b) => b.spans - a.spans);
  }, [trace]);
  return (
    <>
      <PageTitle title={`${title} · trace`}>
        <Link to="/traces" className="link dim">
          Traces
        </Link>
        <span className="dim">/</span>
        <h1 className="page-h1 ellipsis">
          <bdi>{title || "(no name)"}</bdi>
        </h1>
      </PageTitle>
      <div className={classes.head}>
        <span className={classes.fact}>
          <b>{duration(trace.length)}</b>
        </span>
        <span className={classes.fact}>
          <b>{whole(trace.rows)}</b> {trace.rows === 1 ? "span" : "spans"}
        </span>
        {errors > 0 && (
          <button
            type="button"
            className={`${classes.fact} ${classes.errors}`}
            onClick={onError}
            title="Next error (e)"
          >
            <b>{whole(errors)}</b> {errors === 1 ? "error" : "errors"}
          </button>
        )}
        <span className={`${classes.fact} dim`}>
          {day(begin, zone)} {time(begin, zone, 3)}
        </span>
        <span className="grow" />
        <span className={`${classes.services} ellipsis`}>
          {services.slice(0, 12).map((s) => (
            <Link
              key={s.name}
              to="/services/$name"
              params={{ name: s.name || "-" }}
              className="link"
              title={`${whole(s.spans)} spans`}
            >
              <i className="dot" style={{ background: color(s.name) }} /> <bdi>{s.name || "(none)"}</bdi>
            </Link>
          ))}
          {services.length > 12 && <span className="dim">and {services.length - 12} more</span>}
        </span>
      </div>
      <p className="visually-hidden">{trace.rows > 0 && `It begins in ${serviceOf(trace, 0)}.`}</p>
    </>
  );
}

const says: [keyof Problems, (n: number) => string][] = [
  ["missing_parents", (n) => `${whole(n)} ${n === 1 ? "span names a parent" : "spans name parents"} not stored`],
  ["cycles", (n) => `${whole(n)} ${n === 1 ? "span is" : "spans are"} in a circle of parents`],
  [
    "clock_skew",
    (n) =>
      `${whole(n)} ${n === 1 ? "span begins" : "spans begin"} before the parent or ${n === 1 ? "ends" : "end"} before the start: clocks differ`,
  ],
  ["unfinished", (n) => `${whole(n)} never ended`],
  ["duplicate_ids", (n) => `${whole(n)} ${n === 1 ? "has" : "have"} the id of another`],
];

function Faults({ problems }: { problems: Problems }) {
  const said = says.filter(([key]) => problems[key] > 0).map(([key, say]) => say(problems[key]));
  if (problems.roots > 1) said.push(`${whole(problems.roots)} spans have no parent`);
  if (said.length === 0) return null;
  return (
    <p className={classes.faults} role="note">
      <IconAlertTriangle size={15} aria-hidden /> {said.join(" · ")}
    </p>
  );
}

function Export({ trace }: { trace: Trace }) {
  const url = apiURL(`traces/${trace.id}`);
  return (
    <Menu>
      <Menu.Target>
        <Button px={8} aria-label="Export" rightSection={<IconChevronDown size={13} />}>
          <IconDownload size={15} />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={url} download={`${trace.id}.json`}>
          Download as OTLP JSON
        </Menu.Item>
        {trace.rows <= 20_000 && (
          <Menu.Item onClick={() => void fetch(url).then(async (r) => navigator.clipboard.writeText(await r.text()))}>
            Copy as OTLP JSON
          </Menu.Item>
        )}
        <CopyButton value={`curl ${url}`}>
          {({ copy }) => <Menu.Item onClick={copy}>Copy as curl</Menu.Item>}
        </CopyButton>
        <CopyButton value={location.href}>
          {({ copy }) => <Menu.Item onClick={copy}>Copy the link</Menu.Item>}
        </CopyButton>
      </Menu.Dropdown>
    </Menu>
  );
}
