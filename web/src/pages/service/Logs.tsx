import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Asked } from "../../api/looking";
import { term } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { LogLevels } from "../../ui/charts/LogLevels";
import { ErrorPanel, Loading } from "../../ui/states";
import { findLogs } from "../logs/data";
import { Lines } from "../logs/Lines";
import classes from "./Service.module.css";

/** Logs are what a service wrote, by level and time, and its newest lines. */
export function Logs({ name }: { name: string }) {
  const { range } = useTime();
  const navigate = useNavigate();
  const asked = useMemo<Asked>(() => ({ range, where: term("service", name), signal: "logs" }), [range, name]);
  const q = useQuery({
    queryKey: ["service-logs", asked],
    queryFn: ({ signal }) => findLogs(asked, [], true, 0, signal),
  });
  const search = (line?: string) => (() => ({ f: term("service", name), line })) as never;
  return (
    <>
      <LogLevels asked={asked} className={classes.logLevels} />
      {q.error ? (
        <ErrorPanel error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <Loading what="Reading logs" />
      ) : (
        <div className={classes.lines}>
          <Lines
            rows={q.data.rows.slice(0, 100)}
            columns={[]}
            raw={false}
            open=""
            onOpen={(line) => line && void navigate({ to: "/logs", search: search(line) })}
          />
        </div>
      )}
      <p className="panel-body">
        <Link to="/logs" search={search()} className="link">
          All its logs
        </Link>
      </p>
    </>
  );
}
