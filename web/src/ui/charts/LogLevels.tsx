import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Asked, histogram } from "../../api/looking";
import { levelColor, usePalette } from "../colors";
import { count } from "../format";
import { TimeChart } from "./TimeChart";

const severity = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/** LogLevels is how many log records of which level there were, by time. */
export function LogLevels({ asked, className = "" }: { asked: Asked; className?: string }) {
  const { scheme } = usePalette();
  const q = useQuery({
    queryKey: ["log-levels", asked],
    queryFn: ({ signal }) => histogram(asked, "level", 110, 10, signal),
    placeholderData: keepPreviousData,
  });
  const series = useMemo(
    () =>
      (q.data?.series ?? [])
        .map((s) => ({
          level: s.other ? "others" : s.value === null ? "no level" : String(s.value),
          counts: s.counts,
          total: s.total,
        }))
        // The worst lies lowest, where its height can be read.
        .sort((a, b) => severity.indexOf(b.level) - severity.indexOf(a.level))
        .map((s) => ({
          label: `${s.level} ${count(s.total)}`,
          color: levelColor(s.level, scheme),
          kind: "bars" as const,
          values: s.counts,
        })),
    [q.data, scheme],
  );
  // What is wrong with the condition is said by the list.
  if (q.error || q.data?.total === 0) return null;
  return (
    <section className={`panel ${className}`} aria-label="Lines by time">
      {q.data && (
        <TimeChart
          name="Log records by level and time"
          from={Date.parse(q.data.from)}
          step={q.data.step}
          series={series}
          height={92}
          write={count}
        />
      )}
    </section>
  );
}
