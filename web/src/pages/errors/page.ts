import { IconBug } from "@tabler/icons-react";
import type { Page } from "..";

export const page: Page = {
  path: "/errors",
  load: () => import("./Errors"),
  label: "Errors",
  icon: IconBug,
  order: 15,
  key: "e",
};
