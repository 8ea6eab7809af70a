import { Button, Code, CopyButton, Tabs } from "@mantine/core";
import { IconAlertTriangle, IconPlugConnected } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { ApiError, query } from "../api/client";
import { useTime } from "../time/TimeProvider";
import classes from "./states.module.css";

/** Loading says after a moment that it waits, how long already, and lets one stop. */
export function Loading({ what = "Loading" }: { what?: string }) {
  const queries = useQueryClient();
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const start = performance.now();
    const timer = setInterval(() => setSeconds((performance.now() - start) / 1e3), 200);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className={classes.loading} role="status" data-shown={seconds > 0.35 || undefined}>
      <span className={classes.spin} aria-hidden />
      <span>
        {what}
        {seconds > 1.5 && ` · ${seconds.toFixed(0)} s`}
      </span>
      {seconds > 1 && (
        <Button size="compact-xs" onClick={() => void queries.cancelQueries()}>
          Cancel
        </Button>
      )}
    </div>
  );
}

/** ErrorPanel says what went wrong, and shows the query with a mark where it is at fault. */
export function ErrorPanel({ error, retry }: { error: unknown; retry?: () => void }) {
  const e = error instanceof Error ? error : new Error(String(error));
  const api = e instanceof ApiError ? e : undefined;
  return (
    <div className={classes.error} role="alert">
      <IconAlertTriangle size={18} aria-hidden />
      <div className="grow">
        <div className={classes.message}>{e.message.replace(/^query: /, "")}</div>
        {api?.asked && api.status !== 0 && <Asked text={api.asked} line={api.line} column={api.column} />}
        {retry && (
          <Button size="compact-xs" mt={8} onClick={retry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}

function Asked({ text, line, column }: { text: string; line?: number; column?: number }) {
  const lines = text.length > 4000 ? [`${text.slice(0, 4000)}…`] : text.split("\n");
  return (
    <pre className={`${classes.asked} scroll`}>
      {lines.map((l, i) => (
        <span key={i}>
          {i + 1 === line && column ? (
            <>
              {l.slice(0, column - 1)}
              <mark>{/^[\w.]+|./su.exec(l.slice(column - 1))?.[0] ?? " "}</mark>
              {l.slice(column - 1 + (/^[\w.]+|./su.exec(l.slice(column - 1))?.[0].length ?? 0))}
            </>
          ) : (
            l
          )}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}

/** Nothing is for a place where nothing is to be seen, with what to do about it. */
export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={classes.nothing}>
      <div className={classes.nothingTitle}>{title}</div>
      {children}
    </div>
  );
}

/** NothingInRange leads to where there is data. */
export function NothingInRange({
  what,
  table,
  filtered,
  clear,
}: {
  what: string;
  table: "spans" | "logs" | "metrics";
  filtered?: boolean;
  clear?: () => void;
}) {
  const time = useTime();
  const [extent, setExtent] = useState<[string, string] | null>();
  useEffect(() => {
    const end = new AbortController();
    query(`SELECT min(timestamp), max(timestamp) FROM ${table}`, {}, end.signal)
      .then((r) => setExtent(r.rows[0]?.[0] ? (r.rows[0] as [string, string]) : null))
      .catch(() => setExtent(null));
    return () => end.abort();
  }, [table]);
  const show = () => {
    const [first, last] = [Date.parse(extent![0]), Date.parse(extent![1]) + 1];
    time.zoom({ from: Math.max(first, last - 6048e5), to: last });
  };
  return (
    <Nothing title={`No ${what} in this range`}>
      <p className="dim">
        {filtered ? "No record meets the filters. " : ""}
        {extent &&
          `What is stored is from ${extent[0].slice(0, 19).replace("T", " ")} to ${extent[1].slice(0, 19).replace("T", " ")} UTC.`}
      </p>
      <div className={classes.actions}>
        {filtered && clear && <Button onClick={clear}>Clear the filters</Button>}
        {extent && (
          <Button variant="filled" onClick={show}>
            Show the latest data
          </Button>
        )}
      </div>
    </Nothing>
  );
}

export function NotFound() {
  return (
    <Nothing title="There is no such page">
      <Link to="/services" className="link">
        To the services
      </Link>
    </Nothing>
  );
}

export function PageFailed({ error }: { error: unknown }) {
  const router = useRouter();
  const absent = /dynamically imported|module script/i.test(String(error));
  return (
    <div className="page">
      {absent ? (
        <ErrorPanel
          error="The files of this page cannot be loaded: the server is away, or has a newer version since."
          retry={() => location.reload()}
        />
      ) : (
        <ErrorPanel error={error} retry={() => void router.invalidate()} />
      )}
    </div>
  );
}

/** FirstSpan is what one sees who has sent nothing so far. */
export function FirstSpan() {
  const origin = document.baseURI.replace(/\/$/, "");
  const host = location.hostname.includes(":") ? `[${location.hostname}]` : location.hostname;
  const snippets: Record<string, string> = {
    Go: `go get github.com/ttlog/ttlog

shutdown, err := ttlog.Start(ctx,
    ttlog.WithService("shop"),
    ttlog.WithForward("http://${host}:4318"))
defer shutdown(ctx)`,
    curl: `now=$(date +%s)
curl ${origin}/v1/traces -H 'Content-Type: application/json' -d '{"resourceSpans":[{
  "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
  "scopeSpans":[{"spans":[{"name":"hello","kind":2,
    "traceId":"'$(openssl rand -hex 16)'","spanId":"'$(openssl rand -hex 8)'",
    "startTimeUnixNano":"'$now'000000000","endTimeUnixNano":"'$now'250000000"}]}]}]}'`,
    "Any OpenTelemetry SDK": `export OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:4318
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_SERVICE_NAME=shop`,
    "A file": `ttlog import traces.json.zst --server http://${host}:4318`,
  };
  return (
    <div className={classes.first}>
      <IconPlugConnected size={28} stroke={1.4} aria-hidden />
      <h1>Waiting for the first span</h1>
      <p className="dim">Nothing is stored so far. This page shows it as soon as it arrives.</p>
      <Tabs defaultValue="Go">
        <Tabs.List>
          {Object.keys(snippets).map((name) => (
            <Tabs.Tab key={name} value={name}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {Object.entries(snippets).map(([name, text]) => (
          <Tabs.Panel key={name} value={name}>
            <div className={classes.snippet}>
              <Code block>{text}</Code>
              <CopyButton value={text}>
                {({ copied, copy }) => (
                  <Button size="compact-xs" onClick={copy}>
                    {copied ? "Copied" : "Copy"}
                  </Button>
                )}
              </CopyButton>
            </div>
          </Tabs.Panel>
        ))}
      </Tabs>
    </div>
  );
}
