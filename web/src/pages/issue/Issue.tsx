import { Button, Code, TextInput } from "@mantine/core";
import { IconArrowLeft, IconCheck, IconRotate, IconTimeline } from "@tabler/icons-react";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { type Issue as IssueRow, issues, reopen, resolve } from "../../api/issues";
import type { Asked } from "../../api/looking";
import { useServiceColor } from "../../api/services";
import { all, literal } from "../../api/sql";
import { useTime } from "../../time/TimeProvider";
import { TimeChart } from "../../ui/charts/TimeChart";
import { usePalette } from "../../ui/colors";
import { ago, count, day, time, whole } from "../../ui/format";
import { useKeys } from "../../ui/keys";
import { PageTitle } from "../../ui/PageTitle";
import { ErrorPanel, Loading, Nothing } from "../../ui/states";
import classes from "./Issue.module.css";

export default function Issue() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { range } = useTime();
  const asked = useMemo<Asked>(() => ({ range }), [range]);
  const q = useQuery({
    queryKey: ["issues", asked, "all", "one"],
    queryFn: ({ signal }) => issues(asked, "", 90, 1000, signal),
    placeholderData: keepPreviousData,
  });
  const issue = q.data?.issues.find((i) => i.id === id);
  return (
    <div className="page">
      <PageTitle title={issue ? issue.type || issue.message.slice(0, 80) : "Error"}>
        <Link to="/errors" search={(() => ({})) as never} className={classes.back} aria-label="All errors">
          <IconArrowLeft size={16} />
        </Link>
        <h1 className="page-h1 ellipsis">{issue ? issue.type || issue.message.slice(0, 120) : "Error"}</h1>
      </PageTitle>
      {q.error ? (
        <ErrorPanel error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <Loading what="Looking for the error" />
      ) : !issue ? (
        <section className="panel">
          <Nothing title="This error did not happen in this range">
            <p className="dim">A wider range may have it.</p>
          </Nothing>
        </section>
      ) : (
        <Shown issue={issue} from={Date.parse(q.data.from)} step={q.data.step} />
      )}
    </div>
  );
}

function Shown({ issue: i, from, step }: { issue: IssueRow; from: number; step: number }) {
  const palette = usePalette();
  const color = useServiceColor();
  const { zone } = useTime();
  const when = (t: string) => {
    const ms = Date.parse(t);
    return (
      <>
        {day(ms, zone)} {time(ms, zone)} <span className="dim">{ago(ms)}</span>
      </>
    );
  };
  const inLogs = i.signals.includes("logs");
  return (
    <>
      <section className={`panel ${classes.head}`} aria-label="What it says">
        <div className="grow">
          <h2 className="mono">
            <bdi>{i.message.slice(0, 2000) || "(no message)"}</bdi>
          </h2>
          {i.sample !== i.message && (
            <p className="dim mono">
              such as <bdi>{i.sample.slice(0, 2000)}</bdi>
            </p>
          )}
        </div>
        <State issue={i} />
      </section>
      <div className={classes.columns}>
        <div className={classes.main}>
          <section className="panel" aria-label="How often">
            <div className="panel-head">
              How often <span className="dim">{whole(i.count)} times in this range</span>
            </div>
            <div className={classes.chart}>
              <TimeChart
                name="Occurrences by time"
                from={from}
                step={step}
                height={150}
                write={count}
                legend={false}
                series={[{ label: "occurrences", color: palette.error, values: i.series, kind: "bars" }]}
              />
            </div>
          </section>
          {i.frames.length > 0 && (
            <section className="panel" aria-label="Where">
              <div className="panel-head">
                Where <span className="dim">the functions at the top of its stack</span>
              </div>
              <ol className={`${classes.frames} mono`}>
                {i.frames.map((f, n) => (
                  <li key={n}>
                    <bdi>{f.slice(0, 300)}</bdi>
                  </li>
                ))}
              </ol>
            </section>
          )}
          <section className="panel" aria-label="Where to look">
            <div className="panel-head">Where to look</div>
            <div className={classes.links}>
              {i.trace_id && (
                <Button
                  leftSection={<IconTimeline size={14} />}
                  renderRoot={(props) => (
                    <Link
                      {...props}
                      to="/trace/$id"
                      params={{ id: i.trace_id! }}
                      search={(() => (i.span_id ? { span: i.span_id } : {})) as never}
                    />
                  )}
                >
                  The last trace with it
                </Button>
              )}
              {i.operations.length > 0 && (
                <Button
                  renderRoot={(props) => (
                    <Link
                      {...props}
                      to="/traces"
                      search={
                        (() => ({
                          scope: "all",
                          f: [
                            "error",
                            `service IN (${i.services.map(literal).join(", ")})`,
                            `name IN (${i.operations.map(literal).join(", ")})`,
                          ],
                        })) as never
                      }
                    />
                  )}
                >
                  Failed spans of its operations
                </Button>
              )}
              {inLogs && (
                <Button
                  renderRoot={(props) => <Link {...props} to="/logs" search={(() => ({ f: [logsOf(i)] })) as never} />}
                >
                  Its log records
                </Button>
              )}
            </div>
            {!i.trace_id && <p className={`dim ${classes.note}`}>The last record of it belongs to no trace.</p>}
          </section>
        </div>
        <section className={`panel ${classes.facts}`} aria-label="Facts">
          <dl>
            <dt>First seen</dt>
            <dd>{when(i.first)}</dd>
            <dt>Last seen</dt>
            <dd>{when(i.last)}</dd>
            <dt>Services</dt>
            <dd>
              {list(
                i.services.map((s) => (
                  <Link
                    key={s}
                    to="/services/$name"
                    params={{ name: s }}
                    search={(() => ({})) as never}
                    className="link"
                  >
                    <i className="dot" style={{ background: color(s) }} /> <bdi>{s}</bdi>
                  </Link>
                )),
              )}
            </dd>
            <dt>Versions</dt>
            <dd>{list(i.versions.map((v) => <bdi key={v}>{v}</bdi>))}</dd>
            <dt>Operations</dt>
            <dd>{list(i.operations.map((o) => <bdi key={o}>{o}</bdi>))}</dd>
            <dt>Found in</dt>
            <dd>{i.signals.join(" and ")}</dd>
            <dt>Id</dt>
            <dd>
              <Code>{i.id}</Code>
            </dd>
          </dl>
        </section>
      </div>
    </>
  );
}

