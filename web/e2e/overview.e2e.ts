// Errors and status.
import { expect, test } from "vitest";
import { accessible, open, phone } from "./browser";
import { range } from "./seed";

test("errors: an issue says when and where, is resolved, and opened again", async () => {
  const { page, complaints } = await open(`/errors?${range}`);
  const issue = page.getByRole("link", { name: "pgconn.PgError" });
  await issue.waitFor();
  await accessible(page);
  await issue.click();
  await page.waitForURL(/\/errors\/[0-9a-f]+/);
  await page.getByRole("region", { name: "Facts" }).getByText("1.4.2").waitFor();
  await accessible(page);
  await page.getByLabel("Note").fill("fixed in 1.5");
  await page.getByRole("button", { name: "Resolve" }).click();
  await page.getByText("fixed in 1.5").waitFor();
  await page.getByRole("link", { name: "All errors" }).click();
  await page.getByText("Resolved", { exact: true }).click();
  await issue.click();
  await page.getByRole("button", { name: "Open again" }).click();
  await page.getByRole("button", { name: "Resolve" }).waitFor();
  await page.getByRole("link", { name: "The last trace with it" }).click();
  await page.waitForURL(/\/trace\/[0-9a-f]{32}/);
  expect(complaints).toEqual([]);
});

test("status: how it fares, in both colours and on a phone", async () => {
  const { page, complaints } = await open("/status");
  await page.getByRole("region", { name: "Health" }).waitFor();
  await page.getByRole("region", { name: "Store", exact: true }).getByText("traces").waitFor();
  await page.getByRole("region", { name: "Ingest", exact: true }).getByText("over http").first().waitFor();
  await accessible(page);
  expect(complaints).toEqual([]);
  const small = await open("/status", { viewport: phone, colorScheme: "light" });
  await small.page.getByRole("region", { name: "Health" }).waitFor();
  await small.page.getByRole("region", { name: "Store", exact: true }).waitFor();
  await accessible(small.page);
});

test("errors: on a phone nothing is wider than it", async () => {
  const { page } = await open(`/errors?${range}`, { viewport: phone });
  await page.locator("main section.panel").first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
  await accessible(page);
});
