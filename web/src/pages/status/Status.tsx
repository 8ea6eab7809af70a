import { IconAlertTriangle, IconCircleCheck, IconInfoCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { ago, bytes, count, duration, percent, rate, whole } from "../../ui/format";
import { PageTitle } from "../../ui/PageTitle";
import { ErrorPanel, Loading } from "../../ui/states";
import { type Status as Answer, some, status, total, troubles } from "./data";
import classes from "./Status.module.css";

const every = 5_000;

/** Pace tells by how much counters rose between the last two answers. */
function usePace(data: Answer | undefined, at: number): (of: (s: Answer) => number) => string {
  const [pair, setPair] = useState<{ old?: { s: Answer; at: number }; now?: { s: Answer; at: number } }>({});
  useEffect(() => {
    if (data) setPair((p) => (p.now?.at === at ? p : { old: p.now, now: { s: data, at } }));
  }, [data, at]);
  return (of) => {
    const { old, now } = pair;
    // A server that began anew counts from zero.
    if (!old || !now || now.s.uptime_seconds < old.s.uptime_seconds) return "…";
    return rate(Math.max(0, of(now.s) - of(old.s)) / ((now.at - old.at) / 1e3));
  };
}

export default function Status() {
  const q = useQuery({
    queryKey: ["status"],
    queryFn: ({ signal }) => status(signal),
    refetchInterval: every,
    meta: { quiet: true },
  });
  const pace = usePace(q.data, q.dataUpdatedAt);
  const s = q.data;
  return (
    <div className="page">
      <PageTitle title="Status" />
      {q.error && <ErrorPanel error={q.error} retry={() => void q.refetch()} />}
      {!s ? (
        !q.error && <Loading what="Asking the server" />
      ) : (
        <>
          <Troubles s={s} />
          <div className={classes.cards}>
            <Card title="Server">
              <Facts>
                <Fact name="Version">{s.version}</Fact>
                <Fact name="Up for">{duration(s.uptime_seconds * 1e9)}</Fact>
                {s.receiver && (
                  <>
                    <Fact name="Taken in">
                      {pace((x) => (x.receiver?.endpoints ?? []).reduce((n, e) => n + e.records, 0))} records
                    </Fact>
                    <Fact name="Being received">{bytes(s.receiver.in_flight_bytes)}</Fact>
                    <Fact name="Repeats, stored once">{whole(total(s.receiver.repeats))}</Fact>
                  </>
                )}
                {s.tails && <Fact name="Live tails">{whole(s.tails.subscribers)}</Fact>}
              </Facts>
            </Card>
            {s.ring && (
              <Card title="Ring" note={s.ring.file_backed ? "write-ahead log" : "in memory"}>
                <Meter name="Used of the ring" value={s.ring.used} of={s.ring.size} warn={0.75} write={bytes} />
                <Facts>
                  <Fact name="Refused, it was full" bad={s.ring.refused > 0}>
                    {whole(s.ring.refused)}
                  </Fact>
                  <Fact name="Too large for it" bad={s.ring.oversize > 0}>
                    {whole(s.ring.oversize)}
                  </Fact>
                  <Fact name="Failed syncs" bad={s.ring.sync_errors > 0}>
                    {whole(s.ring.sync_errors)}
                  </Fact>
                  <Fact name="Damaged records" bad={s.ring.corrupt > 0}>
                    {whole(s.ring.corrupt)}
                  </Fact>
                  <Fact name="Recovered at the start">{whole(s.ring.recovered)}</Fact>
                </Facts>
              </Card>
            )}
            {s.disk && (
              <Card title="Disk" note={s.disk.full ? "full" : undefined}>
                <Meter
                  name="Used of the directory's limit"
                  value={s.disk.used}
                  of={s.disk.limit}
                  warn={0.95}
                  write={bytes}
                />
                <Facts>
                  <Fact name="Free on the disk" bad={s.disk.free < s.disk.reserve * 2}>
                    {bytes(s.disk.free)} of {bytes(s.disk.total)}
                  </Fact>
                  <Fact name="Ring">{bytes(s.disk.ring)}</Fact>
                  <Fact name="Kept for collectors">{bytes(s.disk.spill)}</Fact>
                  {(s.disk.spill_orphaned ?? 0) > 0 && (
                    <Fact name="Of collectors that are gone">{bytes(s.disk.spill_orphaned!)}</Fact>
                  )}
                  <Fact name="Files set aside" bad={(s.set_aside ?? 0) > 0}>
                    {whole(s.set_aside ?? 0)}
                  </Fact>
                </Facts>
              </Card>
            )}
            {s.memory && (
              <Card title="Memory">
                <Meter
                  name="Held of the pool for queries and merges"
                  value={s.memory.pool_held_bytes}
                  of={s.memory.pool_bytes}
                  warn={0.9}
                  write={bytes}
                />
                <Facts>
                  <Fact name="Limit">{bytes(s.memory.limit_bytes)}</Fact>
                  {some(s.memory.consumers).map(([who, n]) => (
                    <Fact key={who} name={who[0]!.toUpperCase() + who.slice(1)}>
                      {bytes(n)}
                    </Fact>
                  ))}
                  <Fact name="Waiting" bad={s.memory.waiting > 0}>
                    {whole(s.memory.waiting)}
                  </Fact>
                  <Fact name="Refused after waiting" bad={s.memory.refused_total > 0}>
                    {whole(s.memory.refused_total)}
                  </Fact>
                </Facts>
              </Card>
            )}
          </div>
          {s.store && <Store s={s.store} />}
          {s.sinks && s.sinks.length > 0 && <Sinks sinks={s.sinks} />}
          {s.receiver && <Ingest s={s} pace={pace} />}
          {s.queries && <Queries queries={s.queries} />}
          {s.processors && s.processors.length > 0 && <Processors list={s.processors} />}
        </>
      )}
    </div>
  );
}

function Troubles({ s }: { s: Answer }) {
  const list = troubles(s);
  if (list.length === 0) {
    return (
      <section className={`panel ${classes.well}`} aria-label="Health">
        <IconCircleCheck size={18} aria-hidden /> All is well: nothing is refused, dropped or damaged.
      </section>
    );
  }
  return (
    <section className={classes.troubles} aria-label="Health">
      {list.map((t) => (
        <div key={t.what} className={classes.trouble} data-bad={t.bad || undefined}>
          {t.bad ? <IconAlertTriangle size={18} aria-hidden /> : <IconInfoCircle size={18} aria-hidden />}
          <div>
            <b>{t.what}</b>
            <div>{t.todo.split("`").map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</div>
          </div>
        </div>
      ))}
    </section>
  );
}

function Card({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <section className="panel" aria-label={title}>
      <div className="panel-head">
        {title} {note && <span className="dim">{note}</span>}
      </div>
      <div className="panel-body">{children}</div>
    </section>
  );
}

const Facts = ({ children }: { children: ReactNode }) => <dl className={classes.facts}>{children}</dl>;

function Fact({ name, bad, children }: { name: string; bad?: boolean; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={bad ? "error-text" : undefined}>{children}</dd>
    </div>
  );
}

function Meter({
  name,
  value,
  of,
  warn,
  write,
}: {
  name: string;
  value: number;
  of: number;
  warn: number;
  write: (n: number) => string;
}) {
  const share = of > 0 ? value / of : 0;
  return (
    <div className={classes.meter}>
      <div className={classes.rail} data-warn={share >= warn || undefined} title={name} aria-hidden>
        <i style={{ width: `${Math.min(100, share * 100)}%` }} />
      </div>
      <span>
        {write(value)} <span className="dim">of {write(of)}</span>
      </span>
      <span className="dim">{percent(share)}</span>
    </div>
  );
}

function Table({ title, note, head, children }: { title: string; note?: string; head: string[]; children: ReactNode }) {
  return (
    <section className="panel" aria-label={title}>
      <div className="panel-head">
        {title} {note && <span className="dim">{note}</span>}
      </div>
      <section
        className="scroll"
        aria-label={`${title}, table`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
        tabIndex={0}
      >
        <table className={`table ${classes.table}`}>
          <thead>
            <tr>
              {head.map((h, i) => (
                <th key={h} className={i > 0 ? "num" : undefined}>
                  {h}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </section>
    </section>
  );
}

const Num = ({ children, bad, title }: { children: ReactNode; bad?: boolean; title?: string }) => (
  <td className={`num ${bad ? "error-text" : ""}`} title={title}>
    {children}
  </td>
);

function Store({ s }: { s: NonNullable<Answer["store"]> }) {
  const c = s.counters;
  return (
    <>
      <Table title="Store" head={["Signal", "Records", "Bytes", "Bytes a record", "Parts"]}>
        {Object.entries(s.signals).map(([signal, v]) => (
          <tr key={signal}>
            <td>{signal}</td>
            <Num title={whole(v.rows)}>{count(v.rows)}</Num>
            <Num>{bytes(v.bytes)}</Num>
            <Num>{v.rows > 0 ? (v.bytes / v.rows).toFixed(1) : "–"}</Num>
            <Num>{whole(v.parts)}</Num>
          </tr>
        ))}
      </Table>
      <section className="panel" aria-label="Work of the store">
        <div className="panel-head">Work of the store</div>
        <div className={`panel-body ${classes.wide}`}>
          <Facts>
            <Fact name="In memory, in no part yet">
              {whole(s.memory_rows)} records, {bytes(s.memory_bytes)}
            </Fact>
            {s.last_flush && <Fact name="Last written to parts">{ago(Date.parse(s.last_flush))}</Fact>}
            <Fact name="Waiting to be merged">
              {whole(s.merge_backlog?.parts ?? 0)} parts, {bytes(s.merge_backlog?.bytes ?? 0)}
            </Fact>
          </Facts>
          <Facts>
            <Fact name="Flushes">{whole(c.flushes ?? 0)}</Fact>
            <Fact name="Failed flushes" bad={(c.flush_errors ?? 0) > 0}>
              {whole(c.flush_errors ?? 0)}
            </Fact>
            <Fact name="Waits for a flush" bad={(c.stalls ?? 0) > 0}>
              {whole(c.stalls ?? 0)}
            </Fact>
          </Facts>
          <Facts>
            <Fact name="Merges">{whole(c.compactions ?? 0)}</Fact>
            <Fact name="Failed merges" bad={(c.compaction_errors ?? 0) > 0}>
              {whole(c.compaction_errors ?? 0)}
            </Fact>
            <Fact name="Removed by retention">{whole(c.removed_rows ?? 0)} records</Fact>
          </Facts>
        </div>
        {(s.damage?.length ?? 0) > 0 && (
          <ul className={classes.damage}>
            {s.damage!.slice(0, 50).map((d, i) => (
              <li key={i} className="mono">
                {d}
              </li>
            ))}
          </ul>
        )}
      </section>
    </>
  );
}

function Sinks({ sinks }: { sinks: NonNullable<Answer["sinks"]> }) {
  return (
    <Table
      title="Sinks"
      note="the store, and collectors that telemetry is forwarded to"
      head={["Sink", "Requests", "Bytes", "Behind", "Last success", "Kept on disk", "Retries", "Dropped"]}
    >
      {sinks.map((k) => (
        <tr key={k.name}>
          <td>
            <bdi>{k.name}</bdi>
            {k.last_error && <div className="error-text">{k.last_error.slice(0, 300)}</div>}
          </td>
          <Num title={whole(k.requests)}>{count(k.requests)}</Num>
          <Num>{bytes(k.bytes)}</Num>
          <Num bad={k.lag_bytes > 64 << 20}>{bytes(k.lag_bytes)}</Num>
          <Num>{k.last_success ? ago(Date.parse(k.last_success)) : "–"}</Num>
          <Num>{k.spill_limit_bytes > 0 ? `${bytes(k.spill_bytes)} of ${bytes(k.spill_limit_bytes)}` : "–"}</Num>
          <Num bad={k.failures > 0}>{whole(k.failures)}</Num>
          <Num
            bad={k.dropped_records > 0}
            title={some(k.dropped)
              .map(([r, n]) => `${r} ${n}`)
              .join(", ")}
          >
            {whole(k.dropped_records)}
          </Num>
        </tr>
      ))}
    </Table>
  );
}

function Ingest({ s, pace }: { s: Answer; pace: (of: (s: Answer) => number) => string }) {
  const used = s.receiver!.endpoints.filter((e) => e.requests > 0 || total(e.refused) > 0);
  const shown = used.length > 0 ? used : s.receiver!.endpoints;
  return (
    <Table
      title="Ingest"
      head={["Signal", "Now", "Records", "Requests", "Bytes", "Mended", "Refused", "Records left out"]}
    >
      {shown.map((e) => (
        <tr key={e.signal + e.transport}>
          <td>
            {e.signal} <span className="dim">over {e.transport}</span>
          </td>
          <Num>
            {pace(
              (x) =>
                x.receiver?.endpoints.find((o) => o.signal === e.signal && o.transport === e.transport)?.records ?? 0,
            )}
          </Num>
          <Num title={whole(e.records)}>{count(e.records)}</Num>
          <Num title={whole(e.requests)}>{count(e.requests)}</Num>
          <Num>{bytes(e.bytes)}</Num>
          <Num>{whole(e.mended)}</Num>
          <Num bad={total(e.refused) > 0}>{reasons(e.refused)}</Num>
          <Num bad={total(e.rejected_records) > 0}>{reasons(e.rejected_records)}</Num>
        </tr>
      ))}
    </Table>
  );
}

const reasons = (c: Record<string, number>): string =>
  some(c)
    .map(([r, n]) => `${whole(n)} ${r.replaceAll("_", " ")}`)
    .join(", ") || "0";

function Queries({ queries }: { queries: NonNullable<Answer["queries"]> }) {
  return (
    <Table title="Queries" head={["Call", "Answered", "Time each", "Under way", "Not answered"]}>
      {Object.entries(queries).map(([call, v]) => {
        const { ok = 0, ...others } = v.outcomes;
        const ended = total(v.outcomes);
        return (
          <tr key={call}>
            <td>{call}</td>
            <Num>{whole(ok)}</Num>
            <Num>{ended > 0 ? duration((v.seconds / ended) * 1e9) : "–"}</Num>
            <Num>{whole(v.in_flight)}</Num>
            <Num bad={(others.error ?? 0) + (others.busy ?? 0) > 0}>{reasons(others)}</Num>
          </tr>
        );
      })}
    </Table>
  );
}

function Processors({ list }: { list: Record<string, unknown>[] }) {
  return (
    <section className="panel" aria-label="Processors">
      <div className="panel-head">Processors of the application</div>
      <div className={`panel-body ${classes.wide}`}>
        {list.map((p, i) => (
          <Facts key={i}>
            {Object.entries(p).map(([k, v]) => (
              <Fact key={k} name={k.replaceAll("_", " ")} bad={/drop/.test(k) && Number(v) > 0}>
                {typeof v === "object" ? JSON.stringify(v) : String(v)}
              </Fact>
            ))}
          </Facts>
        ))}
      </div>
    </section>
  );
}
