import { expect, test } from "vitest";
import { lineOf, parseLine, writeLine } from "./data";

test("a line in the address is the same line again, whatever its service is called", () => {
  const line = lineOf({ timestamp: "2026-05-01T12:00:00.000000001Z", service: "a~b <c>", body: { deep: [1] } });
  expect(parseLine(writeLine(line))).toEqual(line);
  expect(parseLine("")).toBeUndefined();
  expect(parseLine("nonsense")).toBeUndefined();
});

test("lines of one time differ by what they say", () => {
  const at = { timestamp: "2026-05-01T12:00:00Z", service: "a" };
  expect(lineOf({ ...at, body: "x" }).hash).not.toBe(lineOf({ ...at, body: "y" }).hash);
});
