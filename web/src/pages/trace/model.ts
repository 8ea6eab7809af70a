// A trace as the columns that the server sends (docs/api.md), in the order of the
// waterfall: a span is a row number, and never an object.
import { send } from "../../api/client";

export interface Problems {
  missing_parents: number;
  cycles: number;
  clock_skew: number;
  unfinished: number;
  duplicate_ids: number;
  roots: number;
}

export interface Trace {
  id: string;
  /** RFC 3339 with nanoseconds; the column start counts from here. */
  begin: string;
  length: number;
  rows: number;
  services: string[];
  names: string[];
  kinds: string[];
  statuses: string[];
  problems: Problems;
  /** 8 bytes a row. */
  spanIds: Uint8Array;
  parent: Int32Array;
  depth: Int32Array;
  descendants: Int32Array;
  /** Nanoseconds; duration is -1 where a span never ended. */
  start: Float64Array;
  duration: Float64Array;
  service: Int32Array;
  name: Int32Array;
  kind: Uint8Array;
  status: Uint8Array;
  flags: Uint8Array;
}

export const flag = {
  events: 1,
  links: 2,
  missingParent: 4,
  cycle: 8,
  skew: 16,
  unfinished: 32,
  duplicate: 64,
  exception: 128,
} as const;

interface Head {
  trace_id: string;
  start: string;
  duration: number;
  rows: number;
  services: string[];
  names: string[];
  kinds: string[];
  statuses: string[];
  problems: Problems;
  columns: { name: string; type: string; offset: number }[];
}

const magic = "ttcols1\n";

/** decode takes the answer apart. Columns of wider types are views of the answer, not copies. */
export function decode(buffer: ArrayBuffer): Trace {
  const text = new TextDecoder();
  if (text.decode(new Uint8Array(buffer, 0, Math.min(8, buffer.byteLength))) !== magic) {
    throw new Error("the answer is no trace in columns");
  }
  const length = new DataView(buffer).getUint32(8, true);
  const head = JSON.parse(text.decode(new Uint8Array(buffer, 12, length))) as Head;
  // biome-ignore lint/suspicious/noExplicitAny: the arrays' constructors have no common type
  const types: Record<string, any> = {
    float64: Float64Array,
    int32: Int32Array,
    uint32: Uint32Array,
    uint16: Uint16Array,
    uint8: Uint8Array,
  };
  const base = 12 + length;
  const column = (name: string) => {
    const c = head.columns.find((c) => c.name === name);
    if (!c) throw new Error(`the trace has no column ${name}`);
    if (c.type === "id") return new Uint8Array(buffer, base + c.offset, head.rows * 8);
    const Type = types[c.type];
    const at = base + c.offset;
    if (at % Type.BYTES_PER_ELEMENT === 0) return new Type(buffer, at, head.rows);
    return new Type(buffer.slice(at, at + head.rows * Type.BYTES_PER_ELEMENT));
  };
  const as = <T>(Type: { new (n: number): T & { set(from: ArrayLike<number>): void } }, name: string): T => {
    const c = column(name);
    if (c instanceof (Type as never)) return c as T;
    const out = new Type(head.rows);
    out.set(c);
    return out;
  };
  return {
    id: head.trace_id,
    begin: head.start,
    length: Math.max(head.duration, 1),
    rows: head.rows,
    services: head.services,
    names: head.names,
    kinds: head.kinds,
    statuses: head.statuses,
    problems: head.problems,
    spanIds: column("span_id"),
    parent: as(Int32Array, "parent"),
    depth: as(Int32Array, "depth"),
    descendants: as(Int32Array, "descendants"),
    start: as(Float64Array, "start"),
    duration: as(Float64Array, "duration"),
    service: signed(column("service")),
    name: signed(column("name")),
    kind: as(Uint8Array, "kind"),
    status: as(Uint8Array, "status"),
    flags: as(Uint8Array, "flags"),
  };
}

/** signed reads the highest value of an unsigned column as -1, none. */
function signed(c: Int32Array | Uint32Array | Uint16Array | Uint8Array): Int32Array {
  if (c instanceof Int32Array) return c;
  const none = 2 ** (8 * c.BYTES_PER_ELEMENT) - 1;
  const out = new Int32Array(c.length);
  for (let i = 0; i < c.length; i++) out[i] = c[i] === none ? -1 : c[i]!;
  return out;
}

