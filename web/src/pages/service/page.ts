import type { Page } from "..";

export const page: Page = { path: "/services/$name", load: () => import("./Service") };
