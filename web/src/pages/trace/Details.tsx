import { Button, CloseButton, CopyButton, TextInput } from "@mantine/core";
import { IconCheck, IconCopy, IconFilter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { get, objects, query, type Value } from "../../api/client";
import { useServiceColor } from "../../api/services";
import { during, literal, name as nameSQL, term } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { levelColor, usePalette } from "../../ui/colors";
import { bytes, duration, percent, time, whole } from "../../ui/format";
import { ErrorPanel, Loading } from "../../ui/states";
import { flag, isError, nameOf, serviceOf, spanId, type Trace } from "./model";
import classes from "./Trace.module.css";

type Attributes = Record<string, Value>;

interface Span {
  timestamp: string;
  status_message: string;
  scope_name: string;
  scope_version: string;
  trace_state: string;
  attributes: Attributes | null;
  resource: Attributes | null;
  scope: Attributes | null;
  events: { time?: string; name: string; attributes?: Attributes }[] | null;
  links: { trace_id: string; span_id: string; attributes?: Attributes }[] | null;
}

interface Props {
  trace: Trace;
  row: number;
  onSelect: (row: number) => void;
  close: () => void;
}

/** Details is all there is to know of one span. */
export function Details({ trace, row, onSelect, close }: Props) {
  const color = useServiceColor();
  const { zone } = useTime();
  const id = spanId(trace, row);
  const [service, name] = [serviceOf(trace, row), nameOf(trace, row)];
  const took = trace.duration[row]!;
  const begin = Date.parse(trace.begin) + trace.start[row]! / 1e6;
  const q = useQuery({
    queryKey: ["span", trace.id, id],
    queryFn: ({ signal }) => get<Span>(`traces/${trace.id}/spans/${id}`, {}, signal),
  });
  const parent = trace.parent[row]!;
  const faults = faultsOf(trace.flags[row]!);
  return (
    <aside className={`${classes.details} scroll`} aria-label="Span">
      <div className={classes.detailsHead}>
        <i className="dot" style={{ background: color(service) }} />
        <Link to="/services/$name" params={{ name: service || "-" }} className="link dim ellipsis">
          <bdi>{service || "(no service)"}</bdi>
        </Link>
        <span className="grow" />
        <CloseButton size="sm" aria-label="Close the details" onClick={close} />
      </div>
      <h2 className={classes.spanName}>
        <bdi>{name || "(no name)"}</bdi>
      </h2>
      <dl className={classes.figures}>
        <div>
          <dt>Duration</dt>
          <dd>{took < 0 ? "never ended" : duration(took)}</dd>
        </div>
        <div>
          <dt>Start</dt>
          <dd title={`${time(begin, zone, 6)}`}>+{duration(trace.start[row]!)}</dd>
        </div>
        <div>
          <dt>Kind</dt>
          <dd>{trace.kinds[trace.kind[row]!]}</dd>
        </div>
        <div>
          <dt>Status</dt>
          <dd className={isError(trace, row) ? "error-text" : ""}>{trace.statuses[trace.status[row]!]}</dd>
        </div>
      </dl>
      {q.data?.status_message && <p className={classes.message}>{q.data.status_message}</p>}
      {faults.length > 0 && <p className={classes.fault}>{faults.join(" ")}</p>}
      {took >= 0 && <Standing trace={trace} row={row} />}
      {q.error ? (
        <ErrorPanel error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <Loading />
      ) : (
        <>
          <Table title="Attributes" of={q.data.attributes} place="record" />
          <Events span={q.data} begin={Date.parse(q.data.timestamp)} />
          <Links span={q.data} />
          <Logs trace={trace} id={id} begin={begin} took={took} />
          <Table title="Resource" of={q.data.resource} place="resource" closed />
          <Table
            title="Scope"
            of={{
              ...(q.data.scope_name && { name: q.data.scope_name }),
              ...(q.data.scope_version && { version: q.data.scope_version }),
              ...q.data.scope,
            }}
            place="scope"
            closed
          />
        </>
      )}
      <div className={classes.ids}>
        <Id label="span" value={id} />
        <Id label="trace" value={trace.id} />
        {parent >= 0 && (
          <Button size="compact-xs" onClick={() => onSelect(parent)}>
            To the parent
          </Button>
        )}
      </div>
    </aside>
  );
}

function faultsOf(flags: number): string[] {
  const says: [number, string][] = [
    [flag.missingParent, "Its parent is not stored: it was not sent, was dropped, or comes later."],
    [flag.cycle, "It was in a circle of parents, which is opened here."],
    [flag.skew, "It begins before its parent, or ends before it begins: the clocks of the machines differ."],
    [flag.unfinished, "It has no end: it still runs, or its process died."],
    [flag.duplicate, "Another span of this trace has the same id."],
  ];
  return says.filter(([f]) => flags & f).map(([, text]) => text);
}

/** Standing says where the span's duration is among those of its operation. */
function Standing({ trace, row }: { trace: Trace; row: number }) {
  const [service, name] = [serviceOf(trace, row), nameOf(trace, row)];
  const took = trace.duration[row]!;
  const at = Date.parse(trace.begin);
  const q = useQuery({
    queryKey: ["standing", service, name, took, trace.id],
    queryFn: async ({ signal }) => {
      const r = await query(
        `SELECT count(*) FILTER (WHERE duration < ${took}ns), count(*), p50(duration) FROM spans
WHERE ${during({ from: at - 36e5, to: at + 36e5 })} AND service = :service AND name = :name AND duration IS NOT NULL`,
        { service, name },
        signal,
      );
      const [faster, all, median] = r.rows[0] as [number, number, number];
      return { faster, all, median };
    },
    meta: { quiet: true },
  });
  if (!q.data || q.data.all < 5) return <p className={classes.standing} />;
  const share = q.data.faster / q.data.all;
  return (
    <p className={classes.standing}>
      <span className={classes.scale} aria-hidden>
        <i style={{ left: `${share * 100}%` }} />
      </span>
      <span>
        {share >= 0.5
          ? `Slower than ${percent(Number(share.toFixed(3)))}`
          : `Faster than ${percent(Number((1 - share).toFixed(3)))}`}
        <span className="dim">
          {" "}
          of {whole(q.data.all)} <bdi>{name || "of its name"}</bdi> within an hour, median {duration(q.data.median)}
        </span>
      </span>
    </p>
  );
}

/** What is longer is cut until one asks: a megabyte in a cell would stop the page. */
const cut = 600;

function Table({
  title,
  of,
  place,
  closed,
}: {
  title: string;
  of: Attributes | null;
  place: "record" | "resource" | "scope";
  closed?: boolean;
}) {
  const entries = Object.entries(of ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const [find, setFind] = useState("");
  const [most, setMost] = useState(100);
  if (entries.length === 0) return null;
  const found = find === "" ? entries : entries.filter(([key]) => key.toLowerCase().includes(find.toLowerCase()));
  return (
    <Section title={title} count={entries.length} closed={closed}>
      {entries.length > 30 && (
        <TextInput
          aria-label={`Find in ${title}`}
          placeholder="Find"
          mt={6}
          value={find}
          onChange={(e) => setFind(e.currentTarget.value)}
        />
      )}
      <table className={classes.attributes}>
        <tbody>
          {found.slice(0, most).map(([key, value]) => (
            <Row
              key={key}
              name={key}
              value={value}
              sql={place === "record" ? nameSQL(key) : `${place}[${literal(key)}]`}
            />
          ))}
        </tbody>
      </table>
      {found.length > most && (
        <Button size="compact-xs" mt={6} onClick={() => setMost(most + 400)}>
          More of {whole(found.length)}
        </Button>
      )}
    </Section>
  );
}

function Row({ name, value, sql }: { name: string; value: Value; sql?: string }) {
  const [open, setOpen] = useState(false);
  const [copied, setCopied] = useState(false);
  const navigate = useNavigate();
  const find = (condition: string) =>
    void navigate({ to: "/traces", search: (() => ({ scope: "all", f: condition })) as never });
  const text = typeof value === "string" ? value : JSON.stringify(value, null, typeof value === "object" ? 1 : 0);
  const long = text.length > cut;
  return (
    <tr>
      <th scope="row">
        <bdi>{name}</bdi>
      </th>
      <td>
        <bdi className={typeof value === "number" || typeof value === "boolean" ? classes.scalar : undefined}>
          {text === "" ? (
            <span className="dim">(empty)</span>
          ) : long && !open ? (
            `${text.slice(0, cut)}…`
          ) : open ? (
            text.slice(0, 200_000)
          ) : (
            text
          )}
        </bdi>
        {long && (
          <Button size="compact-xs" ml={6} onClick={() => setOpen(!open)}>
            {open ? "Less" : `All ${bytes(text.length)}`}
          </Button>
        )}
      </td>
      <td className={classes.tools}>
        {sql && text.length < 4000 && (
          <button
            type="button"
            title="Spans with this value"
            aria-label={`Spans with this ${name}`}
            onClick={() => find(term(sql, value))}
          >
            <IconFilter size={12} />
          </button>
        )}
        <button
          type="button"
          title={copied ? "Copied" : "Copy"}
          aria-label={`Copy ${name}`}
          onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(true))}
        >
          {copied ? <IconCheck size={12} /> : <IconCopy size={12} />}
        </button>
      </td>
    </tr>
  );
}