const list = (items: ReactNode[]) =>
  items.length === 0 ? (
    <span className="dim">none</span>
  ) : (
    <ul>
      {items.slice(0, 20).map((x, n) => (
        <li key={n}>{x}</li>
      ))}
      {items.length > 20 && <li className="dim">and {items.length - 20} more</li>}
    </ul>
  );

/** logsOf is a condition for the records of an issue: its type where it has one, else what all of them say. */
function logsOf(i: IssueRow): string {
  const services = `service IN (${i.services.map(literal).join(", ")})`;
  if (i.type !== "") return all([`attributes['exception.type'] = ${literal(i.type)}`, services]);
  const longest = i.message
    .split(/<\*>|\n/)
    .reduce((a, b) => (b.trim().length > a.length ? b.trim() : a), "")
    .slice(0, 200);
  return all([`contains(body, ${literal(longest)})`, services]);
}

/** State resolves an issue, or opens it again. */
function State({ issue: i }: { issue: IssueRow }) {
  const cache = useQueryClient();
  const [note, setNote] = useState("");
  const [failed, setFailed] = useState<unknown>();
  const change = async (to: () => Promise<void>) => {
    try {
      await to();
      setFailed(undefined);
      await cache.invalidateQueries({ queryKey: ["issues"] });
    } catch (err) {
      setFailed(err);
    }
  };
  const isOpen = i.state !== "resolved";
  useKeys([
    {
      keys: "x",
      label: isOpen ? "Resolve" : "Open again",
      run: () => void change(() => (isOpen ? resolve(i.id, note.trim()) : reopen(i.id))),
      group: "Errors",
    },
  ]);
  return (
    <div className={classes.state}>
      {failed !== undefined && <ErrorPanel error={failed} />}
      {i.state === "regressed" && <p className="error-text">It came back after it was resolved.</p>}
      {i.resolved?.note && (
        <p className="dim">
          <bdi>{i.resolved.note}</bdi>
        </p>
      )}
      {isOpen ? (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void change(() => resolve(i.id, note.trim()));
          }}
        >
          <TextInput
            placeholder="fixed in 1.5 (optional)"
            aria-label="Note"
            value={note}
            maxLength={200}
            onChange={(e) => setNote(e.currentTarget.value)}
          />
          <Button type="submit" variant="filled" leftSection={<IconCheck size={14} />}>
            Resolve
          </Button>
        </form>
      ) : (
        <>
          <p className={classes.done}>
            <IconCheck size={14} aria-hidden /> Resolved{i.resolved?.at && ` ${ago(Date.parse(i.resolved.at))}`}, until
            it comes back
          </p>
          <Button leftSection={<IconRotate size={14} />} onClick={() => void change(() => reopen(i.id))}>
            Open again
          </Button>
        </>
      )}
    </div>
  );
}
