import type { ChartKind } from "../../ui/result/ResultChart";
import type { Unit } from "../../ui/result/shape";

// A dashboard is a JSON document: what is exported is what is kept.

export type PanelKind = ChartKind | "table";

export interface Panel {
  id: string;
  title: string;
  kind: PanelKind;
  query: string;
  unit: Unit;
  /** Of 12 columns, and of rows of a height. */
  width: number;
  height: number;
}

/** Variable is :name in the queries of the panels. */
export interface Variable {
  name: string;
  /** A query whose first column has its values. */
  query: string;
  /** Its value at first; "" is for all. */
  value: string;
}

export interface Dashboard {
  title: string;
  description: string;
  variables: Variable[];
  panels: Panel[];
}

export const kinds: { value: PanelKind; label: string }[] = [
  { value: "lines", label: "Lines" },
  { value: "stack", label: "Stacked bars by time" },
  { value: "bars", label: "Bars" },
  { value: "table", label: "Table" },
  { value: "number", label: "Number" },
  { value: "heat", label: "Heat map" },
];

export const units: { value: Unit; label: string }[] = [
  { value: "", label: "as it is" },
  { value: "ns", label: "nanoseconds" },
  { value: "s", label: "seconds" },
  { value: "bytes", label: "bytes" },
  { value: "share", label: "share of 1" },
  { value: "rate", label: "a second" },
];

export const newId = (): string => crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);

const text = (v: unknown, most: number): string => (typeof v === "string" ? v.slice(0, most) : "");
const within = (v: unknown, least: number, most: number, otherwise: number): number =>
  typeof v === "number" && Number.isFinite(v) ? Math.min(most, Math.max(least, Math.round(v))) : otherwise;
const objects = (v: unknown): Record<string, unknown>[] =>
  Array.isArray(v) ? v.filter((x) => typeof x === "object" && x !== null && !Array.isArray(x)) : [];

/** parse makes a dashboard of whatever was written or imported; it throws where that is none. */
export function parse(doc: unknown): Dashboard {
  if (typeof doc !== "object" || doc === null || Array.isArray(doc)) throw new Error("a dashboard is a JSON object");
  const d = doc as Record<string, unknown>;
  const title = text(d.title, 200).trim();
  if (title === "") throw new Error("the dashboard has no title");
  const ids = new Set<string>();
  return {
    title,
    description: text(d.description, 1000),
    variables: objects(d.variables)
      .filter((v) => /^[A-Za-z_]\w{0,40}$/.test(text(v.name, 50)))
      .map((v) => ({ name: text(v.name, 50), query: text(v.query, 10_000), value: text(v.value, 1000) })),
    panels: objects(d.panels)
      .slice(0, 100)
      .map((p) => {
        let id = /^\w{1,40}$/.test(text(p.id, 50)) ? text(p.id, 50) : newId();
        while (ids.has(id)) id = newId();
        ids.add(id);
        return {
          id,
          title: text(p.title, 200),
          kind: kinds.some((k) => k.value === p.kind) ? (p.kind as PanelKind) : "table",
          query: text(p.query, 100_000),
          unit: units.some((u) => u.value === p.unit) ? (p.unit as Unit) : "",
          width: within(p.width, 2, 12, 6),
          height: within(p.height, 1, 4, 2),
        };
      }),
  };
}

/** moved moves the panel at a place by some, and others make room. */
export function moved<T>(list: T[], at: number, by: number): T[] {
  const to = Math.min(list.length - 1, Math.max(0, at + by));
  const out = [...list];
  const [item] = out.splice(at, 1);
  out.splice(to, 0, item!);
  return out;
}
