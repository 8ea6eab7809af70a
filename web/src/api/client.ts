// The HTTP API as typed calls. Addresses are relative to the page's base element,
// so they are right below any prefix.

/** What a call says when it fails: RFC 9457, with the place in a query's text. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    /** The SQL, condition or call that failed. */
    readonly asked: string,
    readonly line?: number,
    readonly column?: number,
  ) {
    super(detail);
    this.name = "ApiError";
  }
}

export const apiURL = (path: string): string => new URL(`api/v1/${path}`, document.baseURI).href;

async function failure(res: Response, asked: string): Promise<ApiError> {
  const text = await res.text();
  try {
    const p = JSON.parse(text) as { detail?: string; title?: string; line?: number; column?: number };
    return new ApiError(res.status, p.detail ?? p.title ?? text, asked, p.line, p.column);
  } catch {
    return new ApiError(res.status, text.trim() || `the server answered ${res.status}`, asked);
  }
}

/** send is fetch, with errors in words. It throws AbortError where signal ends it. */
export async function send(path: string, init: RequestInit, asked: string): Promise<Response> {
  let res: Response;
  try {
    res = await fetch(apiURL(path), init);
  } catch (err) {
    if (err instanceof DOMException && err.name === "AbortError") throw err;
    throw new ApiError(0, "the server cannot be reached", asked);
  }
  if (!res.ok) throw await failure(res, asked);
  return res;
}

export type Params = Record<string, string | number | undefined>;

/** get calls a path with the parameters that have a value. */
export async function get<T>(path: string, params: Params, signal?: AbortSignal): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const query = search.toString();
  const call = query ? `${path}?${query}` : path;
  const res = await send(call, { signal }, params.where ? String(params.where) : `GET ${call}`);
  return (await res.json()) as T;
}

export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

export interface Column {
  name: string;
  type: string;
  zone?: string;
}

export interface Warning {
  line: number;
  column: number;
  message: string;
}

export interface Result {
  columns: Column[];
  rows: Value[][];
  stats: {
    rows_scanned: number;
    rows_returned: number;
    bytes_read: number;
    parts_total: number;
    parts_pruned: number;
    parts_damaged: number;
    elapsed_ms: number;
  };
  warnings?: Warning[];
}

/** query runs SQL. Its params stand for :name. */
export async function query(
  sql: string,
  params: Record<string, Value> = {},
  signal?: AbortSignal,
  tz?: string,
): Promise<Result> {
  const res = await send(
    "query",
    {
      method: "POST",
      signal,
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ query: sql, params, tz }),
    },
    sql,
  );
  return (await res.json()) as Result;
}

/** objects gives each row as an object by column names. */
export function objects<T>(r: Result): T[] {
  return r.rows.map((row) => Object.fromEntries(r.columns.map((c, i) => [c.name, row[i]])) as T);
}