export async function load(id: string, signal?: AbortSignal): Promise<Trace> {
  const path = `traces/${id}/columns`;
  const res = await send(path, { signal, headers: { Accept: "application/vnd.ttlog.columns" } }, `trace ${id}`);
  return decode(await res.arrayBuffer());
}

const hex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

export function spanId(t: Trace, row: number): string {
  let out = "";
  for (let i = row * 8; i < row * 8 + 8; i++) out += hex[t.spanIds[i]!];
  return out;
}

/** rowOf finds a span by its id, -1 for none. */
export function rowOf(t: Trace, id: string): number {
  if (!/^[0-9a-f]{16}$/.test(id)) return -1;
  const want = Array.from({ length: 8 }, (_, i) => Number.parseInt(id.slice(i * 2, i * 2 + 2), 16));
  next: for (let row = 0; row < t.rows; row++) {
    for (let i = 0; i < 8; i++) if (t.spanIds[row * 8 + i] !== want[i]) continue next;
    return row;
  }
  return -1;
}

export const serviceOf = (t: Trace, row: number): string => t.services[t.service[row]!] ?? "";
export const nameOf = (t: Trace, row: number): string => t.names[t.name[row]!] ?? "";
export const isError = (t: Trace, row: number): boolean => t.statuses[t.status[row]!] === "error";
export const endOf = (t: Trace, row: number): number => t.start[row]! + Math.max(t.duration[row]!, 0);

/** visible are the rows that are left where some are collapsed. */
export function visible(t: Trace, collapsed: Uint8Array): Int32Array {
  const out = new Int32Array(t.rows);
  let n = 0;
  for (let row = 0; row < t.rows; ) {
    out[n++] = row;
    row += collapsed[row] ? t.descendants[row]! + 1 : 1;
  }
  return out.subarray(0, n);
}

/** collapsedBelow collapses every span of a depth, 0 being the roots. */
export function collapsedBelow(t: Trace, depth: number): Uint8Array {
  const out = new Uint8Array(t.rows);
  for (let row = 0; row < t.rows; row++) if (t.depth[row]! >= depth && t.descendants[row]! > 0) out[row] = 1;
  return out;
}

/** search marks the rows whose name or service has the text, in any case. */
export function search(t: Trace, text: string): { rows: Int32Array; marks: Uint8Array } {
  const want = text.trim().toLowerCase();
  const names = t.names.map((n) => n.toLowerCase().includes(want));
  const services = t.services.map((n) => n.toLowerCase().includes(want));
  const errors = want === "error";
  return mark(t, (row) => names[t.name[row]!] || services[t.service[row]!] || (errors && isError(t, row)) || false);
}

export function mark(t: Trace, is: (row: number) => boolean): { rows: Int32Array; marks: Uint8Array } {
  const marks = new Uint8Array(t.rows);
  let n = 0;
  for (let row = 0; row < t.rows; row++) {
    if (is(row)) {
      marks[row] = 1;
      n++;
    }
  }
  const rows = new Int32Array(n);
  for (let row = 0, i = 0; row < t.rows; row++) if (marks[row]) rows[i++] = row;
  return { rows, marks };
}

/** children calls f with the rows right below one. */
export function children(t: Trace, row: number, f: (child: number) => void): void {
  const end = row + t.descendants[row]!;
  for (let c = row + 1; c <= end; c += t.descendants[c]! + 1) f(c);
}

/** selfTimes is how long each span was at work while none of its children was. */
export function selfTimes(t: Trace): Float64Array {
  const self = new Float64Array(t.rows);
  for (let row = 0; row < t.rows; row++) {
    const [from, to] = [t.start[row]!, endOf(t, row)];
    let covered = 0;
    let reached = from;
    children(t, row, (c) => {
      // Siblings are in the order of their start.
      const [a, b] = [Math.max(t.start[c]!, reached), Math.min(endOf(t, c), to)];
      if (b > a) {
        covered += b - a;
        reached = b;
      }
    });
    self[row] = to - from - covered;
  }
  return self;
}

export interface Segment {
  row: number;
  from: number;
  to: number;
}

/**
 * criticalPath is what the trace waited for, from its end back to its start: at
 * each moment the span that ended last of those that were waited for. It follows
 * the first root.
 */
