import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

// Everything that a person chooses is in the URL, as plain text: a parameter is
// one value, or several of the same name.
export type Search = Record<string, string | string[]>;

export function parseSearch(text: string): Search {
  const out: Search = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const had = out[name];
    if (had === undefined) out[name] = value;
    else out[name] = Array.isArray(had) ? [...had, value] : [had, value];
  }
  return out;
}

/** stringifySearch leaves out what is empty, which means the same as what is not there. */
export function stringifySearch(search: Record<string, unknown>): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const v of Array.isArray(value) ? value : [value]) {
      if (v !== undefined && v !== null && v !== "") out.append(name, String(v));
    }
  }
  const text = out.toString();
  return text && `?${text}`;
}

export type Changes = Record<string, string | string[] | undefined>;

/** useSetParams returns a function that changes some parameters of this page's address. */
export function useSetParams(): (changes: Changes, replace?: boolean) => void {
  const navigate = useNavigate();
  return useCallback(
    (changes, replace = false) => {
      // undefined would be taken for "keep" by what retains the range.
      const set = Object.fromEntries(Object.entries(changes).map(([k, v]) => [k, v ?? ""]));
      void navigate({ to: ".", search: (old: Search) => ({ ...old, ...set }), replace, resetScroll: false });
    },
    [navigate],
  );
}

export const useAll = (): Search => useSearch({ strict: false }) as Search;

const first = (v: string | string[] | undefined): string | undefined => (Array.isArray(v) ? v[0] : v);

/** useParam is a parameter with one value. */
export function useParam(
  name: string,
  otherwise = "",
): [string, (value: string | undefined, replace?: boolean) => void] {
  const value = first(useAll()[name]) || otherwise;
  const change = useSetParams();
  const set = useCallback(
    (v: string | undefined, replace?: boolean) => change({ [name]: v === otherwise ? undefined : v }, replace),
    [change, name, otherwise],
  );
  return [value, set];
}

const none: string[] = [];

/** useListParam is a parameter with any number of values. */
export function useListParam(name: string): [string[], (values: string[], replace?: boolean) => void] {
  const value = useAll()[name];
  const change = useSetParams();
  const set = useCallback(
    (v: string[], replace?: boolean) => change({ [name]: v.length > 0 ? v : undefined }, replace),
    [change, name],
  );
  if (value === undefined || value === "") return [none, set];
  return [Array.isArray(value) ? value : [value], set];
}
