import type { Page } from "..";

export const page: Page = { path: "/dashboards/$id", load: () => import("./Dashboard") };
