// The queries that were run in this browser, the last one first.

export interface Run {
  query: string;
  at: number;
  ms: number;
  rows: number;
}

const key = "ttlog.sql.history";

export function past(): Run[] {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "[]") as Run[];
  } catch {
    return [];
  }
}

/** remember keeps a run, once for each text, as long as the browser has room. */
export function remember(run: Run): void {
  const runs = [run, ...past().filter((r) => r.query !== run.query)].slice(0, 100);
  try {
    localStorage.setItem(key, JSON.stringify(runs));
  } catch {
    localStorage.removeItem(key);
  }
}

export const forget = (): void => localStorage.removeItem(key);
