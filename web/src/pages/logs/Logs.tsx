import { Button, SegmentedControl, Tooltip } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStop, IconX } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import type { Asked } from "../../api/looking";
import { useTime } from "../../time/TimeProvider";
import { LogLevels } from "../../ui/charts/LogLevels";
import { Facets } from "../../ui/filter/Facets";
import { FilterBar, FilterButton } from "../../ui/filter/FilterBar";
import { useFilters } from "../../ui/filter/useFilters";
import { whole } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { PageTitle } from "../../ui/PageTitle";
import { ErrorPanel, Loading, NothingInRange } from "../../ui/states";
import { useListParam, useParam, useSetParams } from "../../ui/url";
import { Detail } from "./Detail";
import { findLogs, mostRows, pageSize, parseLine } from "./data";
import { Lines } from "./Lines";
import { Live } from "./Live";
import classes from "./Logs.module.css";
import { Patterns } from "./Patterns";

const firstFacets = ["level", "service"];

export default function Logs() {
  const { range } = useTime();
  const filters = useFilters();
  const setParams = useSetParams();
  const [view, setView] = useParam("view", "table");
  const [order, setOrder] = useParam("order", "newest");
  const [live, setLive] = useParam("live");
  const [open, setOpen] = useParam("line");
  const [columns, setColumns] = useListParam("col");
  const [facetsOpen, setFacetsOpen] = useState(false);
  const asked = useMemo<Asked>(() => ({ range, where: filters.where, signal: "logs" }), [range, filters.where]);
  const line = useMemo(() => parseLine(open), [open]);
  const isLive = live !== "";
  const openLine = useCallback((l: string) => setOpen(l || undefined, true), [setOpen]);
  useKeys([
    { keys: "v", label: "Live", run: () => setLive(isLive ? undefined : "1"), group: "Lines" },
    {
      keys: "w",
      label: "Wrapped or a line each",
      run: () => setView(view === "raw" ? undefined : "raw"),
      group: "Lines",
    },
  ]);

  return (
    <div className={`page ${classes.page}`}>
      <PageTitle title="Logs" />
      <FilterBar filters={filters} asked={asked}>
        <SegmentedControl
          aria-label="How to show the logs"
          value={view}
          onChange={(v) => setView(v)}
          data={[
            { value: "table", label: "Table" },
            { value: "raw", label: "Raw" },
            { value: "patterns", label: "Patterns" },
          ]}
        />
        <Tooltip label="Lines as they arrive (v)">
          <Button
            size="xs"
            variant={isLive ? "filled" : "default"}
            aria-pressed={isLive}
            onClick={() => setLive(isLive ? undefined : "1")}
            leftSection={isLive ? <IconPlayerStop size={14} /> : <IconPlayerPlay size={14} />}
          >
            Live
          </Button>
        </Tooltip>
        <FilterButton open={facetsOpen} onClick={() => setFacetsOpen(!facetsOpen)} />
      </FilterBar>
      <div className={classes.columns} data-facets={facetsOpen || undefined} data-detail={line ? true : undefined}>
        <aside
          aria-label="Facets"
          className={`panel scroll ${classes.facets}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
          tabIndex={0}
        >
          <Facets asked={asked} filters={filters} first={firstFacets} />
        </aside>
        <div className={classes.main}>
          {isLive ? (
            <Live where={filters.where} raw={view === "raw"} open={open} onOpen={openLine} />
          ) : (
            <>
              <LogLevels asked={asked} className={classes.histogram} />
              {view === "patterns" ? (
                <Patterns
                  asked={asked}
                  onChoose={(p) => setParams({ view: undefined, f: [...filters.terms, p.condition] })}
                />
              ) : (
                <Found
                  asked={asked}
                  columns={columns}
                  setColumns={setColumns}
                  newest={order === "newest"}
                  setNewest={(n) => setOrder(n ? undefined : "oldest")}
                  raw={view === "raw"}
                  open={open}
                  onOpen={openLine}
                  clear={filters.clear}
                />
              )}
            </>
          )}
        </div>
        {line && (
          <aside
            aria-label="Log record"
            className={`panel scroll ${classes.detail}`}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
            tabIndex={0}
          >
            <Detail line={line} filters={filters} columns={columns} setColumns={setColumns} onOpen={openLine} />
          </aside>
        )}
      </div>
    </div>
  );
}

interface FoundProps {
  asked: Asked;
  columns: string[];
  setColumns: (c: string[]) => void;
  newest: boolean;
  setNewest: (n: boolean) => void;
  raw: boolean;
  open: string;
  onOpen: (line: string) => void;
  clear: () => void;
}

function Found({ asked, columns, setColumns, newest, setNewest, raw, open, onOpen, clear }: FoundProps) {
  const q = useInfiniteQuery({
    queryKey: ["logs", asked, columns, newest],
    queryFn: ({ signal, pageParam }) => findLogs(asked, columns, newest, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (last, _, offset) =>
      last.rows.length === pageSize && offset + 2 * pageSize <= mostRows ? offset + pageSize : undefined,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => q.data?.pages.flatMap((p) => p.rows) ?? [], [q.data]);
  const { hasNextPage, isFetching, fetchNextPage } = q;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  if (q.error) return <ErrorPanel error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <Loading what="Looking for logs" />;
  if (rows.length === 0) {
    return (
      <section className="panel">
        <NothingInRange what="logs" table="logs" filtered={!!asked.where} clear={clear} />
      </section>
    );
  }
  const { stats, warnings } = q.data.pages[0]!;
  return (
    <section className={`panel ${classes.list}`} aria-label="Lines">
      <div className="panel-head">
        Lines
        <span className="dim">
          {hasNextPage ? `the first ${whole(rows.length)}, more as you scroll` : whole(rows.length)}
          {rows.length >= mostRows && ", where the list ends: narrow the range"} · {whole(stats.rows_scanned)} read in{" "}
          {stats.elapsed_ms.toFixed(0)} ms
        </span>
        {stats.parts_damaged > 0 && <span className="error-text">{stats.parts_damaged} damaged files left out</span>}
        {warnings.map((w) => (
          <span key={w.message} className="dim">
            {w.message}
          </span>
        ))}
        <span className="grow" />
        {columns.map((c) => (
          <Button
            key={c}
            size="compact-xs"
            rightSection={<IconX size={12} />}
            aria-label={`Without the column ${c}`}
            onClick={() => setColumns(columns.filter((x) => x !== c))}
          >
            <span className="mono">{/\['(.*)'\]$/.exec(c)?.[1] ?? c}</span>
          </Button>
        ))}
        <Button size="compact-xs" onClick={() => setNewest(!newest)}>
          {newest ? "Newest first" : "Oldest first"}
        </Button>
      </div>
      <Lines
        rows={rows}
        columns={columns}
        raw={raw}
        open={open}
        onOpen={onOpen}
        onEnd={more}
        stale={q.isPlaceholderData}
      />
    </section>
  );
}
