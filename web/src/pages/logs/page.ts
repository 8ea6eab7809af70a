import { IconAlignLeft } from "@tabler/icons-react";
import type { Page } from "..";

export const page: Page = {
  path: "/logs",
  load: () => import("./Logs"),
  label: "Logs",
  icon: IconAlignLeft,
  order: 25,
  key: "l",
};
