import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { objects, query } from "../../api/client";
import { useServiceColor } from "../../api/services";
import { during } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { duration, percent, time, whole } from "../../ui/format";
import { ErrorPanel, Loading } from "../../ui/states";
import { useParam } from "../../ui/url";
import { load, type Node, nameOf, pairs, paths, selfTimes, serviceOf, type Trace } from "./model";
import classes from "./Trace.module.css";

/** Compare lays this trace and another over each other by the path of calls. */
export default function Compare({ trace }: { trace: Trace }) {
  const [other, setOther] = useParam("with");
  if (!/^[0-9a-f]{32}$/.test(other)) return <Choose trace={trace} onChoose={(id) => setOther(id)} />;
  return <Compared trace={trace} other={other} clear={() => setOther(undefined)} />;
}

interface Candidate {
  trace_id: string;
  timestamp: string;
  duration: number;
  error: boolean;
}

function Choose({ trace, onChoose }: { trace: Trace; onChoose: (id: string) => void }) {
  const { zone } = useTime();
  const [text, setText] = useState("");
  const at = Date.parse(trace.begin);
  // Like this one, from the fastest to the slowest: the typical one is in the middle.
  const q = useQuery({
    queryKey: ["alike", trace.id],
    queryFn: async ({ signal }) => {
      const r = await query(
        `SELECT trace_id, timestamp, duration, error FROM spans
WHERE ${during({ from: at - 36e5, to: at + 36e5 })} AND service = :service AND name = :name AND root_span AND trace_id != :id
ORDER BY timestamp DESC LIMIT 200`,
        { service: serviceOf(trace, 0), name: nameOf(trace, 0), id: trace.id },
        signal,
      );
      return objects<Candidate>(r).sort((a, b) => (a.duration ?? 0) - (b.duration ?? 0));
    },
  });
  const list = q.data ?? [];
  const marks = [
    ["Fastest", list[0]],
    ["Median", list[Math.floor(list.length / 2)]],
    ["Slowest", list.at(-1)],
    ["Fastest without an error", list.find((c) => !c.error)],
    ["With an error", list.find((c) => c.error)],
  ] as const;
  return (
    <div className={classes.padded}>
      <p className="dim" style={{ padding: "8px 6px", margin: 0 }}>
        Compare with another trace{list.length > 0 && `, such as one of ${whole(list.length)} of the same operation`}:
      </p>
      {q.error && <ErrorPanel error={q.error} />}
      <table className="table">
        <tbody>
          {marks
            .filter(([, c]) => c)
            .map(([label, c]) => (
              <tr key={label}>
                <td>
                  <button type="button" className="sort link" onClick={() => onChoose(c!.trace_id)}>
                    {label}
                  </button>
                </td>
                <td className="num">{duration(c!.duration)}</td>
                <td className={c!.error ? "error-text" : ""}>{c!.error ? "error" : ""}</td>
                <td className="dim">{time(Date.parse(c!.timestamp), zone, 3)}</td>
                <td className="mono dim">{c!.trace_id}</td>
              </tr>
            ))}
        </tbody>
      </table>
      <form
        style={{ display: "flex", gap: 8, padding: 8 }}
        onSubmit={(e) => {
          e.preventDefault();
          if (/^[0-9a-f]{32}$/i.test(text.trim())) onChoose(text.trim().toLowerCase());
        }}
      >
        <TextInput
          aria-label="Id of another trace"
          placeholder="or the id of any trace"
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          w={320}
        />
        <Button type="submit">Compare</Button>
      </form>
    </div>
  );
}

function Compared({ trace, other, clear }: { trace: Trace; other: string; clear: () => void }) {
  const color = useServiceColor();
  const q = useQuery({
    queryKey: ["trace", other],
    queryFn: ({ signal }) => load(other, signal),
    gcTime: 5_000,
    structuralSharing: false,
  });
  const lines = useMemo(
    () => (q.data ? pairs(paths(trace, selfTimes(trace)), paths(q.data, selfTimes(q.data))) : []),
    [trace, q.data],
  );
  if (q.error) return <ErrorPanel error={q.error} retry={clear} />;
  if (!q.data) return <Loading what="Reading the other trace" />;
  const most = Math.max(...lines.map((l) => Math.abs((l.b?.total ?? 0) - (l.a?.total ?? 0))), 1);
  const only = lines.filter((l) => !l.a || !l.b).length;
  return (
    <div className={`${classes.padded} scroll`}>
      <div className={classes.flameHead}>
        <span>
          <b>A</b> this one, {duration(trace.length)}, {whole(trace.rows)} spans
        </span>
        <span>
          <b>B</b>{" "}
          <Link to="/trace/$id" params={{ id: other }} className="mono link">
            {other.slice(0, 12)}…
          </Link>
          , {duration(q.data.length)}, {whole(q.data.rows)} spans
        </span>
        <span className="dim">{only > 0 ? `${whole(only)} paths are in one only` : "the same paths"}</span>
        <span className="grow" />
        <Button size="compact-xs" onClick={clear}>
          Another
        </Button>
      </div>
      <table className="table">
        <thead>
          <tr>
            <th style={{ width: "38%" }}>Path</th>
            <th className="num">Spans A</th>
            <th className="num">B</th>
            <th className="num">Time A</th>
            <th className="num">B</th>
            <th className="num">Difference</th>
            <th style={{ width: "18%" }}>
              <span className="visually-hidden">Size of the difference</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.slice(0, 2000).map((l, i) => {
            const by = (l.b?.total ?? 0) - (l.a?.total ?? 0);
            return (
              <tr key={i}>
                <td className="ellipsis" style={{ maxWidth: 0 }}>
                  <span className={classes.indent} style={{ width: Math.min(l.depth, 24) * 12 }} />
                  <i className="dot" style={{ background: color(l.service) }} /> <bdi>{l.name || "(no name)"}</bdi>{" "}
                  {!l.b && <span className={`${classes.tag} ${classes.only}`}>only A</span>}
                  {!l.a && <span className={`${classes.tag} ${classes.only}`}>only B</span>}
                  <Errors a={l.a} b={l.b} />
                </td>
                <td className="num">{l.a ? whole(l.a.spans) : "–"}</td>
                <td className="num">{l.b ? whole(l.b.spans) : "–"}</td>
                <td className="num">{l.a ? duration(l.a.total) : "–"}</td>
                <td className="num">{l.b ? duration(l.b.total) : "–"}</td>
                <td
                  className={`num ${classes.delta}`}
                  style={{ color: by > 0 ? "var(--error)" : by < 0 ? "var(--ok)" : undefined }}
                >
                  {by === 0 ? "" : `${by > 0 ? "+" : "−"}${duration(Math.abs(by))}`}
                  {l.a && l.b && l.a.total > 0 && (
                    <span className="dim">
                      {" "}
                      {by >= 0 ? "+" : "−"}
                      {percent(Number((Math.abs(by) / l.a.total).toFixed(2)))}
                    </span>
                  )}
                </td>
                <td>
                  <i
                    className={classes.share}
                    style={{
                      width: `${(Math.abs(by) / most) * 100}%`,
                      background: by > 0 ? "var(--error)" : "var(--ok)",
                    }}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Errors({ a, b }: { a?: Node; b?: Node }) {
  if (!a?.errors && !b?.errors) return null;
  return (
    <span className="error-text">
      {" "}
      {a?.errors ?? 0} → {b?.errors ?? 0} errors
    </span>
  );
}
