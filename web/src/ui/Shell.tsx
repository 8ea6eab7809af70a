import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import {
  IconCommand,
  IconKeyboard,
  IconLayoutSidebarLeftCollapse,
  IconLayoutSidebarLeftExpand,
  IconMenu2,
  IconMoon,
  IconSun,
} from "@tabler/icons-react";
import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useServiceNames } from "../api/services";
import { listed, type Page } from "../pages";
import { moved } from "../time/range";
import { TimePicker } from "../time/TimePicker";
import { TimeProvider, useTime } from "../time/TimeProvider";
import { Away } from "./Away";
import { KeysHelp } from "./KeysHelp";
import { handleKey, useKeys } from "./keys";
import classes from "./Shell.module.css";
import { FirstSpan, Loading } from "./states";

const Commands = lazy(() => import("./Commands"));

export function Shell() {
  return (
    <TimeProvider>
      <Frame />
    </TimeProvider>
  );
}

function Frame() {
  const [narrow, setNarrow] = useState(() => localStorage.getItem("ttlog.sidebar") === "narrow");
  const [open, setOpen] = useState(false); // the drawer of small screens
  const [help, setHelp] = useState(false);
  const [commands, setCommands] = useState(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const time = useTime();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("dark", { getInitialValueInEffect: false });
  const path = useRouterState({ select: (s) => s.location.pathname });
  const toggleScheme = () => setColorScheme(scheme === "dark" ? "light" : "dark");

  useEffect(() => {
    document.addEventListener("keydown", handleKey);
    return () => document.removeEventListener("keydown", handleKey);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the drawer
  useEffect(() => setOpen(false), [path]);

  useKeys([
    { keys: "ctrl+k", label: "Commands and search", run: () => setCommands(true) },
    { keys: "?", label: "This list", run: () => setHelp(true) },
    { keys: "r", label: "Refresh", run: time.refresh },
    { keys: "ctrl+.", label: "Cancel what is loading", run: () => void queries.cancelQueries() },
    { keys: "[", label: "Earlier by half the range", run: () => time.zoom(moved(time.range, -0.5)), group: "Time" },
    { keys: "]", label: "Later by half the range", run: () => time.zoom(moved(time.range, 0.5)), group: "Time" },
    { keys: "-", label: "Zoom out", run: () => time.zoomOut(), group: "Time" },
    { keys: "backspace", label: "The range before", run: time.back, group: "Time" },
    { keys: "D", label: "Dark or light", run: toggleScheme },
    ...listed
      .filter((p) => p.key)
      .map((p) => ({
        keys: `g ${p.key}`,
        label: p.label!,
        run: () => void navigate({ to: p.path }),
        group: "Go to",
      })),
  ]);

  const setWidth = (n: boolean) => {
    setNarrow(n);
    localStorage.setItem("ttlog.sidebar", n ? "narrow" : "wide");
  };

  return (
    <div className={classes.frame} data-narrow={narrow || undefined} data-open={open || undefined}>
      <button type="button" className={classes.skip} onClick={() => document.getElementById("content")?.focus()}>
        Skip to content
      </button>
      <aside className={classes.side}>
        <Link to="/services" className={classes.brand} aria-label="ttlog">
          <img src={new URL("favicon.svg", document.baseURI).href} alt="" width={22} height={22} />
          <span className={classes.label}>ttlog</span>
        </Link>
        <nav aria-label="Pages" className={classes.nav}>
          {listed.map((p) => {
            const Icon = p.icon!;
            return (
              <Tooltip key={p.path} label={p.label} position="right" disabled={!narrow}>
                <Link
                  to={p.path}
                  className={classes.item}
                  activeProps={{}}
                  data-active={isAt(p, path) || undefined}
                  aria-current={isAt(p, path) ? "page" : undefined}
                >
                  <Icon size={17} stroke={1.6} aria-hidden />
                  <span className={classes.label}>{p.label}</span>
                </Link>
              </Tooltip>
            );
          })}
        </nav>
        <div className={classes.foot}>
          <Tooltip label="Commands (ctrl-k)" position="right">
            <ActionIcon aria-label="Commands" onClick={() => setCommands(true)}>
              <IconCommand size={16} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Keyboard (?)" position="right">
            <ActionIcon aria-label="Keyboard" onClick={() => setHelp(true)}>
              <IconKeyboard size={16} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={scheme === "dark" ? "Light" : "Dark"} position="right">
            <ActionIcon aria-label={scheme === "dark" ? "Light colours" : "Dark colours"} onClick={toggleScheme}>
              {scheme === "dark" ? <IconSun size={16} /> : <IconMoon size={16} />}
            </ActionIcon>
          </Tooltip>
          <Tooltip label={narrow ? "Wider" : "Narrower"} position="right">
            <ActionIcon
              className={classes.fold}
              aria-label={narrow ? "Wide sidebar" : "Narrow sidebar"}
              onClick={() => setWidth(!narrow)}
            >
              {narrow ? <IconLayoutSidebarLeftExpand size={16} /> : <IconLayoutSidebarLeftCollapse size={16} />}
            </ActionIcon>
          </Tooltip>
        </div>
      </aside>
      {open && (
        <button type="button" className={classes.veil} aria-label="Close the menu" onClick={() => setOpen(false)} />
      )}
      <div className={classes.main}>
        <section aria-label="Page and time" className={classes.top}>
          <ActionIcon className={classes.menu} aria-label="Menu" aria-expanded={open} onClick={() => setOpen(true)}>
            <IconMenu2 size={18} />
          </ActionIcon>
          <div id="page-title" className={classes.title} />
          <TimePicker />
          <Progress />
        </section>
        <Away />
        <main id="content" tabIndex={-1} className={`${classes.content} scroll`}>
          <Body />
        </main>
      </div>
      <KeysHelp opened={help} onClose={() => setHelp(false)} />
      {commands && (
        <Suspense>
          <Commands
            opened={commands}
            onClose={() => setCommands(false)}
            onHelp={() => setHelp(true)}
            toggleScheme={toggleScheme}
          />
        </Suspense>
      )}
    </div>
  );
}

const isAt = (p: Page, path: string): boolean =>
  path === p.path || path.startsWith(`${p.path}/`) || (p.also !== undefined && path.startsWith(p.also));

/** Body is the page, or how to send the first span while there is nothing at all. */
function Body() {
  const services = useServiceNames();
  const path = useRouterState({ select: (s) => s.location.pathname });
  if (services.data?.length === 0 && !/\/(status|sql|dashboards)/.test(path)) return <FirstSpan />;
  return (
    <Suspense fallback={<Loading />}>
      <Outlet />
    </Suspense>
  );
}

/** Progress is a line below the header while the page waits for something. */
function Progress() {
  const busy = useIsFetching({ predicate: (q) => !q.meta?.quiet });
  return <div className={classes.progress} data-busy={busy > 0 || undefined} role="presentation" />;
}
