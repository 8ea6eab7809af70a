import { IconChartLine } from "@tabler/icons-react";
import type { Page } from "..";

export const page: Page = {
  path: "/metrics",
  load: () => import("./Metrics"),
  label: "Metrics",
  icon: IconChartLine,
  order: 40,
  key: "n",
};
