import type { Page } from "..";

export const page: Page = { path: "/trace/$id", load: () => import("./Trace") };
