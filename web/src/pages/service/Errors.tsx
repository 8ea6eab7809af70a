import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { objects, query } from "../../api/client";
import { all, during, literal } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { ago, whole } from "../../ui/format";
import { ErrorPanel, Loading } from "../../ui/states";

interface Group {
  message: string | null;
  name: string;
  n: number;
  last: string;
  sample: string;
  span: string;
}

/** Errors are the failed spans of a service, grouped by what they say. */
export function Errors({ name, where }: { name: string; where: string }) {
  const { range } = useTime();
  const q = useQuery({
    queryKey: ["service-errors", name, where, range],
    queryFn: async ({ signal }) => {
      const r = await query(
        `SELECT status_message AS message, name, count(*) AS n, max(timestamp) AS last, any(trace_id) AS sample, any(span_id) AS span
FROM spans
WHERE ${all([during(range), `service = ${literal(name)}`, "error", where])}
GROUP BY status_message, name ORDER BY n DESC LIMIT 100`,
        {},
        signal,
      );
      return objects<Group>(r);
    },
    placeholderData: keepPreviousData,
  });
  if (q.error) return <ErrorPanel error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Loading what="Reading errors" />;
  if (q.data.length === 0) return <p className="panel-body dim">No error in this range.</p>;
  return (
    <table className="table">
      <thead>
        <tr>
          <th>Message</th>
          <th>Operation</th>
          <th className="num">Spans</th>
          <th>Last</th>
          <th>Sample</th>
        </tr>
      </thead>
      <tbody>
        {q.data.map((g) => (
          <tr key={`${g.message} ${g.name}`}>
            <td className="ellipsis error-text" style={{ maxWidth: 0, width: "44%" }} title={g.message ?? ""}>
              <bdi>{g.message || "(no message)"}</bdi>
            </td>
            <td className="ellipsis" style={{ maxWidth: 0, width: "26%" }}>
              <bdi>{g.name}</bdi>
            </td>
            <td className="num">{whole(g.n)}</td>
            <td className="dim">{ago(Date.parse(g.last))}</td>
            <td>
              <Link
                to="/trace/$id"
                params={{ id: g.sample }}
                search={(() => ({ span: g.span })) as never}
                className="link mono"
              >
                {g.sample.slice(0, 8)}
              </Link>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
