import { IconStack2 } from "@tabler/icons-react";
import type { Page } from "..";

export const page: Page = {
  path: "/services",
  load: () => import("./Services"),
  label: "Services",
  icon: IconStack2,
  order: 10,
  key: "s",
};
