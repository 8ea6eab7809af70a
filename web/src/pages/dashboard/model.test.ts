import { expect, test } from "vitest";
import { withLimit } from "../../api/ask";
import { moved, parse } from "./model";
import { ready } from "./ready";

test("what is written is read again as it was", () => {
  for (const d of Object.values(ready)) expect(parse(JSON.parse(JSON.stringify(d)))).toEqual(d);
});

test("what is no dashboard is refused in words; what is odd in one is made right", () => {
  expect(() => parse([])).toThrow("a JSON object");
  expect(() => parse({ panels: [] })).toThrow("no title");
  const d = parse({
    title: "t",
    variables: [{ name: "no good" }, { name: "ok" }],
    panels: [{ id: "a", query: "SELECT 1", width: 99 }, { id: "a", kind: "<script>" }, "nonsense"],
  });
  expect(d.variables.map((v) => v.name)).toEqual(["ok"]);
  expect(d.panels).toHaveLength(2);
  expect(d.panels[0]!.width).toBe(12);
  expect(d.panels[1]!.kind).toBe("table");
  expect(d.panels[1]!.id).not.toBe("a");
});

test("panels change places", () => {
  expect(moved([1, 2, 3], 0, 1)).toEqual([2, 1, 3]);
  expect(moved([1, 2, 3], 2, 5)).toEqual([1, 2, 3]);
});

test("tables of the ready ones are short", () => {
  for (const d of Object.values(ready)) {
    for (const p of d.panels.filter((p) => p.kind === "table" || p.kind === "bars")) {
      expect(withLimit(p.query).added, `${d.title}: ${p.title}`).toBe(false);
    }
  }
});