export function criticalPath(t: Trace): Segment[] {
  const out: Segment[] = [];
  if (t.rows === 0) return out;
  const work: { row: number; until: number }[] = [{ row: 0, until: endOf(t, 0) }];
  while (work.length > 0) {
    const { row, until } = work.pop()!;
    const below: number[] = [];
    children(t, row, (c) => below.push(c));
    below.sort((a, b) => endOf(t, b) - endOf(t, a));
    let cursor = Math.min(until, endOf(t, row));
    for (const c of below) {
      const end = endOf(t, c);
      // What ends behind the cursor ran beside what was waited for.
      if (end > cursor || t.start[c]! < t.start[row]! || end <= t.start[row]!) continue;
      if (cursor > end) out.push({ row, from: end, to: cursor });
      work.push({ row: c, until: end });
      cursor = t.start[c]!;
    }
    if (cursor > t.start[row]!) out.push({ row, from: t.start[row]!, to: cursor });
  }
  return out.sort((a, b) => a.from - b.from);
}

export interface Statistic {
  service: number;
  /** -1 for a whole service. */
  name: number;
  spans: number;
  errors: number;
  total: number;
  self: number;
  longest: number;
}

/** statistics sums up by operation, or by service; what took most by itself comes first. */
export function statistics(t: Trace, self: Float64Array, byName: boolean): Statistic[] {
  const all = new Map<number, Statistic>();
  const width = t.names.length + 1;
  for (let row = 0; row < t.rows; row++) {
    const [service, name] = [t.service[row]!, byName ? t.name[row]! : -1];
    const key = (service + 1) * width + name + 1;
    let s = all.get(key);
    if (!s) {
      s = { service, name, spans: 0, errors: 0, total: 0, self: 0, longest: 0 };
      all.set(key, s);
    }
    const took = Math.max(t.duration[row]!, 0);
    s.spans++;
    if (isError(t, row)) s.errors++;
    s.total += took;
    s.self += self[row]!;
    s.longest = Math.max(s.longest, took);
  }
  return [...all.values()].sort((a, b) => b.self - a.self);
}

/** Node is the spans that have the same services and names all the way up. */
export interface Node {
  service: string;
  name: string;
  depth: number;
  spans: number;
  errors: number;
  total: number;
  self: number;
  children: Node[];
  /** The first of its spans. */
  row: number;
}

/** paths merges the spans of a trace by the path to them: the nodes of its flame graph. */
export function paths(t: Trace, self: Float64Array): Node {
  const root: Node = {
    service: "",
    name: "",
    depth: -1,
    spans: 0,
    errors: 0,
    total: 0,
    self: 0,
    children: [],
    row: -1,
  };
  const of: Node[] = new Array(t.rows);
  const known = new Map<Node, Map<number, Node>>();
  const width = t.names.length + 1;
  for (let row = 0; row < t.rows; row++) {
    const above = t.parent[row]! < 0 ? root : of[t.parent[row]!]!;
    let below = known.get(above);
    if (!below) {
      below = new Map();
      known.set(above, below);
    }
    const key = (t.service[row]! + 1) * width + t.name[row]! + 1;
    let node = below.get(key);
    if (!node) {
      node = {
        service: serviceOf(t, row),
        name: nameOf(t, row),
        depth: above.depth + 1,
        spans: 0,
        errors: 0,
        total: 0,
        self: 0,
        children: [],
        row,
      };
      below.set(key, node);
      above.children.push(node);
    }
    node.spans++;
    node.total += Math.max(t.duration[row]!, 0);
    node.self += self[row]!;
    if (isError(t, row)) node.errors++;
    of[row] = node;
  }
  root.total = root.children.reduce((sum, c) => sum + c.total, 0);
  return root;
}

/** Pair is a node of two traces that are compared; one of its sides may be missing. */
export interface Pair {
  service: string;
  name: string;
  depth: number;
  a?: Node;
  b?: Node;
}

/** pairs lays two trees of paths over each other, in the order of the first. */
export function pairs(a: Node, b: Node): Pair[] {
  const out: Pair[] = [];
  const walk = (x: Node | undefined, y: Node | undefined) => {
    const key = (n: Node) => `${n.service}\0${n.name}`;
    const right = new Map((y?.children ?? []).map((n) => [key(n), n]));
    const emit = (left: Node | undefined, other: Node | undefined) => {
      const n = (left ?? other)!;
      out.push({ service: n.service, name: n.name, depth: n.depth, a: left, b: other });
      walk(left, other);
    };
    for (const n of x?.children ?? []) {
      emit(n, right.get(key(n)));
      right.delete(key(n));
    }
    for (const n of right.values()) emit(undefined, n);
  };
  walk(a, b);
  return out;
}
