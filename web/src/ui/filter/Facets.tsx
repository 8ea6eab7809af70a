import { Skeleton, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconMinus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Value } from "../../api/client";
import { type Asked, type Field, facets, fields, knownFields } from "../../api/looking";
import { useServiceColor } from "../../api/services";
import { term, without } from "../../api/sql";
import { count, percent, whole } from "../format";
import classes from "./filter.module.css";
import type { Filters } from "./useFilters";

interface Props {
  asked: Asked;
  filters: Filters;
  /** The facets that are open at first. */
  first: string[];
}

const places: Field["place"][] = ["column", "record", "resource", "scope"];

/** Facets are the values that records have, with how many: a click filters. */
export function Facets({ asked, filters, first }: Props) {
  const [open, setOpen] = useState<string[]>(first);
  const [search, setSearch] = useState("");
  const { range, signal: table = "spans" } = asked;
  const known = useQuery({
    queryKey: ["fields", table],
    queryFn: ({ signal }) => knownFields(table, "", 500, signal),
    staleTime: 30_000,
    meta: { quiet: true },
  });
  // What most records of the range have comes first, what none has only where it is looked for.
  const present = useQuery({
    queryKey: ["fields", table, range],
    queryFn: ({ signal }) => fields({ range, signal: table }, 500, signal),
    placeholderData: keepPreviousData,
    meta: { quiet: true },
  });
  const listed = [...(present.data?.fields ?? [])].sort(
    (a, b) => places.indexOf(a.place) - places.indexOf(b.place) || (b.count ?? 0) - (a.count ?? 0),
  );
  const offered = search === "" && listed.length > 0 ? listed : [...listed, ...(known.data?.fields ?? [])];
  const keys = [
    ...first,
    ...offered
      .filter((f) => f.place !== "column" || f.key === "status_message" || f.key === "scope_name")
      .map((f) => f.key)
      .filter((k) => !first.includes(k)),
  ].filter((k, i, all) => all.indexOf(k) === i && k.toLowerCase().includes(search.toLowerCase()));
  return (
    <div className={classes.facets}>
      <TextInput
        placeholder="Find an attribute"
        aria-label="Find an attribute"
        value={search}
        onChange={(e) => setSearch(e.currentTarget.value)}
        mb={6}
      />
      {keys.slice(0, 120).map((key) => (
        <Group
          key={key}
          name={key}
          asked={asked}
          filters={filters}
          open={open.includes(key)}
          toggle={() => setOpen(open.includes(key) ? open.filter((k) => k !== key) : [...open, key])}
        />
      ))}
      {keys.length > 120 && <p className="dim">and {keys.length - 120} more</p>}
    </div>
  );
}

function Group({
  name,
  asked,
  filters,
  open,
  toggle,
}: {
  name: string;
  asked: Asked;
  filters: Filters;
  open: boolean;
  toggle: () => void;
}) {
  return (
    <section className={classes.facet}>
      <h2>
        <button type="button" aria-expanded={open} onClick={toggle} className="ellipsis" title={name}>
          {open ? <IconChevronDown size={13} aria-hidden /> : <IconChevronRight size={13} aria-hidden />}
          <bdi className="ellipsis">{name}</bdi>
        </button>
      </h2>
      {open && <Values name={name} asked={asked} filters={filters} />}
    </section>
  );
}

function Values({ name, asked, filters }: { name: string; asked: Asked; filters: Filters }) {
  const [all, setAll] = useState(false);
  const color = useServiceColor();
  const q = useQuery({
    queryKey: ["facet", name, asked, all],
    queryFn: async ({ signal }) => {
      const f = await facets(asked, [name], all ? 100 : 8, signal);
      return { total: f.total, ...f.facets[0]! };
    },
    placeholderData: keepPreviousData,
    meta: { quiet: true },
  });
  if (q.error) return <p className={`${classes.none} error-text`}>{q.error.message}</p>;
  if (!q.data) return <Skeleton height={44} my={4} />;
  const { values = [], present = 0, total } = q.data;
  if (values.length === 0) return <p className={classes.none}>no value</p>;
  const most = Math.max(...values.map((v) => v.count));
  return (
    <ul>
      {values.map((v) => {
        const is = term(name, v.value);
        const chosen = filters.terms.includes(is);
        return (
          <li key={JSON.stringify(v.value)} data-chosen={chosen || undefined}>
            <button
              type="button"
              className={classes.value}
              aria-pressed={chosen}
              onClick={() => filters.toggle(is)}
              title={`${text(v.value)} · ${whole(v.count)} of ${whole(present || total)}, ${percent(v.count / (present || 1))}`}
            >
              <span className={classes.share} style={{ width: `${(v.count / most) * 100}%` }} />
              {name === "service" && <i className="dot" style={{ background: color(String(v.value)) }} />}
              <bdi className="ellipsis grow">{text(v.value)}</bdi>
              <span className="dim">{count(v.count)}</span>
            </button>
            <button
              type="button"
              className={classes.not}
              aria-label={`Without ${text(v.value)}`}
              title="Without"
              onClick={() => filters.add(without(name, v.value))}
            >
              <IconMinus size={12} />
            </button>
          </li>
        );
      })}
      {values.length >= 8 && !all && (
        <li>
          <button type="button" className={classes.more} onClick={() => setAll(true)}>
            more…
          </button>
        </li>
      )}
    </ul>
  );
}

const text = (v: Value): string => {
  const t = v === null ? "(none)" : typeof v === "object" ? JSON.stringify(v) : v === "" ? "(empty)" : String(v);
  return t.length > 200 ? `${t.slice(0, 199)}…` : t;
};
