import { IconTimeline } from "@tabler/icons-react";
import type { Page } from "..";

export const page: Page = {
  path: "/traces",
  load: () => import("./Traces"),
  label: "Traces",
  icon: IconTimeline,
  order: 20,
  also: "/trace/",
  key: "t",
};
