import { Button } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Asked } from "../../api/looking";
import { metrics } from "../../api/metrics";
import { useTime } from "../../time/TimeProvider";
import { whole } from "../../ui/format";
import { ErrorPanel, Loading } from "../../ui/states";
import { Chart } from "../metrics/Chart";
import classes from "./Service.module.css";

const cards = 12;

/** Metrics are those that a service sends, each a way to its own page. */
export function Metrics({ name }: { name: string }) {
  const { range } = useTime();
  const [shown, setShown] = useState(cards);
  const asked = useMemo<Asked>(() => ({ range, service: name }), [range, name]);
  const q = useQuery({
    queryKey: ["metrics", asked],
    queryFn: ({ signal }) => metrics(asked, {}, signal),
    placeholderData: keepPreviousData,
  });
  if (q.error) return <ErrorPanel error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Loading what="Looking for metrics" />;
  return (
    <>
      <div className={classes.metrics}>
        {q.data.slice(0, shown).map((m) => (
          <section key={m.name + m.unit + m.type} aria-label={m.name}>
            <Link
              to="/metrics-explorer"
              search={(() => ({ service: name, metric: m.name })) as never}
              className="link ellipsis"
              title={m.description || m.name}
            >
              <bdi>{m.name}</bdi>
            </Link>
            <Chart metric={m} asked={asked} height={92} small />
          </section>
        ))}
      </div>
      {q.data.length > shown && (
        <p className="panel-body">
          <Button size="compact-xs" onClick={() => setShown(shown + 4 * cards)}>
            More of {whole(q.data.length)}
          </Button>
        </p>
      )}
    </>
  );
}
