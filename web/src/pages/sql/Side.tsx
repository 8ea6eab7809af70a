import { ActionIcon, Button, Tabs, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { list, read, remove } from "../../api/documents";
import { fields } from "../../api/looking";
import type { Range } from "../../time/range";
import { ago, count, duration, whole } from "../../ui/format";
import { ErrorPanel, Loading } from "../../ui/states";
import { examples, type Table, tables } from "./language";
import { forget, past } from "./past";
import classes from "./Sql.module.css";

interface Props {
  range: Range;
  insert: (text: string) => void;
  /** choose puts a query in place of the one that is there. */
  choose: (query: string, title?: string) => void;
}

/** Side is what a query may be about, and those that were asked before. */
export function Side({ range, insert, choose }: Props) {
  return (
    <Tabs defaultValue="tables" className={classes.side}>
      <Tabs.List grow>
        <Tabs.Tab value="tables">Tables</Tabs.Tab>
        <Tabs.Tab value="saved">Saved</Tabs.Tab>
        <Tabs.Tab value="history">History</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="tables" className="scroll">
        <Columns range={range} insert={insert} />
      </Tabs.Panel>
      <Tabs.Panel value="saved" className="scroll">
        <Saved choose={choose} />
      </Tabs.Panel>
      <Tabs.Panel value="history" className="scroll">
        <History choose={choose} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Columns({ range, insert }: { range: Range; insert: (t: string) => void }) {
  const [table, setTable] = useState<Table>("spans");
  const [search, setSearch] = useState("");
  const q = useQuery({
    queryKey: ["fields", table, range],
    queryFn: ({ signal }) => fields({ range, signal: table }, 1000, signal),
    meta: { quiet: true },
  });
  const found = (q.data?.fields ?? []).filter((f) => f.key.toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      <div className={classes.tables}>
        {tables.map((t) => (
          <button key={t} type="button" aria-pressed={t === table} onClick={() => setTable(t)}>
            {t}
          </button>
        ))}
      </div>
      <TextInput
        placeholder="Find a column"
        aria-label="Find a column"
        value={search}
        onChange={(e) => setSearch(e.currentTarget.value)}
        mb={4}
      />
      {q.error && <ErrorPanel error={q.error} />}
      {q.isPending && <Loading what="Reading columns" />}
      <ul className={classes.list}>
        {found.slice(0, 400).map((f) => (
          <li key={f.key}>
            <button type="button" onClick={() => insert(f.key)} title={`Insert ${f.key}`}>
              <bdi className="mono ellipsis grow">{f.key}</bdi>
              <span className="dim">{f.types.join(", ")}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.length > 400 && <p className="dim">and {found.length - 400} more</p>}
    </>
  );
}

function Saved({ choose }: { choose: Props["choose"] }) {
  const cache = useQueryClient();
  const q = useQuery({ queryKey: ["queries"], queryFn: ({ signal }) => list("queries", signal) });
  const [failed, setFailed] = useState<unknown>();
  const open = async (id: string) => {
    try {
      const { doc } = await read<{ title: string; query: string }>("queries", id);
      choose(doc.query, doc.title);
    } catch (err) {
      setFailed(err);
    }
  };
  const drop = async (id: string) => {
    try {
      await remove("queries", id);
      await cache.invalidateQueries({ queryKey: ["queries"] });
    } catch (err) {
      setFailed(err);
    }
  };
  return (
    <>
      {failed !== undefined && <ErrorPanel error={failed} />}
      {q.error ? (
        <p className="dim">Nothing can be saved here: {q.error.message}</p>
      ) : (
        <ul className={classes.list}>
          {q.data?.map((e) => (
            <li key={e.id}>
              <button type="button" onClick={() => void open(e.id)}>
                <bdi className="ellipsis grow">{e.title}</bdi>
                <span className="dim">{ago(Date.parse(e.updated))}</span>
              </button>
              <ActionIcon size="sm" aria-label={`Delete ${e.title}`} onClick={() => void drop(e.id)}>
                <IconTrash size={13} />
              </ActionIcon>
            </li>
          ))}
          {q.data?.length === 0 && <li className="dim">Nothing is saved so far.</li>}
        </ul>
      )}
      <h2>Examples</h2>
      <ul className={classes.list}>
        {examples.map((e) => (
          <li key={e.title}>
            <button type="button" onClick={() => choose(e.query)}>
              {e.title}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function History({ choose }: { choose: Props["choose"] }) {
  const [runs, setRuns] = useState(past);
  if (runs.length === 0) return <p className="dim">What you run is listed here, in this browser.</p>;
  return (
    <>
      <ul className={`${classes.list} ${classes.past}`}>
        {runs.map((r) => (
          <li key={r.query}>
            <button type="button" onClick={() => choose(r.query)} title={r.query}>
              <span className="mono">{r.query.replace(/\s+/g, " ").slice(0, 160)}</span>
              <span className="dim">
                {ago(r.at)} · {count(r.rows)} rows · {duration(r.ms * 1e6)}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <Button
        size="compact-xs"
        onClick={() => {
          forget();
          setRuns([]);
        }}
      >
        Forget these {whole(runs.length)}
      </Button>
    </>
  );
}
