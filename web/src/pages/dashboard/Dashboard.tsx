import { ActionIcon, Button, Menu, TextInput } from "@mantine/core";
import {
  IconArrowLeft,
  IconCopy,
  IconDots,
  IconDownload,
  IconMaximize,
  IconPencil,
  IconPlus,
  IconTrash,
} from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate, useParams } from "@tanstack/react-router";
import { useMemo, useRef, useState } from "react";
import { idOf, read, remove, write } from "../../api/documents";
import { useKeys } from "../../ui/keys";
import { PageTitle } from "../../ui/PageTitle";
import { ErrorPanel, Loading, Nothing } from "../../ui/states";
import { useAll, useParam, useSetParams } from "../../ui/url";
import classes from "./Dashboard.module.css";
import { type Dashboard as Doc, moved, newId, type Panel, parse } from "./model";
import { PanelEditor } from "./PanelEditor";
import { PanelView } from "./PanelView";
import { ready } from "./ready";
import { Choose, EditVariables } from "./Variables";

const row = 128;
/** In the address what is empty is what is not there, so that all has a sign. */
const everything = "*";

export default function Dashboard() {
  const { id } = useParams({ strict: false }) as { id: string };
  const q = useQuery({
    queryKey: ["dashboard", id],
    queryFn: async ({ signal }) => {
      const known = ready[id];
      if (known) return { doc: known, tag: "" };
      const { doc, tag } = await read<unknown>("dashboards", id, signal);
      return { doc: parse(doc), tag };
    },
    retry: false,
  });
  if (q.error) {
    return (
      <div className="page">
        <PageTitle title="Dashboard" />
        <ErrorPanel error={q.error} retry={() => void q.refetch()} />
      </div>
    );
  }
  if (!q.data) return <Loading what="Reading the dashboard" />;
  return <Shown key={id} id={id} doc={q.data.doc} tag={q.data.tag} />;
}

