import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import {
  IconArrowLeft,
  IconArrowRight,
  IconArrowsMaximize,
  IconArrowsMinimize,
  IconCopy,
  IconDots,
  IconPencil,
  IconTerminal2,
  IconTrash,
} from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { ask, rangeParams } from "../../api/ask";
import type { Value } from "../../api/client";
import { constant } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { ResultChart } from "../../ui/result/ResultChart";
import { ResultTable } from "../../ui/result/ResultTable";
import { ErrorPanel, Loading } from "../../ui/states";
import classes from "./Dashboard.module.css";
import type { Panel } from "./model";

interface Props {
  panel: Panel;
  variables: Record<string, string>;
  /** Pixels of a row of the grid. */
  row: number;
  full?: boolean;
  onFull?: () => void;
  edit?: {
    open: () => void;
    move: (by: number) => void;
    copy: () => void;
    remove: () => void;
  };
}

/** PanelView is the answer to a panel's query, asked for once the panel is in sight. */
export function PanelView({ panel, variables, row, full, onFull, edit }: Props) {
  const at = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState(false);
  const [size, setSize] = useState({ width: 600, height: 0 });
  useEffect(() => {
    const watch = new IntersectionObserver((all) => all.some((e) => e.isIntersecting) && setSeen(true), {
      rootMargin: "200px",
    });
    watch.observe(at.current!);
    const resized = new ResizeObserver(([e]) =>
      setSize({ width: e!.contentRect.width, height: e!.contentRect.height }),
    );
    resized.observe(at.current!);
    return () => {
      watch.disconnect();
      resized.disconnect();
    };
  }, []);
  return (
    <section
      ref={at}
      className={`panel ${classes.panel}`}
      aria-label={panel.title || "Panel"}
      data-full={full || undefined}
      style={full ? undefined : { gridColumn: `span ${panel.width}`, height: panel.height * row }}
    >
      <header className="panel-head">
        <bdi className="ellipsis grow">{panel.title}</bdi>
        {edit && (
          <>
            <ActionIcon size="sm" aria-label={`Edit ${panel.title}`} onClick={edit.open}>
              <IconPencil size={14} />
            </ActionIcon>
            <Menu>
              <Menu.Target>
                <ActionIcon size="sm" aria-label={`More of ${panel.title}`}>
                  <IconDots size={14} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconArrowLeft size={14} />} onClick={() => edit.move(-1)}>
                  Earlier
                </Menu.Item>
                <Menu.Item leftSection={<IconArrowRight size={14} />} onClick={() => edit.move(1)}>
                  Later
                </Menu.Item>
                <Menu.Item leftSection={<IconCopy size={14} />} onClick={edit.copy}>
                  Copy
                </Menu.Item>
                <Menu.Item leftSection={<IconTrash size={14} />} onClick={edit.remove}>
                  Remove
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        )}
        {!edit && (
          <span className={classes.tools}>
            <Tooltip label="Its query">
              <ActionIcon
                size="sm"
                aria-label={`Query of ${panel.title}`}
                renderRoot={(props) => (
                  <Link
                    {...props}
                    to="/sql"
                    search={
                      (() => ({
                        q: inlined(panel.query, variables),
                        view: panel.kind === "table" ? "" : "chart",
                        chart: panel.kind === "table" ? "" : panel.kind,
                      })) as never
                    }
                  />
                )}
              >
                <IconTerminal2 size={14} />
              </ActionIcon>
            </Tooltip>
            {onFull && (
              <Tooltip label={full ? "Back to the others" : "This panel alone"}>
                <ActionIcon size="sm" aria-label={full ? "All panels" : `${panel.title} alone`} onClick={onFull}>
                  {full ? <IconArrowsMinimize size={14} /> : <IconArrowsMaximize size={14} />}
                </ActionIcon>
              </Tooltip>
            )}
          </span>
        )}
      </header>
      <div className={classes.body} data-table={panel.kind === "table" || undefined}>
        {seen && (
          <Answer panel={panel} variables={variables} height={Math.max(60, size.height - 46)} width={size.width - 24} />
        )}
      </div>
    </section>
  );
}

/** inlined writes variables into a query, for a page that has none. */
const inlined = (sql: string, variables: Record<string, string>): string =>
  Object.entries(variables).reduce(
    (text, [name, v]) =>
      text.replace(new RegExp(`(^|[^:\\w]):${name}\\b`, "g"), (_, before: string) => before + constant(v)),
    sql,
  );

export function Answer({
  panel,
  variables,
  height,
  width,
}: {
  panel: Pick<Panel, "title" | "kind" | "query" | "unit">;
  variables: Record<string, string>;
  height: number;
  width?: number;
}) {
  const { range, zone } = useTime();
  const params = useMemo<Record<string, Value>>(
    () => ({ ...rangeParams(range, panel.kind === "heat" ? 80 : 120), ...variables }),
    [range, variables, panel.kind],
  );
  const q = useQuery({
    queryKey: ["panel", panel.query, params, zone],
    queryFn: ({ signal }) => ask(panel.query, params, signal, zone),
    placeholderData: keepPreviousData,
    enabled: panel.query.trim() !== "",
  });
  if (panel.query.trim() === "") return <p className={classes.empty}>No query so far</p>;
  if (q.error) return <ErrorPanel error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Loading />;
  if (panel.kind === "table") return <ResultTable result={q.data} name={`${panel.title}, rows`} />;
  const timed = panel.kind === "lines" || panel.kind === "stack" || panel.kind === "heat";
  return (
    <ResultChart
      result={q.data}
      kind={panel.kind}
      unit={panel.unit}
      name={`${panel.title}, chart`}
      height={height}
      width={width}
      range={timed ? range : undefined}
    />
  );
}
