import { useEffect, useRef } from "react";

export interface Key {
  /** "r", "ctrl+k", "shift+?", or a sequence such as "g t". */
  keys: string;
  label: string;
  run: () => void;
  /** Where the help lists it. */
  group?: string;
}

// What is bound now, for the help. The last one wins, so that a page may take a
// key from the shell.
let bound: Key[] = [];

export const boundKeys = (): readonly Key[] => bound;

/** useKeys binds keys while a component is there. */
export function useKeys(keys: Key[]): void {
  const latest = useRef(keys);
  latest.current = keys;
  const names = keys.map((k) => k.keys).join("|");
  // biome-ignore lint/correctness/useExhaustiveDependencies: names stands for keys
  useEffect(() => {
    const mine = latest.current.map((k, i) => ({ ...k, run: () => latest.current[i]?.run() }));
    bound = [...bound, ...mine];
    return () => {
      bound = bound.filter((k) => !mine.includes(k));
    };
  }, [names]);
}

const editable = (e: Event): boolean => {
  const t = e.target as HTMLElement | null;
  return !!t?.closest?.("input, textarea, select, [contenteditable=true], [role=textbox]");
};

function nameOf(e: KeyboardEvent): string {
  let name = e.key.length === 1 ? e.key : e.key.toLowerCase();
  if (e.ctrlKey || e.metaKey) name = `ctrl+${name.toLowerCase()}`;
  if (e.altKey) name = `alt+${name}`;
  return name;
}

let pending = "";
let pendingAt = 0;

/** handleKey runs what is bound to a key, or waits for the next of a sequence. */
export function handleKey(e: KeyboardEvent): void {
  const name = nameOf(e);
  if (e.defaultPrevented || (editable(e) && !name.startsWith("ctrl+"))) return;
  if (document.querySelector("[role=dialog][aria-modal=true]") && !name.startsWith("ctrl+")) return;
  const inSequence = pending !== "" && performance.now() - pendingAt < 1200;
  const full = inSequence ? `${pending} ${name}` : name;
  pending = "";
  const hit = bound.findLast((k) => k.keys === full) ?? bound.findLast((k) => k.keys === name);
  if (hit) {
    e.preventDefault();
    hit.run();
    return;
  }
  if (bound.some((k) => k.keys.startsWith(`${name} `))) {
    pending = name;
    pendingAt = performance.now();
  }
}
