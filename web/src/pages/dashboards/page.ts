import { IconLayoutDashboard } from "@tabler/icons-react";
import type { Page } from "..";

export const page: Page = {
  path: "/dashboards",
  load: () => import("./Dashboards"),
  label: "Dashboards",
  icon: IconLayoutDashboard,
  order: 60,
  key: "d",
};
