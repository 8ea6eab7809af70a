import { Select, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Asked } from "../../api/looking";
import { type Metric, metrics } from "../../api/metrics";
import { useServiceNames } from "../../api/services";
import { useTime } from "../../time/TimeProvider";
import { whole } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { PageTitle } from "../../ui/PageTitle";
import { ErrorPanel, Loading, Nothing, NothingInRange } from "../../ui/states";
import { useParam, useSetParams } from "../../ui/url";
import { Chart } from "./Chart";
import classes from "./Metrics.module.css";
import { One } from "./One";
import { unitName } from "./units";

const cards = 12;

export default function Metrics() {
  const { range } = useTime();
  const [search, setSearch] = useParam("search");
  const [service, setService] = useParam("service");
  const [unit, setUnit] = useParam("unit");
  const [chosen] = useParam("metric");
  const setParams = useSetParams();
  const [shown, setShown] = useState(cards);
  const services = useServiceNames();
  const asked = useMemo<Asked>(() => ({ range, service: service || undefined }), [range, service]);
  const q = useQuery({
    queryKey: ["metrics", asked],
    queryFn: ({ signal }) => metrics(asked, {}, signal),
    placeholderData: keepPreviousData,
  });
  const units = useMemo(() => [...new Set(q.data?.map((m) => m.unit))].sort(), [q.data]);
  // A name comes once for each of its units and types.
  const found = useMemo(
    () =>
      (q.data ?? []).filter(
        (m) =>
          `${m.name} ${m.description}`.toLowerCase().includes(search.trim().toLowerCase()) &&
          (unit === "" || m.unit === unit),
      ),
    [q.data, search, unit],
  );
  const one = q.data?.find((m) => m.name === chosen);
  const choose = (m: Metric | undefined) => setParams({ metric: m?.name, of: undefined, by: undefined, f: undefined });
  const move = (by: number) => {
    const at = found.findIndex((m) => m.name === chosen);
    choose(found[Math.max(0, Math.min(found.length - 1, at + by))]);
  };
  useKeys([
    { keys: "/", label: "Find a metric", run: () => document.getElementById("find-metric")?.focus(), group: "Metrics" },
    { keys: "j", label: "Next metric", run: () => move(1), group: "Metrics" },
    { keys: "k", label: "Metric before", run: () => move(-1), group: "Metrics" },
    { keys: "escape", label: "All metrics", run: () => choose(undefined), group: "Metrics" },
  ]);
  return (
    <div className={`page ${classes.page}`}>
      <PageTitle title="Metrics" />
      <aside aria-label="Metrics" className={`panel ${classes.list}`} data-away={chosen !== "" || undefined}>
        <div className={classes.filters}>
          <TextInput
            id="find-metric"
            placeholder="Find a metric"
            aria-label="Find a metric"
            leftSection={<IconSearch size={14} />}
            value={search}
            onChange={(e) => setSearch(e.currentTarget.value || undefined, true)}
          />
          <div className={classes.pair}>
            <Select
              aria-label="Service"
              value={service}
              onChange={(v) => setService(v || undefined)}
              searchable
              data={[
                { value: "", label: "All services" },
                ...(services.data ?? []).filter((s) => s.points > 0 && s.name !== "").map((s) => s.name),
              ]}
            />
            <Select
              aria-label="Unit"
              value={unit}
              onChange={(v) => setUnit(v || undefined)}
              data={[
                { value: "", label: "All units" },
                ...units.filter((u) => u !== "").map((u) => ({ value: u, label: unitName(u) })),
              ]}
            />
          </div>
        </div>
        <ul className="scroll">
          {found.slice(0, 500).map((m) => (
            <li key={m.name + m.unit + m.type}>
              <button
                type="button"
                aria-current={m.name === chosen || undefined}
                onClick={() => choose(m)}
                title={m.description || m.name}
              >
                <bdi className="ellipsis">{m.name}</bdi>
                <span className="dim">
                  {m.type.replace("exponential_", "exp. ")}
                  {m.unit && ` · ${unitName(m.unit)}`}
                </span>
              </button>
            </li>
          ))}
          {found.length > 500 && <li className="dim">and {whole(found.length - 500)} more: type a part of the name</li>}
        </ul>
      </aside>
      <div className={classes.main}>
        {q.error ? (
          <ErrorPanel error={q.error} retry={() => void q.refetch()} />
        ) : !q.data ? (
          <Loading what="Looking for metrics" />
        ) : q.data.length === 0 ? (
          <section className="panel">
            <NothingInRange
              what="metrics"
              table="metrics"
              filtered={service !== ""}
              clear={() => setService(undefined)}
            />
          </section>
        ) : chosen !== "" ? (
          one ? (
            <One key={one.name} metric={one} asked={asked} onBack={() => choose(undefined)} />
          ) : (
            <section className="panel">
              <Nothing title={`No point of ${chosen} in this range`} />
            </section>
          )
        ) : (
          <>
            <div className={classes.cards}>
              {found.slice(0, shown).map((m) => (
                <section key={m.name + m.unit + m.type} className="panel" aria-label={m.name}>
                  <button type="button" className={classes.card} onClick={() => choose(m)}>
                    <bdi className="ellipsis">{m.name}</bdi>
                  </button>
                  <div className={classes.small}>
                    <Chart metric={m} asked={asked} height={92} small />
                  </div>
                </section>
              ))}
            </div>
            {found.length === 0 && <Nothing title="No metric of that name" />}
            {found.length > shown && (
              <button type="button" className={classes.more} onClick={() => setShown(shown + cards)}>
                Show more of {whole(found.length)}
              </button>
            )}
          </>
        )}
      </div>
    </div>
  );
}
