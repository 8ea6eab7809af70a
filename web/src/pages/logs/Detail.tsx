import { ActionIcon, Button, CloseButton, CopyButton, SegmentedControl, Tooltip } from "@mantine/core";
import { IconColumnInsertRight, IconCopy, IconFilter, IconFilterX, IconTimeline } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Value } from "../../api/client";
import { term, without } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { levelColor, usePalette } from "../../ui/colors";
import type { Filters } from "../../ui/filter/useFilters";
import { day, time } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { ErrorPanel, Loading } from "../../ui/states";
import { useParam } from "../../ui/url";
import { context, keyOf, type Line, type LogRecord, lineOf, short, textOf, writeLine } from "./data";
import classes from "./Logs.module.css";

interface Props {
  line: Line;
  filters: Filters;
  columns: string[];
  setColumns: (c: string[]) => void;
  onOpen: (line: string) => void;
}

/** Detail is all of a log record, and the lines around it. */
export function Detail({ line, filters, columns, setColumns, onOpen }: Props) {
  const [tab, setTab] = useParam("show", "record");
  const [around, setAround] = useState(20);
  const [instanceOnly, setInstanceOnly] = useState(false);
  const { zone } = useTime();
  const record = useQuery({
    queryKey: ["log", line],
    queryFn: ({ signal }) => context(line, undefined, 0, signal),
    placeholderData: keepPreviousData,
    meta: { quiet: true },
  });
  const at = record.data?.at.find((r) => lineOf(r).hash === line.hash) ?? record.data?.at[0];
  const instance = at && textOf(at.resource["service.instance.id"] ?? null);
  const lines = useQuery({
    queryKey: ["log-context", line, instanceOnly ? instance : "", around],
    queryFn: ({ signal }) => context(line, (instanceOnly && instance) || undefined, around, signal),
    enabled: tab === "around",
    placeholderData: keepPreviousData,
  });
  useKeys([
    {
      keys: "c",
      label: "Lines around it",
      run: () => setTab(tab === "around" ? undefined : "around"),
      group: "Lines",
    },
  ]);
  if (record.error) return <ErrorPanel error={record.error} retry={() => void record.refetch()} />;
  if (!record.data) return <Loading what="Reading the record" />;
  if (!at) return <p className={`dim ${classes.gone}`}>This record is not stored any more.</p>;
  const ms = Date.parse(at.timestamp);
  return (
    <>
      <header className={classes.detailHead}>
        <div className="grow">
          <b>{at.level ?? "no level"}</b> <bdi>{short(at.service ?? "no service", 80)}</bdi>
          <div className="dim">
            {day(ms, zone)} {time(ms, zone)}.{at.timestamp.slice(20, -1)}
          </div>
        </div>
        {at.trace_id && (
          <Button
            size="compact-xs"
            leftSection={<IconTimeline size={14} />}
            renderRoot={(props) => (
              <Link
                {...props}
                to="/trace/$id"
                params={{ id: at.trace_id! }}
                search={(() => (at.span_id ? { span: at.span_id } : {})) as never}
              />
            )}
          >
            Trace
          </Button>
        )}
        <CopyButton value={JSON.stringify(at, null, 2)}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? "Copied" : "Copy as JSON"}>
              <ActionIcon onClick={copy} aria-label="Copy as JSON">
                <IconCopy size={15} />
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
        <CloseButton size="sm" onClick={() => onOpen("")} aria-label="Close the record" />
      </header>
      <SegmentedControl
        fullWidth
        aria-label="What to show of the record"
        value={tab}
        onChange={(v) => setTab(v)}
        data={[
          { value: "record", label: "Record" },
          { value: "around", label: "Lines around it" },
        ]}
      />
      {tab === "record" ? (
        <Record record={at} filters={filters} columns={columns} setColumns={setColumns} />
      ) : lines.error ? (
        <ErrorPanel error={lines.error} />
      ) : !lines.data ? (
        <Loading what="Reading the lines around it" />
      ) : (
        <>
          {instance && (
            <SegmentedControl
              fullWidth
              mt={6}
              aria-label="Lines of"
              value={instanceOnly ? "instance" : "service"}
              onChange={(v) => setInstanceOnly(v === "instance")}
              data={[
                { value: "service", label: "Of the service" },
                { value: "instance", label: `Of ${short(instance, 28)}` },
              ]}
            />
          )}
          <Around
            before={lines.data.before}
            at={lines.data.at}
            after={lines.data.after}
            open={writeLine(line)}
            onOpen={onOpen}
          />
          {around < 1000 && (
            <Button size="compact-xs" onClick={() => setAround(Math.min(1000, around * 3))} mt={8}>
              More lines
            </Button>
          )}
        </>
      )}
    </>
  );
}