function Section({
  title,
  count,
  closed,
  children,
}: {
  title: string;
  count?: number;
  closed?: boolean;
  children: ReactNode;
}) {
  return (
    <details open={!closed} className={classes.section}>
      <summary>
        {title} {count !== undefined && <span className="dim">{whole(count)}</span>}
      </summary>
      {children}
    </details>
  );
}

function Events({ span, begin }: { span: Span; begin: number }) {
  const events = span.events ?? [];
  if (events.length === 0) return null;
  return (
    <Section title="Events" count={events.length}>
      <ol className={classes.events}>
        {events.slice(0, 200).map((e, i) => {
          const exception = e.name === "exception";
          const { "exception.stacktrace": stack, ...rest } = e.attributes ?? {};
          return (
            <li key={i} data-exception={exception || undefined}>
              <div className={classes.event}>
                <b>
                  <bdi>{e.name || "(no name)"}</bdi>
                </b>
                <span className="dim">
                  {e.time ? `+${duration((Date.parse(e.time) - begin) * 1e6 + subMillis(e.time, span.timestamp))}` : ""}
                </span>
              </div>
              {Object.keys(rest).length > 0 && (
                <table className={classes.attributes}>
                  <tbody>
                    {Object.entries(rest)
                      .slice(0, 50)
                      .map(([k, v]) => (
                        <Row key={k} name={k} value={v} />
                      ))}
                  </tbody>
                </table>
              )}
              {stack && <pre className={`${classes.stack} scroll`}>{String(stack).slice(0, 20_000)}</pre>}
            </li>
          );
        })}
      </ol>
    </Section>
  );
}

