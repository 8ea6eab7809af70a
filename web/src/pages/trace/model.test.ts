import { expect, test } from "vitest";
import {
  collapsedBelow,
  criticalPath,
  decode,
  mark,
  pairs,
  paths,
  rowOf,
  search,
  selfTimes,
  spanId,
  statistics,
  type Trace,
  visible,
} from "./model";

// A root of 100 with two children, the first of which has one of its own, and a
// third that ends behind the root.
//
//   0 GET /     [0 .................. 100)
//   1   load      [10 ..... 50)
//   2     query     [20 . 40)
//   3   render                [60 .. 90)
//   4   report                   [80 ......... 120)
function make(change: (t: Trace) => void = () => {}): Trace {
  const spanIds = new Uint8Array(5 * 8);
  for (let i = 0; i < 5; i++) spanIds[i * 8 + 7] = i + 1;
  const t: Trace = {
    id: "a",
    begin: "2026-01-01T00:00:00Z",
    length: 120,
    rows: 5,
    services: ["shop", "db"],
    names: ["GET /", "load", "query", "render", "report"],
    kinds: ["unspecified", "internal", "server"],
    statuses: ["unset", "ok", "error"],
    problems: { missing_parents: 0, cycles: 0, clock_skew: 0, unfinished: 0, duplicate_ids: 0, roots: 1 },
    spanIds,
    parent: Int32Array.of(-1, 0, 1, 0, 0),
    depth: Int32Array.of(0, 1, 2, 1, 1),
    descendants: Int32Array.of(4, 1, 0, 0, 0),
    start: Float64Array.of(0, 10, 20, 60, 80),
    duration: Float64Array.of(100, 40, 20, 30, 40),
    service: Int32Array.of(0, 0, 1, 0, 0),
    name: Int32Array.of(0, 1, 2, 3, 4),
    kind: Uint8Array.of(2, 1, 1, 1, 1),
    status: Uint8Array.of(0, 0, 2, 0, 0),
    flags: new Uint8Array(5),
  };
  change(t);
  return t;
}

test("ids", () => {
  const t = make();
  expect(spanId(t, 2)).toBe("0000000000000003");
  expect(rowOf(t, "0000000000000003")).toBe(2);
  expect(rowOf(t, "0000000000000009")).toBe(-1);
  expect(rowOf(t, "zz")).toBe(-1);
});

test("what is collapsed hides what is below", () => {
  const t = make();
  expect([...visible(t, new Uint8Array(5))]).toEqual([0, 1, 2, 3, 4]);
  expect([...visible(t, collapsedBelow(t, 1))]).toEqual([0, 1, 3, 4]);
  expect([...visible(t, collapsedBelow(t, 0))]).toEqual([0]);
});

test("search is by name and service", () => {
  const t = make();
  expect([...search(t, "RE").rows]).toEqual([3, 4]);
  expect([...search(t, "db").rows]).toEqual([2]);
  expect([...search(t, "error").rows]).toEqual([2]);
  expect([...mark(t, (row) => row > 3).rows]).toEqual([4]);
});

test("the time of its own is without that of children, each moment once", () => {
  // Of the last child only what is within the root and was not covered counts.
  expect([...selfTimes(make())]).toEqual([100 - 40 - 30 - 10, 20, 20, 30, 40]);
});

test("the critical path leads from start to end without a gap or an overlap", () => {
  const path = criticalPath(make());
  expect(path).toEqual([
    { row: 0, from: 0, to: 10 },
    { row: 1, from: 10, to: 20 },
    { row: 2, from: 20, to: 40 },
    { row: 1, from: 40, to: 50 },
    { row: 0, from: 50, to: 60 },
    { row: 3, from: 60, to: 90 },
    { row: 0, from: 90, to: 100 },
  ]);
  expect(criticalPath(make((t) => (t.rows = 0)))).toEqual([]);
});

test("statistics add up to the spans", () => {
  const t = make();
  const self = selfTimes(t);
  expect(statistics(t, self, true).map((s) => s.spans)).toEqual([1, 1, 1, 1, 1]);
  expect(statistics(t, self, false)).toMatchObject([
    { service: 0, name: -1, spans: 4, errors: 0 },
    { service: 1, spans: 1, errors: 1, total: 20, self: 20 },
  ]);
});

test("paths merge what is called alike, and two traces are laid over each other", () => {
  const once = paths(make(), selfTimes(make()));
  expect(once.children).toHaveLength(1);
  expect(once.children[0]!.children.map((n) => n.name)).toEqual(["load", "render", "report"]);
  const renamed = make((t) => {
    t.name[4] = 3; // a second render in place of the report
  });
  const other = paths(renamed, selfTimes(renamed));
  expect(pairs(once, other).map((p) => [p.name, p.a?.spans, p.b?.spans])).toEqual([
    ["GET /", 1, 1],
    ["load", 1, 1],
    ["query", 1, 1],
    ["render", 1, 2],
    ["report", 1, undefined],
  ]);
});

test("decode reads what the format says", () => {
  const columns = [
    ["start", "float64", 8],
    ["duration", "float64", 8],
    ["span_id", "id", 8],
    ["parent", "int32", 4],
    ["depth", "uint16", 2],
    ["descendants", "uint32", 4],
    ["service", "uint16", 2],
    ["name", "uint32", 4],
    ["kind", "uint8", 1],
    ["status", "uint8", 1],
    ["flags", "uint8", 1],
  ] as const;
  let offset = 0;
  const listed = columns.map(([name, type, size]) => {
    const c = { name, type, offset };
    offset += Math.ceil(size / 8) * 8;
    return c;
  });
  let head = JSON.stringify({
    trace_id: "t",
    start: "x",
    duration: 7,
    rows: 1,
    services: ["s"],
    names: ["n"],
    kinds: [],
    statuses: [],
    problems: {},
    columns: listed,
  });
  while ((12 + head.length) % 8 !== 0) head += " ";
  const buffer = new ArrayBuffer(12 + head.length + offset);
  new Uint8Array(buffer).set(new TextEncoder().encode("ttcols1\n"));
  const view = new DataView(buffer);
  view.setUint32(8, head.length, true);
  new Uint8Array(buffer).set(new TextEncoder().encode(head), 12);
  const base = 12 + head.length;
  const at = (name: string) => base + listed.find((c) => c.name === name)!.offset;
  view.setFloat64(at("duration"), 7, true);
  view.setInt32(at("parent"), -1, true);
  view.setUint16(at("service"), 0xffff, true);
  view.setUint8(at("flags"), 132);
  view.setUint8(at("span_id") + 7, 0xab);
  const t = decode(buffer);
  expect([t.duration[0], t.parent[0], t.service[0], t.name[0], t.flags[0], spanId(t, 0)]).toEqual([
    7,
    -1,
    -1,
    0,
    132,
    "00000000000000ab",
  ]);
  expect(() => decode(new TextEncoder().encode('{"trace_id":1}').buffer as ArrayBuffer)).toThrow("no trace");
});
