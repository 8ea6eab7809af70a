import { expect, test } from "vitest";
import { parseSearch, stringifySearch } from "./url";

test("an address survives the way there and back", () => {
  const search = { from: "now-1h", q: ["service = 'a&b'", "duration > 5ms"], x: "<script>" };
  expect(parseSearch(stringifySearch(search))).toEqual(search);
});

test("what is empty is not there", () => {
  expect(stringifySearch({ a: "", b: [], c: undefined })).toBe("");
  expect(parseSearch("")).toEqual({});
});
