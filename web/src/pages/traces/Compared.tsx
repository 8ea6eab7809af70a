import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type Asked, compare } from "../../api/looking";
import { term } from "../../api/sql";
import { usePalette } from "../../ui/colors";
import type { Filters } from "../../ui/filter/useFilters";
import { percent, whole } from "../../ui/format";
import { ErrorPanel, Loading } from "../../ui/states";
import classes from "./Traces.module.css";

/** Compared ranks the attributes by how much their values differ between what was selected and the rest. */
export function Compared({ asked, selection, filters }: { asked: Asked; selection: string; filters: Filters }) {
  const palette = usePalette();
  const q = useQuery({
    queryKey: ["compare", asked, selection],
    queryFn: ({ signal }) => compare(asked, selection, 12, signal),
    placeholderData: keepPreviousData,
  });
  // What was selected by differs of course.
  const differing = q.data?.attributes.filter((a) => a.key !== "duration" && a.score > 0.005).slice(0, 9) ?? [];
  return (
    <section className="panel" aria-label="Selection against the rest">
      <div className="panel-head">
        Selection against the rest
        {q.data && (
          <span className="dim">
            {whole(q.data.selected)} spans against {whole(q.data.rest)}
            {q.data.sampled < 1 && `, a sample of ${percent(q.data.sampled)}`}
          </span>
        )}
        <span className="grow" />
        <span className="dim">
          <i className="dot" style={{ background: palette.accent }} /> selection{" "}
          <i className="dot" style={{ background: palette.faint }} /> rest
        </span>
      </div>
      {q.error ? (
        <ErrorPanel error={q.error} />
      ) : !q.data ? (
        <Loading what="Comparing" />
      ) : differing.length === 0 ? (
        <p className="panel-body dim">No attribute differs.</p>
      ) : (
        <div className={classes.compared}>
          {differing.map((a) => (
            <div key={a.key} className={classes.attribute}>
              <h2>
                <bdi className="ellipsis">{a.key}</bdi>
                <span className="dim">{a.score.toFixed(2)}</span>
              </h2>
              {a.values.slice(0, 4).map((v) => (
                <button
                  key={JSON.stringify(v.value)}
                  type="button"
                  className={classes.pair}
                  onClick={() => filters.add(term(a.key, v.value))}
                  title={`${percent(v.selected)} of the selection, ${percent(v.rest)} of the rest`}
                >
                  <bdi className="ellipsis">{v.value === null ? "(none)" : String(v.value)}</bdi>
                  <span className={classes.bars}>
                    <i style={{ width: `${v.selected * 100}%`, background: palette.accent }} />
                    <i style={{ width: `${v.rest * 100}%`, background: palette.faint }} />
                  </span>
                  <span className="dim num">{percent(Number(v.selected.toPrecision(2)))}</span>
                </button>
              ))}
            </div>
          ))}
        </div>
      )}
    </section>
  );
}
