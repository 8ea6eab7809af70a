import { useCallback, useMemo } from "react";
import { all } from "../../api/sql";
import { useListParam } from "../url";

/** Filters are conditions that are joined by AND; each is text of the query language, and a parameter f of the URL. */
export interface Filters {
  terms: string[];
  /** where is all of them as one condition, "" for none. */
  where: string;
  add: (term: string) => void;
  remove: (term: string) => void;
  /** toggle adds a term, or removes it where it is there. */
  toggle: (term: string) => void;
  replace: (old: string, term: string) => void;
  clear: () => void;
}

export function useFilters(): Filters {
  const [terms, set] = useListParam("f");
  const has = useCallback((t: string) => terms.includes(t), [terms]);
  return useMemo(
    () => ({
      terms,
      where: terms.length === 0 ? "" : all(terms),
      add: (t) => !has(t) && set([...terms, t]),
      remove: (t) => set(terms.filter((x) => x !== t)),
      toggle: (t) => set(has(t) ? terms.filter((x) => x !== t) : [...terms, t]),
      replace: (old, t) => set(terms.map((x) => (x === old ? t : x))),
      clear: () => set([]),
    }),
    [terms, set, has],
  );
}
