import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { Asked } from "../../api/looking";
import { useServiceColor } from "../../api/services";
import { useTime } from "../../time/TimeProvider";
import { levelColor, usePalette } from "../../ui/colors";
import { count, day, percent, time, whole } from "../../ui/format";
import { ErrorPanel, Loading, NothingInRange } from "../../ui/states";
import { type Pattern, patterns, short } from "./data";
import classes from "./Logs.module.css";

/** Patterns are what log records have in common, the most frequent first; a click shows those of one. */
export function Patterns({ asked, onChoose }: { asked: Asked; onChoose: (p: Pattern) => void }) {
  const { zone } = useTime();
  const { scheme } = usePalette();
  const color = useServiceColor();
  const q = useQuery({
    queryKey: ["patterns", asked],
    queryFn: ({ signal }) => patterns(asked, 200, signal),
    placeholderData: keepPreviousData,
  });
  if (q.error) return <ErrorPanel error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Loading what="Finding patterns" />;
  if (q.data.patterns.length === 0) return <NothingInRange what="logs" table="logs" filtered={!!asked.where} />;
  const total = q.data.patterns.reduce((n, p) => n + p.count, 0);
  const most = q.data.patterns[0]!.count;
  return (
    <section
      className={`panel ${classes.patterns} scroll`}
      aria-label="Patterns"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
      tabIndex={0}
    >
      <table className="table">
        <thead>
          <tr>
            <th className="num">Lines</th>
            <th className={classes.share}>Share</th>
            <th>Pattern</th>
            <th className={classes.hide}>Services</th>
            <th className={classes.hide}>Last seen</th>
          </tr>
        </thead>
        <tbody>
          {q.data.patterns.map((p) => (
            <tr key={p.condition + p.template}>
              <td className="num" title={whole(p.count)}>
                {count(p.count)}
              </td>
              <td className={classes.share}>
                <span
                  className={classes.bar}
                  title={Object.entries(p.levels)
                    .map(([l, n]) => `${l} ${n}`)
                    .join(", ")}
                >
                  {Object.entries(p.levels).map(([level, n]) => (
                    <i key={level} style={{ width: `${(n / most) * 100}%`, background: levelColor(level, scheme) }} />
                  ))}
                </span>
                <span className="dim">{percent(p.count / total)}</span>
              </td>
              <td>
                <button
                  type="button"
                  className={`${classes.template} mono`}
                  onClick={() => onChoose(p)}
                  title={short(p.sample, 500)}
                >
                  {short(p.template, 400)
                    .split(/(<\*>)/)
                    .map((part, i) => (part === "<*>" ? <em key={i}>&lt;*&gt;</em> : <bdi key={i}>{part}</bdi>))}
                </button>
              </td>
              <td className={`${classes.hide} ellipsis`} title={p.services.join(", ")}>
                {p.services.slice(0, 3).map((s) => (
                  <span key={s} className={classes.service}>
                    <i className="dot" style={{ background: color(s) }} /> <bdi>{short(s, 30)}</bdi>
                  </span>
                ))}
                {p.services.length > 3 && <span className="dim">+{p.services.length - 3}</span>}
              </td>
              <td className={`${classes.hide} dim`} style={{ whiteSpace: "nowrap" }}>
                {day(Date.parse(p.last), zone).slice(5)} {time(Date.parse(p.last), zone)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {q.data.sampled < 1 && (
        <p className={`dim ${classes.gone}`}>
          Found in a sample of {percent(q.data.sampled)} of {whole(q.data.total)} records; counts are those of the
          sample.
        </p>
      )}
    </section>
  );
}
