import { Button, Menu, Popover, SegmentedControl, TextInput } from "@mantine/core";
import {
  IconChevronDown,
  IconDeviceFloppy,
  IconDownload,
  IconLayoutSidebar,
  IconPlayerPlay,
  IconPlayerStop,
} from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { ask, mostRows, rangeParams } from "../../api/ask";
import { idOf, write } from "../../api/documents";
import { useTime } from "../../time/TimeProvider";
import { bytes, duration, whole } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { PageTitle } from "../../ui/PageTitle";
import { type ChartKind, kindFor, ResultChart } from "../../ui/result/ResultChart";
import { ResultTable } from "../../ui/result/ResultTable";
import { ErrorPanel, Loading, Nothing } from "../../ui/states";
import { useParam, useSetParams } from "../../ui/url";
import { download, formats } from "./download";
import type { Handle } from "./Editor";
import { examples } from "./language";
import { remember } from "./past";
import { Side } from "./Side";
import classes from "./Sql.module.css";

const Editor = lazy(() => import("./Editor"));

export default function Sql() {
  const { range, zone } = useTime();
  const [run] = useParam("q");
  const [view, setView] = useParam("view", "table");
  const [chart, setChart] = useParam("chart");
  const setParams = useSetParams();
  const [text, setText] = useState(run || examples[0]!.query);
  const [title, setTitle] = useState("");
  const [side, setSide] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const [nonce, setNonce] = useState(0);
  const editor = useRef<Handle>(null);
  const cache = useQueryClient();

  // Back and forward bring the query that was run then.
  useEffect(() => {
    if (run !== "") setText(run);
  }, [run]);

  const sql =
    run === "" ? "" : view === "plan" ? `EXPLAIN ANALYZE ${run.replace(/^\s*EXPLAIN(\s+ANALYZE)?\b/i, "")}` : run;
  const q = useQuery({
    queryKey: ["sql", sql, range, zone, nonce],
    queryFn: async ({ signal }) => {
      const start = performance.now();
      const result = await ask(sql, rangeParams(range), signal, zone);
      if (view !== "plan") {
        remember({ query: run, at: Date.now(), ms: performance.now() - start, rows: result.rows.length });
      }
      return result;
    },
    enabled: sql !== "",
    retry: false,
  });
  const start = () => {
    const query = text.trim();
    if (query === "") return;
    setFailed(undefined);
    if (query === run) setNonce((n) => n + 1);
    else setParams({ q: query, chart: undefined });
  };
  const save = async (format: keyof typeof formats) => {
    setFailed(undefined);
    try {
      await download(run, range, zone, format, new AbortController().signal);
    } catch (err) {
      setFailed(err);
    }
  };
  useKeys([{ keys: "/", label: "To the editor", run: () => editor.current?.focus(), group: "SQL" }]);

  const kind = (chart || (q.data ? kindFor(q.data) : "lines")) as ChartKind;
  return (
    <div className={`page ${classes.page}`} data-side={side || undefined}>
      <PageTitle title="SQL" />
      <aside aria-label="Tables and queries" className={`panel ${classes.aside}`}>
        <Side
          range={range}
          insert={(t) => editor.current?.insert(t)}
          choose={(query, name) => {
            setText(query);
            setTitle(name ?? "");
            setSide(false);
            editor.current?.focus();
          }}
        />
      </aside>
      <div className={classes.main}>
        <section className={`panel ${classes.editor}`} aria-label="Query">
          <div className={`${classes.text} scroll`}>
            <Suspense fallback={<pre className={classes.waiting}>{text}</pre>}>
              <Editor
                text={text}
                range={range}
                onChange={setText}
                onRun={start}
                error={view === "plan" ? undefined : q.error}
                handle={editor}
              />
            </Suspense>
          </div>
          <div className={classes.bar}>
            <Button className={classes.sideButton} aria-expanded={side} onClick={() => setSide(!side)} px={8}>
              <IconLayoutSidebar size={14} aria-label="Tables and queries" />
            </Button>
            {q.isFetching ? (
              <Button
                leftSection={<IconPlayerStop size={14} />}
                onClick={() => void cache.cancelQueries({ queryKey: ["sql"] })}
              >
                Stop
              </Button>
            ) : (
              <Button variant="filled" leftSection={<IconPlayerPlay size={14} />} onClick={start}>
                Run
              </Button>
            )}
            <span className={`dim ${classes.hint}`}>
              <kbd>ctrl</kbd> <kbd>↵</kbd> · :from, :to and :step are those of the page's range
            </span>
            <span className="grow" />
            <Save text={text} title={title} setTitle={setTitle} />
            <Menu>
              <Menu.Target>
                <Button
                  leftSection={<IconDownload size={14} />}
                  rightSection={<IconChevronDown size={13} />}
                  disabled={run === ""}
                >
                  Download
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                {(Object.keys(formats) as (keyof typeof formats)[]).map((f) => (
                  <Menu.Item key={f} onClick={() => void save(f)}>
                    {f}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          </div>
        </section>
        {failed !== undefined && <ErrorPanel error={failed} />}
        <section className={`panel ${classes.result}`} aria-label="Result">
          <div className="panel-head">
            <SegmentedControl
              size="xs"
              aria-label="How to show the result"
              value={view}
              onChange={(v) => setView(v)}
              data={[
                { value: "table", label: "Table" },
                { value: "chart", label: "Chart" },
                { value: "plan", label: "Plan" },
              ]}
            />
            {view === "chart" && q.data && (
              <SegmentedControl
                size="xs"
                aria-label="Kind of chart"
                value={kind}
                onChange={(v) => setChart(v)}
                data={[
                  { value: "lines", label: "Lines" },
                  { value: "stack", label: "Stack" },
                  { value: "bars", label: "Bars" },
                  { value: "number", label: "Number" },
                  { value: "heat", label: "Heat map" },
                ]}
              />
            )}
            {q.data && view !== "plan" && (
              <span className="dim">
                {q.data.cut
                  ? `the first ${whole(mostRows)} rows; say LIMIT for another number`
                  : `${whole(q.data.rows.length)} rows`}{" "}
                · {whole(q.data.stats.rows_scanned)} read, {bytes(q.data.stats.bytes_read)} ·{" "}
                {q.data.stats.parts_pruned} of {q.data.stats.parts_total} parts skipped ·{" "}
                {duration(q.data.stats.elapsed_ms * 1e6)}
              </span>
            )}
            {(q.data?.stats.parts_damaged ?? 0) > 0 && (
              <span className="error-text">{q.data!.stats.parts_damaged} damaged files left out</span>
            )}
          </div>
          {q.data?.warnings?.map((w) => (
            <p key={w.message + w.line} className={classes.warning}>
              line {w.line}: {w.message}
            </p>
          ))}
          <div className={classes.rows}>
            {sql === "" ? (
              <Nothing title="Nothing was run so far">
                <p className="dim">
                  Press <kbd>ctrl</kbd> <kbd>↵</kbd> in the editor.
                </p>
              </Nothing>
            ) : q.error ? (
              <div className="panel-body">
                <ErrorPanel error={q.error} retry={start} />
              </div>
            ) : !q.data ? (
              q.isFetching ? (
                <Loading what="Running" />
              ) : (
                <Nothing title="Stopped" />
              )
            ) : view === "plan" ? (
              <pre
                className={`${classes.plan} scroll`}
                // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
                tabIndex={0}
              >
                {q.data.rows.map((r) => String(r[0])).join("\n")}
              </pre>
            ) : view === "chart" ? (
              <div className="panel-body">
                <ResultChart result={q.data} kind={kind} name="Result" height={420} />
              </div>
            ) : (
              <ResultTable result={q.data} name="Rows" />
            )}
          </div>
        </section>
      </div>
    </div>
  );
}

/** Save keeps a query under a title; the same title again is the same query. */
function Save({ text, title, setTitle }: { text: string; title: string; setTitle: (t: string) => void }) {
  const cache = useQueryClient();
  const [open, setOpen] = useState(false);
  const [failed, setFailed] = useState("");
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Button leftSection={<IconDeviceFloppy size={14} />} onClick={() => setOpen(!open)}>
          Save
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          className={classes.save}
          onSubmit={async (e) => {
            e.preventDefault();
            if (title.trim() === "") return;
            try {
              await write("queries", idOf(title), { title: title.trim(), query: text });
              await cache.invalidateQueries({ queryKey: ["queries"] });
              setFailed("");
              setOpen(false);
            } catch (err) {
              setFailed((err as Error).message);
            }
          }}
        >
          <TextInput
            label="Title"
            value={title}
            maxLength={200}
            onChange={(e) => setTitle(e.currentTarget.value)}
            error={failed}
            data-autofocus
          />
          <Button type="submit" variant="filled">
            Save the query
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
