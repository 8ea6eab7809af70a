import { expect, test } from "vitest";
import { ago, bytes, count, digits, duration, percent, rate, time } from "./format";

test("durations", () => {
  expect([0, 999, 1500, 12_340, 999_400, 1e6, 1.5e9, 61e9, 3.7e12, 2e14].map(duration)).toEqual([
    "0 ns",
    "999 ns",
    "1.5 µs",
    "12.3 µs",
    "999 µs",
    "1 ms",
    "1.5 s",
    "1 m 1 s",
    "1 h 1 m",
    "2.31 d",
  ]);
  expect(duration(null)).toBe("–");
});

test("numbers", () => {
  expect(["100", "1.25", "0.0012", "-3.5"].map(Number).map(digits)).toEqual(["100", "1.25", "0.0012", "-3.5"]);
  expect([0, 9999, 12345, 1e6, 2.5e9].map(count)).toEqual(["0", "9,999", "12.3 k", "1 M", "2.5 G"]);
  expect([0, 0.5, 1, 0.00001, 0.99999].map(percent)).toEqual(["0 %", "50 %", "100 %", "<0.01 %", ">99.99 %"]);
  expect(rate(12.3456)).toBe("12.3/s");
  expect([0, 1536, 5e6].map(bytes)).toEqual(["0 B", "1.5 KiB", "4.77 MiB"]);
});

test("times", () => {
  const at = Date.parse("2026-03-01T23:04:05.678Z");
  expect(time(at, "UTC", 3)).toBe("23:04:05.678");
  expect(time(at, "Europe/Berlin")).toBe("00:04:05");
  expect(ago(at, at + 90e3)).toBe("2 min ago");
});