/** subMillis is what Date.parse cuts off of two times, as nanoseconds of their difference. */
function subMillis(a: string, b: string): number {
  const rest = (t: string) => Number((/\.(\d+)/.exec(t)?.[1] ?? "").padEnd(9, "0").slice(3, 9));
  return rest(a) - rest(b);
}

function Links({ span }: { span: Span }) {
  const links = span.links ?? [];
  if (links.length === 0) return null;
  return (
    <Section title="Links" count={links.length}>
      {links.slice(0, 100).map((l, i) => (
        <div key={i}>
          <Link
            to="/trace/$id"
            params={{ id: l.trace_id }}
            search={(() => ({ span: l.span_id })) as never}
            className="mono link"
          >
            {l.trace_id}
          </Link>
          {l.attributes && Object.keys(l.attributes).length > 0 && (
            <table className={classes.attributes}>
              <tbody>
                {Object.entries(l.attributes).map(([k, v]) => (
                  <Row key={k} name={k} value={v} />
                ))}
              </tbody>
            </table>
          )}
        </div>
      ))}
    </Section>
  );
}

export interface LogLine {
  timestamp: string;
  level: string | null;
  service: string | null;
  body: Value;
  span_id: string;
}

/** logsOf finds the log records of a trace, or of one of its spans, in the order of time. */
export async function logsOf(trace: Trace, id: string | undefined, signal: AbortSignal): Promise<LogLine[]> {
  const at = Date.parse(trace.begin);
  const range = { from: at - 6e4, to: at + trace.length / 1e6 + 6e4 };
  const r = await query(
    `SELECT timestamp, level, service, body, span_id FROM logs
WHERE ${during(range)} AND trace_id = ${literal(trace.id)}${id ? ` AND span_id = ${literal(id)}` : ""}
ORDER BY timestamp LIMIT 1000`,
    {},
    signal,
  );
  return objects<LogLine>(r);
}

function Logs({ trace, id }: { trace: Trace; id: string; begin: number; took: number }) {
  const { zone } = useTime();
  const { scheme } = usePalette();
  const q = useQuery({
    queryKey: ["span-logs", trace.id, id],
    queryFn: ({ signal }) => logsOf(trace, id, signal),
    meta: { quiet: true },
  });
  if (!q.data || q.data.length === 0) return null;
  return (
    <Section title="Logs" count={q.data.length}>
      <ul className={classes.logs}>
        {q.data.map((l, i) => (
          <li key={i}>
            <span className="dim">{time(Date.parse(l.timestamp), zone, 3)}</span>
            <b style={{ color: levelColor(l.level ?? "", scheme) }}>{l.level ?? ""}</b>
            <bdi>{bodyText(l.body)}</bdi>
          </li>
        ))}
      </ul>
    </Section>
  );
}

export const bodyText = (v: Value): string => {
  const t = typeof v === "string" ? v : v === null ? "" : JSON.stringify(v);
  return t.length > 2000 ? `${t.slice(0, 1999)}…` : t;
};

function Id({ label, value }: { label: string; value: string }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <button type="button" className={classes.id} onClick={copy} title={`Copy the id of the ${label}`}>
          <span className="dim">{label}</span> <span className="mono">{value}</span>{" "}
          {copied ? <IconCheck size={12} /> : <IconCopy size={12} />}
        </button>
      )}
    </CopyButton>
  );
}
