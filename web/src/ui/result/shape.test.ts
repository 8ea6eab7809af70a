import { expect, test } from "vitest";
import type { Result } from "../../api/client";
import { barsOf, cellsOf, linesOf, shapeOf } from "./shape";

const stats = {} as Result["stats"];
const at = (s: number) => new Date(Date.UTC(2026, 4, 1, 12, 0, s)).toISOString();

const byService: Result = {
  columns: [
    { name: "t", type: "timestamp" },
    { name: "service", type: "string" },
    { name: "n", type: "int" },
  ],
  rows: [
    [at(0), "a", 1],
    [at(30), "a", 3],
    [at(10), "b", 2],
  ],
  stats,
};

test("a time, a name and a number are lines, with gaps where no row is", () => {
  expect(shapeOf(byService.columns)).toEqual({ time: 0, labels: [1], numbers: [2] });
  const l = linesOf(byService)!;
  expect(l.step).toBe(10e9);
  expect(l.series).toEqual([
    { label: "a", type: "int", values: [1, null, null, 3] },
    { label: "b", type: "int", values: [null, 2, null, null] },
  ]);
});

test("several numbers are a line each", () => {
  const r: Result = {
    columns: [byService.columns[0]!, { name: "p50", type: "duration" }, { name: "p95", type: "duration" }],
    rows: [[at(0), 5, 9]],
    stats,
  };
  expect(linesOf(r)!.series.map((s) => s.label)).toEqual(["p50", "p95"]);
});

test("rows without a time are bars", () => {
  const r: Result = {
    columns: byService.columns.slice(1),
    rows: [
      ["a", 4],
      [null, 2],
    ],
    stats,
  };
  expect(linesOf(r)).toBeUndefined();
  expect(barsOf(r)!.bars).toEqual([
    { label: "a", value: 4 },
    { label: "(none)", value: 2 },
  ]);
});

test("a time and two numbers are a heat map", () => {
  const r: Result = {
    columns: [byService.columns[0]!, { name: "le", type: "float" }, { name: "n", type: "int" }],
    rows: [
      [at(0), 1, 5],
      [at(0), 2, 6],
      [at(10), 2, 7],
    ],
    stats,
  };
  const c = cellsOf(r)!;
  expect(c.bounds).toEqual([1, 2, 4]);
  expect(c.counts).toEqual([
    [5, 6],
    [0, 7],
  ]);
});

test("nothing is nothing", () => {
  const r: Result = { columns: byService.columns, rows: [], stats };
  expect(linesOf(r)).toBeUndefined();
  expect(cellsOf(r)).toBeUndefined();
});
