import { SegmentedControl } from "@mantine/core";
import { useMemo, useState } from "react";
import { useServiceColor } from "../../api/services";
import { duration, percent, whole } from "../../ui/format";
import { SortHead, useSort } from "../../ui/sort";
import { selfTimes, statistics, type Trace } from "./model";
import classes from "./Trace.module.css";

const by = {
  name: (s: Line) => s.label,
  spans: (s: Line) => s.spans,
  errors: (s: Line) => s.errors,
  total: (s: Line) => s.total,
  self: (s: Line) => s.self,
  mean: (s: Line) => s.total / s.spans,
  longest: (s: Line) => s.longest,
};
type Line = ReturnType<typeof statistics>[number] & { label: string };

/** Statistics sum the spans up by operation or by service. */
export default function Statistics({
  trace,
  onFind,
  toWaterfall,
}: {
  trace: Trace;
  onFind: (text: string) => void;
  toWaterfall: () => void;
}) {
  const color = useServiceColor();
  const [group, setGroup] = useState("operation");
  const self = useMemo(() => selfTimes(trace), [trace]);
  const lines = useMemo<Line[]>(
    () =>
      statistics(trace, self, group === "operation").map((s) => ({
        ...s,
        label: (s.name >= 0 ? trace.names[s.name] : trace.services[s.service]) ?? "",
      })),
    [trace, self, group],
  );
  const sort = useSort(lines, by, "self");
  const whole_ = lines.reduce((sum, s) => sum + s.self, 0) || 1;
  return (
    <div className={`${classes.padded} scroll`}>
      <div className={classes.flameHead}>
        <SegmentedControl
          aria-label="Group by"
          value={group}
          onChange={setGroup}
          data={[
            { value: "operation", label: "Operations" },
            { value: "service", label: "Services" },
          ]}
        />
        <span className="dim">{whole(lines.length)}</span>
      </div>
      <table className="table">
        <thead>
          <tr>
            <SortHead sort={sort} by="name" label={group === "operation" ? "Operation" : "Service"} />
            <SortHead sort={sort} by="spans" label="Spans" num />
            <SortHead sort={sort} by="errors" label="Errors" num />
            <SortHead sort={sort} by="total" label="Total" num />
            <SortHead sort={sort} by="mean" label="Mean" num />
            <SortHead sort={sort} by="longest" label="Longest" num />
            <SortHead sort={sort} by="self" label="By itself" num />
            <th style={{ width: "18%" }}>Share</th>
          </tr>
        </thead>
        <tbody>
          {sort.rows.slice(0, 1000).map((s) => {
            const service = trace.services[s.service] ?? "";
            return (
              <tr key={`${s.service} ${s.name}`}>
                <td className="ellipsis" style={{ maxWidth: 0, width: "30%" }}>
                  <i className="dot" style={{ background: color(service) }} />{" "}
                  <button
                    type="button"
                    className="sort link"
                    onClick={() => {
                      onFind(s.label);
                      toWaterfall();
                    }}
                  >
                    <bdi>{s.label || "(no name)"}</bdi>
                  </button>
                  {group === "operation" && <span className="dim"> {service}</span>}
                </td>
                <td className="num">{whole(s.spans)}</td>
                <td className={`num ${s.errors > 0 ? "error-text" : "dim"}`}>{whole(s.errors)}</td>
                <td className="num">{duration(s.total)}</td>
                <td className="num">{duration(s.total / s.spans)}</td>
                <td className="num">{duration(s.longest)}</td>
                <td className="num">{duration(s.self)}</td>
                <td title={percent(s.self / whole_)}>
                  <i
                    className={classes.share}
                    style={{ width: `${(s.self / whole_) * 100}%`, background: color(service) }}
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
