import { expect, test } from "vitest";
import { absolute, around, describe, moved, parseTime, resolve, step } from "./range";

const now = Date.parse("2026-03-01T12:00:00Z");

test("times", () => {
  expect(parseTime("now", now)).toBe(now);
  expect(parseTime("now-15m", now)).toBe(now - 9e5);
  expect(parseTime("now+1d", now)).toBe(now + 864e5);
  expect(parseTime("2026-03-01", now)).toBe(Date.parse("2026-03-01T00:00:00Z"));
  expect(parseTime("2026-03-01 10:30", now)).toBe(Date.parse("2026-03-01T10:30:00Z"));
  expect(parseTime("2026-03-01T10:30:00+02:00", now)).toBe(Date.parse("2026-03-01T08:30:00Z"));
  expect(parseTime("1772366400", now)).toBe(1772366400000);
  for (const bad of ["", "yesterday", "now-", "now-5y", "2026-99-01"]) expect(parseTime(bad, now)).toBeUndefined();
});

test("a range that is none is the default", () => {
  expect(resolve({ from: "now", to: "now-1h" }, now)).toEqual({ from: now - 36e5, to: now });
  expect(resolve({ from: "x", to: "now" }, now)).toEqual({ from: now - 36e5, to: now });
  expect(resolve({ from: "now-2h", to: "now-1h" }, now)).toEqual({ from: now - 72e5, to: now - 36e5 });
});

test("zoom and steps", () => {
  expect(around({ from: 100, to: 200 }, 3)).toEqual({ from: 0, to: 300 });
  expect(moved({ from: 100, to: 200 }, -1)).toEqual({ from: 0, to: 100 });
  // A range is never empty, however far one zooms.
  const spec = absolute({ from: now + 0.2, to: now + 0.3 });
  expect(Date.parse(spec.to) - Date.parse(spec.from)).toBe(1);
});

test("words", () => {
  expect(describe({ from: "now-1h", to: "now" })).toBe("Last hour");
  expect(describe({ from: "now-15m", to: "now" })).toBe("Last 15 minutes");
  expect(describe({ from: "2026-03-01T10:00:00Z", to: "2026-03-01T11:00:00Z" }, "UTC")).toBe(
    "2026-03-01 10:00:00 – 11:00:00",
  );
  expect(describe({ from: "2026-03-01T10:00:00Z", to: "2026-04-01T11:00:05Z" }, "UTC", true)).toBe(
    "03-01 10:00 – 04-01 11:00:05",
  );
});

test("steps are round and at least as wide as asked", () => {
  expect(step({ from: 0, to: 36e5 }, 60)).toBe(60e9);
  expect(step({ from: 0, to: 75e3 }, 100)).toBe(1e9);
  expect(step({ from: 0, to: 1e3 }, 100)).toBe(1e7);
  expect(step({ from: 0, to: 365 * 864e5 }, 60)).toBe(2 * 604800e9 - 604800e9);
});
