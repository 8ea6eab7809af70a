import { IconChartLine } from "@tabler/icons-react";
import type { Page } from "..";

export const page: Page = {
  // /metrics is the server's own, for Prometheus.
  path: "/metrics-explorer",
  load: () => import("./Metrics"),
  label: "Metrics",
  icon: IconChartLine,
  order: 40,
  key: "n",
};
