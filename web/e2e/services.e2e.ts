import { expect, test } from "vitest";
import { accessible, open, phone } from "./browser";
import { range } from "./seed";
import { findCapture } from "./setup";

test("the list: figures, sorted by any, found by name", async () => {
  const { page, complaints } = await open(`/services?${range}`);
  const table = page.getByRole("region", { name: "Services with spans" });
  await table.getByRole("link", { name: "shop" }).waitFor();
  await accessible(page);
  await table.getByRole("button", { name: "p95" }).click();
  await page.waitForURL(/sort=p95/);
  const slowest = await table.locator("tbody tr").first().innerText();
  expect(slowest).toContain("shop");
  await page.getByLabel("Find a service").fill("car");
  await expect.poll(() => table.locator("tbody tr").count()).toBe(1);
  expect(complaints).toEqual([]);
});

test("one service: charts, operations, dependencies, errors that lead to a trace", async () => {
  const { page, complaints } = await open(`/services/cart?${range}`);
  await page.getByRole("region", { name: "Requests" }).locator("canvas").waitFor();
  await page.getByRole("region", { name: "Durations" }).locator("canvas").waitFor();
  await page.getByText("1.4.2").waitFor();
  await page.getByRole("button", { name: "CartService/Get" }).waitFor();
  await accessible(page);
  await page.getByRole("tab", { name: /Dependencies/ }).click();
  await page.getByRole("link", { name: "shop" }).waitFor();
  await page.getByText("postgresql").waitFor();
  await accessible(page);
  await page.getByRole("tab", { name: /Errors/ }).click();
  await page
    .getByRole("row", { name: /deadlock detected/ })
    .getByRole("link")
    .click();
  await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
  expect(complaints).toEqual([]);
});

test("a service's versions, its log lines, and its levels that lead to the logs", async () => {
  const { page, complaints } = await open(`/services/cart?${range}`, { colorScheme: "light" });
  await page.getByRole("tab", { name: /^Versions/ }).click();
  await page.getByRole("link", { name: "1.4.2" }).waitFor();
  await page.getByRole("tab", { name: /^Logs 2/ }).click();
  await page.getByRole("region", { name: "Log records" }).getByText("cart 17 is loaded").waitFor();
  await accessible(page);
  await page.getByRole("link", { name: /^ERROR 1/ }).click();
  await page.waitForURL(/\/logs\?.*level/);
  await page.getByText("cart 18: deadlock detected").waitFor();
  await page.getByText("cart 17 is loaded").waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
});

test.skipIf(!findCapture("node.metrics.binpb.zst"))("a service that sends metrics alone has a page", async () => {
  const { page, complaints } = await open("/services/node-exporter?from=2026-11-22T22:00:00Z&to=2026-11-22T23:00:00Z");
  const metric = page.getByRole("region", { name: "go_goroutines", exact: true });
  await metric.locator("canvas").waitFor();
  await accessible(page);
  await metric.getByRole("link").click();
  await page.waitForURL(/\/metrics-explorer\?.*metric=go_goroutines/);
  expect(complaints).toEqual([]);
});

test("from a service to its spans", async () => {
  const { page } = await open(`/services/cart?${range}`);
  await page.getByRole("link", { name: "Its spans" }).click();
  await page.waitForURL(/\/traces\?.*f=/);
  await page.getByRole("region", { name: "Results" }).getByText("SELECT items").first().waitFor();
});

test("on a phone, in light", async () => {
  for (const path of [`/services?${range}`, `/services/cart?${range}`]) {
    const { page, complaints } = await open(path, { viewport: phone, colorScheme: "light" });
    await page.locator("table").first().waitFor();
    await accessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
    expect(complaints).toEqual([]);
  }
});
