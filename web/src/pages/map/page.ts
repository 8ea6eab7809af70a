import { IconTopologyStar3 } from "@tabler/icons-react";
import type { Page } from "..";

export const page: Page = {
  path: "/map",
  load: () => import("./ServiceMap"),
  label: "Service map",
  icon: IconTopologyStar3,
  order: 30,
  key: "m",
};
