import { IconTerminal2 } from "@tabler/icons-react";
import type { Page } from "..";

export const page: Page = {
  path: "/sql",
  load: () => import("./Sql"),
  label: "SQL",
  icon: IconTerminal2,
  order: 70,
  key: "q",
};
