import type { Icon } from "@tabler/icons-react";
import type { ComponentType } from "react";

/** Page is what pages/<name>/page.ts exports as page. To add one is to add its folder. */
export interface Page {
  /** A path of the router, such as /trace/$id. */
  path: string;
  load: () => Promise<{ default: ComponentType }>;
  /** What follows is for pages that the sidebar lists. */
  label?: string;
  icon?: Icon;
  /** Its place in the sidebar. */
  order?: number;
  /** The beginning of other paths that belong to it. */
  also?: string;
  /** g and this key lead to it. */
  key?: string;
}

const modules = import.meta.glob<{ page: Page }>("./*/page.ts", { eager: true });

export const pages: Page[] = Object.values(modules).map((m) => m.page);

export const listed: Page[] = pages.filter((p) => p.order !== undefined).sort((a, b) => a.order! - b.order!);
