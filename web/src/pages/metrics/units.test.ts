import { expect, test } from "vitest";
import { choices, unitName, usual, writerOf } from "./units";

test("values are written in their unit", () => {
  expect(writerOf("s", "p95")(0.0125)).toBe("12.5 ms");
  expect(writerOf("By", "last")(2048)).toBe("2 KiB");
  expect(writerOf("By", "rate")(2048)).toBe("2 KiB/s");
  expect(writerOf("s", "rate")(0.5)).toBe("50 %");
  expect(writerOf("{request}", "rate")(3)).toBe("3/s");
  expect(writerOf("s", "count")(12)).toBe("12");
  expect(unitName("{request}")).toBe("request");
});

test("what is asked for without a choice is one of the choices", () => {
  for (const [type, monotonic] of [
    ["histogram", false],
    ["exponential_histogram", false],
    ["sum", true],
    ["sum", false],
    ["gauge", false],
    ["summary", false],
  ] as const) {
    expect(choices(type, monotonic)).toContain(usual(type, monotonic));
  }
});