function Shown({ id, doc, tag }: { id: string; doc: Doc; tag: string }) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const setParams = useSetParams();
  const all = useAll();
  const [editing] = useParam("edit");
  const [opened, setOpened] = useParam("panel");
  const [full, setFull] = useParam("full");
  const [draft, setDraft] = useState<Doc>();
  const [failed, setFailed] = useState<unknown>();
  const frame = useRef<HTMLDivElement>(null);
  const isReady = id in ready;
  const edits = editing === "1" && !isReady;
  const shown = (edits && draft) || doc;
  const change = (changes: Partial<Doc>) => setDraft({ ...shown, ...changes });
  const variables = useMemo(
    () =>
      Object.fromEntries(
        shown.variables.map((v) => {
          const chosen = all[`var-${v.name}`];
          const value = (Array.isArray(chosen) ? chosen[0] : chosen) ?? v.value;
          return [v.name, value === everything ? "" : value];
        }),
      ),
    [shown.variables, all],
  );
  useBlocker({
    shouldBlockFn: ({ current, next }) =>
      current.pathname !== next.pathname && !window.confirm("Leave without saving the dashboard?"),
    enableBeforeUnload: () => draft !== undefined,
    disabled: draft === undefined,
  });
  const attempt = async (what: () => Promise<void>) => {
    try {
      setFailed(undefined);
      await what();
    } catch (err) {
      setFailed(err);
    }
  };
  const save = () =>
    attempt(async () => {
      if (draft) {
        await write("dashboards", id, draft, tag);
        await cache.invalidateQueries({ queryKey: ["dashboards"] });
        await cache.invalidateQueries({ queryKey: ["dashboard", id] });
      }
      setDraft(undefined);
      setParams({ edit: undefined, panel: undefined });
    });
  const copy = () =>
    attempt(async () => {
      const title = `${shown.title} (copy)`;
      const to = `${idOf(shown.title).slice(0, 50)}-${newId()}`;
      await write("dashboards", to, { ...shown, title }, "");
      await cache.invalidateQueries({ queryKey: ["dashboards"] });
      void navigate({ to: "/dashboards/$id", params: { id: to }, search: (() => ({ edit: "1" })) as never });
    });
  const drop = () =>
    attempt(async () => {
      await remove("dashboards", id);
      await cache.invalidateQueries({ queryKey: ["dashboards"] });
      void navigate({ to: "/dashboards", search: (() => ({})) as never });
    });
  const exported = () => {
    const url = URL.createObjectURL(new Blob([JSON.stringify(shown, null, 2)], { type: "application/json" }));
    const a = document.createElement("a");
    a.href = url;
    a.download = `${idOf(shown.title)}.json`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  const fullScreen = () => void frame.current?.requestFullscreen().catch(setFailed);
  useKeys([
    { keys: "f", label: "Full screen", run: fullScreen, group: "Dashboard" },
    {
      keys: "E",
      label: "Edit",
      run: () => !isReady && setParams({ edit: edits ? undefined : "1" }),
      group: "Dashboard",
    },
    { keys: "escape", label: "All panels", run: () => setFull(undefined), group: "Dashboard" },
  ]);
  const one = full === "" ? undefined : shown.panels.find((p) => p.id === full);
  const open = edits ? shown.panels.find((p) => p.id === opened) : undefined;
  const addPanel = () => {
    const p: Panel = {
      id: newId(),
      title: "New panel",
      kind: "lines",
      unit: "",
      width: 6,
      height: 2,
      query:
        "SELECT time_bucket(:step, timestamp) AS t, service, rate()\nFROM spans\nWHERE timestamp >= :from AND timestamp < :to\nGROUP BY t, service\nORDER BY t",
    };
    change({ panels: [...shown.panels, p] });
    setOpened(p.id);
  };
  return (
    <div ref={frame} className={`page ${classes.page}`}>
      <PageTitle title={shown.title}>
        <Link to="/dashboards" search={(() => ({})) as never} className={classes.back} aria-label="All dashboards">
          <IconArrowLeft size={16} />
        </Link>
        <h1 className="page-h1 ellipsis">
          <bdi>{shown.title}</bdi>
        </h1>
      </PageTitle>
      {failed !== undefined && <ErrorPanel error={failed} />}
      <div className={classes.bar}>
        {edits ? (
          <>
            <TextInput
              aria-label="Title"
              value={shown.title}
              maxLength={200}
              onChange={(e) => change({ title: e.currentTarget.value })}
              w={260}
            />
            <EditVariables list={shown.variables} onChange={(v) => change({ variables: v })} />
            <Button leftSection={<IconPlus size={14} />} onClick={addPanel}>
              Panel
            </Button>
            <span className="grow" />
            <Button
              onClick={() => {
                setDraft(undefined);
                setParams({ edit: undefined, panel: undefined });
              }}
            >
              Discard
            </Button>
            <Button variant="filled" onClick={() => void save()} disabled={shown.title.trim() === ""}>
              Save
            </Button>
          </>
        ) : (
          <>
            {shown.variables.map((v) => (
              <Choose
                key={v.name}
                variable={v}
                value={variables[v.name] ?? ""}
                onChange={(value) =>
                  setParams({ [`var-${v.name}`]: value === v.value ? undefined : value || everything })
                }
              />
            ))}
            {shown.description && <span className={`dim ellipsis ${classes.description}`}>{shown.description}</span>}
            <span className="grow" />
            {isReady ? (
              <Button leftSection={<IconCopy size={14} />} onClick={() => void copy()}>
                Copy to change it
              </Button>
            ) : (
              <Button leftSection={<IconPencil size={14} />} onClick={() => setParams({ edit: "1" })}>
                Edit
              </Button>
            )}
            <ActionIcon variant="default" size={30} aria-label="Full screen" onClick={fullScreen}>
              <IconMaximize size={15} />
            </ActionIcon>
            <Menu>
              <Menu.Target>
                <ActionIcon variant="default" size={30} aria-label="More">
                  <IconDots size={15} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconDownload size={14} />} onClick={exported}>
                  Export
                </Menu.Item>
                {!isReady && (
                  <>
                    <Menu.Item leftSection={<IconCopy size={14} />} onClick={() => void copy()}>
                      Copy
                    </Menu.Item>
                    <Menu.Item leftSection={<IconTrash size={14} />} onClick={() => void drop()}>
                      Delete
                    </Menu.Item>
                  </>
                )}
              </Menu.Dropdown>
            </Menu>
          </>
        )}
      </div>
      {shown.panels.length === 0 ? (
        <section className="panel">
          <Nothing title="No panel so far">
            {edits ? (
              <Button variant="filled" onClick={addPanel}>
                Add a panel
              </Button>
            ) : (
              <p className="dim">Edit the dashboard to add one.</p>
            )}
          </Nothing>
        </section>
      ) : one ? (
        <PanelView panel={one} variables={variables} row={row} full onFull={() => setFull(undefined)} />
      ) : (
        <div className={classes.grid}>
          {shown.panels.map((p, i) => (
            <PanelView
              key={p.id}
              panel={p}
              variables={variables}
              row={row}
              onFull={() => setFull(p.id)}
              edit={
                edits
                  ? {
                      open: () => setOpened(p.id),
                      move: (by) => change({ panels: moved(shown.panels, i, by) }),
                      copy: () => change({ panels: shown.panels.toSpliced(i + 1, 0, { ...p, id: newId() }) }),
                      remove: () => change({ panels: shown.panels.filter((x) => x.id !== p.id) }),
                    }
                  : undefined
              }
            />
          ))}
        </div>
      )}
      {open && (
        <PanelEditor
          key={open.id}
          panel={open}
          variables={variables}
          onClose={() => setOpened(undefined)}
          onDone={(p) => {
            change({ panels: shown.panels.map((x) => (x.id === p.id ? p : x)) });
            setOpened(undefined);
          }}
        />
      )}
    </div>
  );
}
