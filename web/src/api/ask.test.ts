import { expect, test } from "vitest";
import { stepOf, used, withLimit } from "./ask";

test("a query without a LIMIT gets one, whatever its strings and comments say", () => {
  expect(withLimit("SELECT 1;\n")).toEqual({ sql: "SELECT 1\nLIMIT 10000", added: true });
  expect(withLimit("SELECT 'LIMIT 3' -- LIMIT 4").added).toBe(true);
  expect(withLimit("SELECT * FROM (SELECT 1 LIMIT 2)").added).toBe(true);
  expect(withLimit("select 1 limit 5").added).toBe(false);
  expect(withLimit("EXPLAIN SELECT 1").added).toBe(false);
});

test("only what a query names is sent with it", () => {
  const all = { from: 1, to: 2, step: "1m" };
  expect(used("timestamp > :from AND x = ':to' AND y::step", all)).toEqual({ from: 1 });
});

test("steps divide a range into about as many as were asked for", () => {
  expect(stepOf({ from: 0, to: 36e5 }, 120)).toBe("30s");
  expect(stepOf({ from: 0, to: 864e5 * 3650 }, 120)).toBe("28d");
});
