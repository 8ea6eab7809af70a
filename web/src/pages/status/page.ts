import { IconHeartRateMonitor } from "@tabler/icons-react";
import type { Page } from "..";

export const page: Page = {
  path: "/status",
  load: () => import("./Status"),
  label: "Status",
  icon: IconHeartRateMonitor,
  order: 90,
  key: "i",
};
