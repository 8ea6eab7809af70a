import { Button, FileButton } from "@mantine/core";
import { IconLayoutDashboard, IconPlus, IconUpload } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { idOf, list, write } from "../../api/documents";
import { ago } from "../../ui/format";
import { PageTitle } from "../../ui/PageTitle";
import { ErrorPanel, Loading } from "../../ui/states";
import { newId, parse } from "../dashboard/model";
import { ready } from "../dashboard/ready";
import classes from "./Dashboards.module.css";

export default function Dashboards() {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [failed, setFailed] = useState<unknown>();
  const q = useQuery({
    queryKey: ["dashboards"],
    queryFn: ({ signal }) => list("dashboards", signal),
    retry: false,
  });
  /** add keeps a dashboard under a new id, and opens it. */
  const add = async (doc: unknown, edit: boolean) => {
    try {
      const d = parse(doc);
      const id = `${idOf(d.title).slice(0, 50)}-${newId()}`;
      await write("dashboards", id, d, "");
      await cache.invalidateQueries({ queryKey: ["dashboards"] });
      void navigate({
        to: "/dashboards/$id",
        params: { id },
        search: (() => (edit ? { edit: "1" } : {})) as never,
      });
    } catch (err) {
      setFailed(err);
    }
  };
  const take = async (file: File | null) => {
    if (!file) return;
    try {
      await add(JSON.parse(await file.text()), false);
    } catch (err) {
      setFailed(new Error(`${file.name} is no dashboard: ${(err as Error).message}`));
    }
  };
  // Where nothing is kept, as inside of an application, only the ready ones are there.
  const kept = !q.error;
  return (
    <div className="page">
      <PageTitle title="Dashboards" />
      {failed !== undefined && <ErrorPanel error={failed} />}
      <section aria-label="Yours">
        <header className={classes.head}>
          <h2>Yours</h2>
          <span className="grow" />
          {kept && (
            <>
              <FileButton accept="application/json,.json" onChange={(f) => void take(f)}>
                {(props) => (
                  <Button {...props} leftSection={<IconUpload size={14} />}>
                    Import
                  </Button>
                )}
              </FileButton>
              <Button
                variant="filled"
                leftSection={<IconPlus size={14} />}
                onClick={() => void add({ title: "New dashboard", panels: [] }, true)}
              >
                New
              </Button>
            </>
          )}
        </header>
        {!kept ? (
          <p className="dim">Nothing can be kept here: {q.error.message}</p>
        ) : !q.data ? (
          <Loading />
        ) : q.data.length === 0 ? (
          <p className="dim">None so far. A ready one can be copied and changed, too.</p>
        ) : (
          <ul className={classes.cards}>
            {q.data.map((d) => (
              <li key={d.id}>
                <Link to="/dashboards/$id" params={{ id: d.id }} search={(() => ({})) as never} className="panel">
                  <IconLayoutDashboard size={18} stroke={1.6} aria-hidden />
                  <b>
                    <bdi>{d.title}</bdi>
                  </b>
                  <span className="dim">changed {ago(Date.parse(d.updated))}</span>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section aria-label="Ready">
        <header className={classes.head}>
          <h2>Ready</h2>
        </header>
        <ul className={classes.cards}>
          {Object.entries(ready).map(([id, d]) => (
            <li key={id}>
              <Link to="/dashboards/$id" params={{ id }} search={(() => ({})) as never} className="panel">
                <IconLayoutDashboard size={18} stroke={1.6} aria-hidden />
                <b>{d.title}</b>
                <span className="dim">{d.description}</span>
              </Link>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
