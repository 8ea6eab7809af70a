import { expect, test } from "vitest";
import { placeAt } from "./complete";

test("names", () => {
  expect(placeAt("")).toEqual({ kind: "name", from: 0, text: "" });
  expect(placeAt("http.ro")).toEqual({ kind: "name", from: 0, text: "http.ro" });
  expect(placeAt("service = 'a' AND http")).toEqual({ kind: "name", from: 18, text: "http" });
  expect(placeAt("(dur")).toEqual({ kind: "name", from: 1, text: "dur" });
  expect(placeAt("resource['k8s")).toBeUndefined();
});

test("values", () => {
  expect(placeAt("service = ")).toEqual({ kind: "value", key: "service", from: 10, text: "", quoted: false });
  expect(placeAt("service = 'fro")).toEqual({ kind: "value", key: "service", from: 10, text: "fro", quoted: true });
  expect(placeAt("name = 'GET /ca")).toMatchObject({ key: "name", text: "GET /ca", quoted: true });
  expect(placeAt("http.response.status_code >= 5")).toMatchObject({ key: "http.response.status_code", text: "5" });
  expect(placeAt("resource['host.name'] = 'v")).toMatchObject({ key: "resource['host.name']", text: "v" });
  expect(placeAt("kind IN ('server', 'cl")).toMatchObject({ key: "kind", text: "cl", quoted: true });
});

test("behind a whole value there is a name again", () => {
  expect(placeAt("service = 'shop' ")).toMatchObject({ kind: "name", text: "" });
  expect(placeAt("service = 'shop' AN")).toMatchObject({ kind: "name", text: "AN" });
});