function Record({
  record,
  filters,
  columns,
  setColumns,
}: {
  record: LogRecord;
  filters: Filters;
  columns: string[];
  setColumns: (c: string[]) => void;
}) {
  const body = textOf(record.body);
  const [whole, setWhole] = useState(false);
  const shown = pretty(record.body);
  const fixed: [string, Value][] = [
    ["service", record.service],
    ["level", record.level],
    ["severity_text", record.severity_text ?? null],
    ["event_name", record.event_name ?? null],
    ["trace_id", record.trace_id],
    ["span_id", record.span_id],
    ["scope_name", record.scope_name ?? null],
    ["scope_version", record.scope_version ?? null],
  ];
  const section = (title: string, list: [string, string, Value][]) =>
    list.length > 0 && (
      <section>
        <h2>{title}</h2>
        <dl className={classes.fields}>
          {list.slice(0, 500).map(([key, label, v]) => (
            <Field
              key={key}
              name={key}
              label={label}
              value={v}
              filters={filters}
              columns={columns}
              setColumns={setColumns}
            />
          ))}
        </dl>
        {list.length > 500 && <p className="dim">and {list.length - 500} more; copied as JSON it has them all.</p>}
      </section>
    );
  return (
    <>
      <pre className={`${classes.message} scroll`}>
        <bdi>{whole ? shown : short(shown, 4_000)}</bdi>
      </pre>
      {!whole && shown.length > 4_000 && (
        <Button size="compact-xs" onClick={() => setWhole(true)}>
          Show all {body.length.toLocaleString("en")} characters
        </Button>
      )}
      {section(
        "Attributes",
        sorted(record.attributes).map(([k, v]) => [keyOf("attributes", k), k, v]),
      )}
      {section(
        "Record",
        fixed.filter(([, v]) => v !== null && v !== "" && v !== undefined).map(([k, v]) => [k, k, v]),
      )}
      {section(
        "Resource",
        sorted(record.resource).map(([k, v]) => [keyOf("resource", k), k, v]),
      )}
    </>
  );
}

const sorted = (o: Record<string, Value> | null): [string, Value][] =>
  Object.entries(o ?? {}).sort(([a], [b]) => a.localeCompare(b));

/** pretty indents a body that is JSON. */
function pretty(body: Value): string {
  const text = textOf(body);
  if (text.length > 100_000 || !/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Field({
  name,
  label,
  value,
  filters,
  columns,
  setColumns,
}: {
  name: string;
  label: string;
  value: Value;
  filters: Filters;
  columns: string[];
  setColumns: (c: string[]) => void;
}) {
  const text = textOf(value);
  const scalar = typeof value !== "object" || value === null;
  const isColumn = columns.includes(name);
  return (
    <div>
      <dt>
        <bdi>{short(label, 200)}</bdi>
      </dt>
      <dd className="mono">
        <bdi>{short(text, 2_000)}</bdi>
        <span className={classes.tools}>
          {scalar && text.length < 500 && (
            <>
              <ActionIcon
                size="xs"
                aria-label={`Filter by ${short(label, 60)}`}
                onClick={() => filters.add(term(name, value))}
              >
                <IconFilter size={13} />
              </ActionIcon>
              <ActionIcon
                size="xs"
                aria-label={`Without this ${short(label, 60)}`}
                onClick={() => filters.add(without(name, value))}
              >
                <IconFilterX size={13} />
              </ActionIcon>
            </>
          )}
          {label !== "service" && label !== "level" && (
            <ActionIcon
              size="xs"
              aria-pressed={isColumn}
              aria-label={`${short(label, 60)} as a column`}
              onClick={() => setColumns(isColumn ? columns.filter((c) => c !== name) : [...columns, name].slice(-5))}
            >
              <IconColumnInsertRight size={13} />
            </ActionIcon>
          )}
        </span>
      </dd>
    </div>
  );
}

function Around({
  before,
  at,
  after,
  open,
  onOpen,
}: {
  before: LogRecord[];
  at: LogRecord[];
  after: LogRecord[];
  open: string;
  onOpen: (line: string) => void;
}) {
  const { zone } = useTime();
  const { scheme } = usePalette();
  const here = useRef<HTMLLIElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other lines are shown then
  useEffect(() => {
    here.current?.scrollIntoView({ block: "center" });
  }, [before, after]);
  return (
    <ol className={classes.around}>
      {[...before, ...at, ...after].map((r, i) => {
        const key = writeLine(lineOf(r));
        return (
          <li key={i} ref={key === open ? here : undefined} data-open={key === open || undefined}>
            <button type="button" onClick={() => onOpen(key)}>
              <i style={{ background: levelColor(r.level ?? "", scheme) }} aria-hidden />
              <span className="dim">{time(Date.parse(r.timestamp), zone, 3)}</span>{" "}
              <bdi>{short(textOf(r.body), 500)}</bdi>
            </button>
          </li>
        );
      })}
    </ol>
  );
}
