import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { useParam, useSetParams } from "../ui/url";
import { absolute, around, defaultSpec, isRelative, type Range, resolve, type Spec } from "./range";

interface Time {
  spec: Spec;
  /** What spec meant when the page was last refreshed. */
  range: Range;
  setSpec: (spec: Spec) => void;
  /** zoom chooses a fixed range. */
  zoom: (range: Range) => void;
  zoomOut: () => void;
  /** back steps to the range before, where there is one. */
  back: () => void;
  canGoBack: boolean;
  /** refresh asks again, for the range up to now where it is relative. */
  refresh: () => void;
  /** every is the interval of the refresh in ms, 0 for none. */
  every: number;
  setEvery: (interval: string) => void;
  /** zone is the name of the time zone in which times are shown. */
  zone: string;
  zoneChoice: string;
  setZone: (zone: string) => void;
}

const Context = createContext<Time | undefined>(undefined);

export const intervals: Record<string, number> = { "5s": 5e3, "10s": 1e4, "30s": 3e4, "1m": 6e4, "5m": 3e5 };

const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

function valid(zone: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return localZone;
  }
}

export function TimeProvider({ children }: { children: ReactNode }) {
  const [from] = useParam("from", defaultSpec.from);
  const [to] = useParam("to", defaultSpec.to);
  const [interval, setEvery] = useParam("refresh");
  const [zoneChoice, setZoneParam] = useParam("tz", "local");
  const setParams = useSetParams();
  const queries = useQueryClient();
  const [now, setNow] = useState(Date.now);
  const before = useRef<Spec[]>([]);
  const every = intervals[interval] ?? 0;

  const spec = useMemo(() => ({ from, to }), [from, to]);
  const range = useMemo(() => resolve(spec, now), [spec, now]);

  const go = useCallback((s: Spec) => setParams({ from: s.from, to: s.to }), [setParams]);
  const setSpec = useCallback(
    (s: Spec) => {
      before.current = [...before.current.slice(-49), spec];
      setNow(Date.now());
      go(s);
    },
    [go, spec],
  );
  const zoom = useCallback((r: Range) => setSpec(absolute(r)), [setSpec]);
  const zoomOut = useCallback(() => {
    const now = Date.now();
    const wide = around(range, 3);
    // There is nothing to see behind now.
    zoom({ from: wide.from, to: wide.to > now && range.to <= now + 1e3 ? now : wide.to });
  }, [zoom, range]);
  const back = useCallback(() => {
    const last = before.current.at(-1);
    if (!last) return;
    before.current = before.current.slice(0, -1);
    go(last);
  }, [go]);
  const refresh = useCallback(() => {
    if (isRelative(spec)) setNow(Date.now());
    void queries.invalidateQueries();
  }, [spec, queries]);

  useEffect(() => {
    if (every === 0) return;
    // A hidden page asks for nothing.
    const timer = setInterval(() => document.visibilityState === "visible" && refresh(), every);
    return () => clearInterval(timer);
  }, [every, refresh]);

  const value = useMemo<Time>(
    () => ({
      spec,
      range,
      setSpec,
      zoom,
      zoomOut,
      back,
      canGoBack: before.current.length > 0,
      refresh,
      every,
      setEvery: (i) => setEvery(i),
      zone: zoneChoice === "local" ? localZone : valid(zoneChoice),
      zoneChoice,
      setZone: (z) => setZoneParam(z),
    }),
    [spec, range, setSpec, zoom, zoomOut, back, refresh, every, setEvery, zoneChoice, setZoneParam],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useTime(): Time {
  const t = useContext(Context);
  if (!t) throw new Error("useTime outside of TimeProvider");
  return t;
}
