import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Edge, graph } from "../../api/looking";
import { useServiceColor } from "../../api/services";
import { useTime } from "../../time/TimeProvider";
import { count, duration, percent } from "../../ui/format";
import { ErrorPanel, Loading } from "../../ui/states";
import classes from "./Service.module.css";

/** Dependencies are who calls a service, and whom it calls. */
export function Dependencies({ name }: { name: string }) {
  const { range } = useTime();
  const q = useQuery({
    queryKey: ["graph", range, name],
    queryFn: ({ signal }) => graph({ range, service: name }, 500, signal),
    placeholderData: keepPreviousData,
  });
  if (q.error) return <ErrorPanel error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Loading what="Joining spans with their parents" />;
  return (
    <>
      <div className={classes.dependencies}>
        <Edges title="Called by" edges={q.data.edges.filter((e) => e.to === name)} end="from" />
        <Edges title="Calls" edges={q.data.edges.filter((e) => e.from === name)} end="to" />
      </div>
      {q.data.sampled < 1 && <p className="panel-body dim">Estimated from {percent(q.data.sampled)} of the traces.</p>}
    </>
  );
}

function Edges({ title, edges, end }: { title: string; edges: Edge[]; end: "from" | "to" }) {
  const color = useServiceColor();
  return (
    <div>
      <h2 className={classes.h2}>{title}</h2>
      {edges.length === 0 ? (
        <p className="dim">nobody in this range</p>
      ) : (
        <table className="table">
          <thead>
            <tr>
              <th>{end === "to" ? "What" : "Who"}</th>
              <th className="num">Calls</th>
              <th className="num">Errors</th>
              <th className="num">p50</th>
              <th className="num">p95</th>
            </tr>
          </thead>
          <tbody>
            {edges.map((e) => (
              <tr key={e[end] + e.kind}>
                <td className="ellipsis">
                  <i className="dot" style={{ background: color(e[end]) }} />{" "}
                  {e.kind === "service" || end === "from" ? (
                    <Link to="/services/$name" params={{ name: e[end] || "-" }} className="link">
                      <bdi>{e[end]}</bdi>
                    </Link>
                  ) : (
                    <>
                      <bdi>{e[end]}</bdi> <span className="dim">{e.kind}</span>
                    </>
                  )}
                </td>
                <td className="num">{count(e.calls)}</td>
                <td className={`num ${e.errors > 0 ? "error-text" : "dim"}`}>{percent(e.errors / (e.calls || 1))}</td>
                <td className="num">{duration(e.p50)}</td>
                <td className="num">{duration(e.p95)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
