import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { knowServices, serviceColor, usePalette } from "../ui/colors";
import { get } from "./client";

export interface ServiceCount {
  name: string;
  spans: number;
  logs: number;
  points: number;
}

/** useServiceNames is every service that has ever sent something, for colours, completion and the empty page. */
export function useServiceNames() {
  return useQuery({
    queryKey: ["service-names"],
    queryFn: async ({ signal }) => {
      const all = await get<ServiceCount[]>("services", {}, signal);
      // Those that are in traces are seen beside each other.
      const first = all.filter((s) => s.spans > 0).concat(all.filter((s) => s.spans === 0));
      knowServices(first.map((s) => s.name));
      return all;
    },
    refetchInterval: (q) => (q.state.data?.length ? 120_000 : 3_000),
    meta: { quiet: true },
  });
}

/** useServiceColor returns the colour of a service in the present scheme. */
export function useServiceColor(): (name: string) => string {
  const { scheme } = usePalette();
  const { dataUpdatedAt } = useServiceNames();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours depend on which services are known
  return useCallback((name: string) => serviceColor(name, scheme), [scheme, dataUpdatedAt]);
}
