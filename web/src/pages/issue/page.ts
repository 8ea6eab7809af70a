import type { Page } from "..";

export const page: Page = { path: "/errors/$id", load: () => import("./Issue") };
