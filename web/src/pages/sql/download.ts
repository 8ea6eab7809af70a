import { rangeParams, used } from "../../api/ask";
import { send } from "../../api/client";
import type { Range } from "../../time/range";

export const formats = {
  CSV: { accept: "text/csv", ending: "csv" },
  NDJSON: { accept: "application/x-ndjson", ending: "ndjson" },
  Arrow: { accept: "application/vnd.apache.arrow.stream", ending: "arrows" },
} as const;

/** download saves all rows of a query, not only those that are shown. */
export async function download(
  sql: string,
  range: Range,
  tz: string,
  format: keyof typeof formats,
  signal: AbortSignal,
) {
  const { accept, ending } = formats[format];
  const res = await send(
    "query",
    {
      method: "POST",
      signal,
      headers: { "Content-Type": "application/json", Accept: accept },
      body: JSON.stringify({ query: sql, params: used(sql, rangeParams(range)), tz }),
    },
    sql,
  );
  const url = URL.createObjectURL(await res.blob());
  const a = document.createElement("a");
  a.href = url;
  a.download = `ttlog-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${ending}`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
