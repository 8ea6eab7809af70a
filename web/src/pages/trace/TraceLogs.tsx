import { useQuery } from "@tanstack/react-query";
import { useServiceColor } from "../../api/services";
import { useTime } from "../../time/TimeProvider";
import { levelColor, usePalette } from "../../ui/colors";
import { time, whole } from "../../ui/format";
import { ErrorPanel, Loading, Nothing } from "../../ui/states";
import { bodyText, logsOf } from "./Details";
import { rowOf, type Trace } from "./model";
import classes from "./Trace.module.css";

/** TraceLogs are the log records of the trace, in the order of time. */
export default function TraceLogs({ trace, onSelect }: { trace: Trace; onSelect: (row: number) => void }) {
  const { zone } = useTime();
  const { scheme } = usePalette();
  const color = useServiceColor();
  const q = useQuery({ queryKey: ["trace-logs", trace.id], queryFn: ({ signal }) => logsOf(trace, undefined, signal) });
  if (q.error) return <ErrorPanel error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Loading what="Reading logs" />;
  if (q.data.length === 0) {
    return (
      <Nothing title="No log record belongs to this trace">
        <p className="dim">Records that are logged with a context that has a span carry its ids.</p>
      </Nothing>
    );
  }
  return (
    <div className={`${classes.padded} scroll`}>
      <div className={classes.flameHead}>
        <b>{whole(q.data.length)} records</b>
      </div>
      <table className="table">
        <tbody>
          {q.data.map((l, i) => (
            <tr key={i} className={classes.clickable} onClick={() => onSelect(rowOf(trace, l.span_id))}>
              <td className="mono" style={{ width: 120 }}>
                {time(Date.parse(l.timestamp), zone, 3)}
              </td>
              <td style={{ width: 60, color: levelColor(l.level ?? "", scheme), fontWeight: 500 }}>{l.level}</td>
              <td className="ellipsis" style={{ width: 140 }}>
                <i className="dot" style={{ background: color(l.service ?? "") }} /> {l.service}
              </td>
              <td className="mono" style={{ overflowWrap: "anywhere" }}>
                <button type="button" className="sort">
                  <bdi>{bodyText(l.body)}</bdi>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
