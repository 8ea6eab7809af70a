import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  retainSearchParams,
} from "@tanstack/react-router";
import { pages } from "./pages";
import { Shell } from "./ui/Shell";
import { NotFound, PageFailed } from "./ui/states";
import { parseSearch, type Search, stringifySearch } from "./ui/url";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: PageFailed,
  validateSearch: (s: Record<string, unknown>) => s as Search,
  // Whoever goes to another page keeps looking at the same time.
  search: { middlewares: [retainSearchParams<Search>(["from", "to", "tz", "refresh"])] },
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: ({ search }) => {
    throw redirect({ to: "/services", search });
  },
});

const routes = pages.map((page) =>
  createRoute({
    getParentRoute: () => root,
    path: page.path,
    component: lazyRouteComponent(page.load),
    errorComponent: PageFailed,
  }),
);

export const makeRouter = () =>
  createRouter({
    routeTree: root.addChildren([home, ...routes]),
    basepath: new URL(document.baseURI).pathname,
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    scrollRestoration: true,
  });
