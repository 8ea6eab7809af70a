import { expect, test } from "vitest";
import type { Edge } from "../../api/looking";
import { curve, type GraphNode, place } from "./layout";

const node = (service: string): GraphNode => ({ service, kind: "service", spans: 1, errors: 0 });
const edge = (from: string, to: string): Edge => ({
  from,
  to,
  kind: "service",
  calls: 1,
  errors: 0,
  p50: 1,
  p95: 1,
  p99: 1,
});

test("callers are above what they call where it is narrow", () => {
  const placed = place(["a", "b"].map(node), [edge("a", "b")], true);
  const [a, b] = placed.nodes;
  expect(a!.y).toBeLessThan(b!.y);
  expect(a!.x).toBe(b!.x);
});

test("callers are to the left of what they call, circles and calls of itself included", () => {
  const placed = place(["a", "b", "c"].map(node), [
    edge("a", "b"),
    edge("b", "c"),
    edge("c", "a"),
    edge("b", "b"),
    edge("b", "gone"),
  ]);
  const x = Object.fromEntries(placed.nodes.map((n) => [n.service, n.x]));
  expect(x.a).toBeLessThan(x.b!);
  expect(x.b).toBeLessThan(x.c!);
  expect(placed.edges.map((e) => `${e.from}${e.to}`)).toEqual(["ab", "bc", "ca"]);
  expect(placed.edges.every((e) => e.points.length >= 2)).toBe(true);
});

test("services may be called anything", () => {
  const names = ["", "__proto__", "constructor", "<script>", "a", "a"];
  const placed = place(names.map(node), [edge("", "__proto__"), edge("constructor", ""), edge("a", "<script>")]);
  expect(placed.nodes.map((n) => n.service)).toEqual(["", "__proto__", "constructor", "<script>", "a"]);
  expect(placed.edges).toHaveLength(3);
  expect(placed.nodes.every((n) => Number.isFinite(n.x) && Number.isFinite(n.y))).toBe(true);
});

test("a curve begins and ends where the points do", () => {
  expect(
    curve([
      { x: 0, y: 0 },
      { x: 10, y: 0 },
      { x: 20, y: 10 },
    ]),
  ).toBe("M0,0Q10,0 15,5L20,10");
  expect(curve([])).toBe("");
});
