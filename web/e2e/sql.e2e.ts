import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { accessible, open, phone } from "./browser";
import { range } from "./seed";

const sql = (q: string) => `/sql?${range}&q=${encodeURIComponent(q)}`;

test("sql: a query is typed with completion, run by the keyboard, and is in the address", async () => {
  const { page, complaints } = await open(`/sql?${range}`);
  const editor = page.getByRole("textbox", { name: "SQL" });
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("SELECT service, count(*) AS n FROM sp");
  const offers = page.locator(".cm-tooltip-autocomplete");
  await offers.getByText("spans").waitFor();
  await page.waitForTimeout(150); // a completion that only just came is not taken for the next key
  await page.keyboard.press("Enter");
  await page.keyboard.type(" WHERE timestamp >= :from AND name = 'GET /ca");
  await offers.getByText("'GET /cart'").waitFor();
  await page.waitForTimeout(150);
  await page.keyboard.press("Tab");
  await page.keyboard.type(" GROUP BY service");
  await page.keyboard.press("Control+Enter");
  await page.waitForURL(/q=SELECT/);
  const rows = page.getByRole("region", { name: "Rows" });
  await rows.getByText("shop", { exact: true }).waitFor();
  await accessible(page);
  expect(complaints).toEqual([]);
});

test("sql: what is wrong is marked under its word and said below", async () => {
  const { page } = await open(sql("SELECT service,\n  nope(duration)\nFROM spans"));
  await page
    .getByRole("alert")
    .getByText(/unknown function nope/)
    .first()
    .waitFor();
  await page.locator(".cm-lintRange-error").waitFor();
  expect(await page.locator(".cm-lintRange-error").first().textContent()).toBe("nope");
  await accessible(page);
});

test("sql: a chart, the plan, and all of it downloaded", async () => {
  const { page, complaints } = await open(
    sql(
      "SELECT time_bucket(:step, timestamp) AS t, service, count(*) AS n FROM spans WHERE timestamp >= :from AND timestamp < :to GROUP BY t, service ORDER BY t",
    ),
    { colorScheme: "light" },
  );
  await page.getByRole("region", { name: "Rows" }).waitFor();
  await page.getByText("Chart", { exact: true }).click();
  await page.getByRole("figure", { name: "Result" }).waitFor();
  await accessible(page);
  await page.getByText("Plan", { exact: true }).click();
  await page.getByText(/physical plan/).waitFor();
  await page.getByRole("button", { name: "Download" }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "CSV" }).click(),
  ]);
  expect(readFileSync((await file.path())!, "utf8")).toMatch(/^t,service,n\r?\n2026-05-01T/);
  expect(complaints).toEqual([]);
});

test("sql: a saved query is listed and comes back; history has what was run", async () => {
  const { page } = await open(sql("SELECT 40 + 2 AS answer"));
  await page.getByRole("region", { name: "Rows" }).getByText("42").waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByLabel("Title").fill("The answer");
  await page.keyboard.press("Enter");
  await page.getByRole("tab", { name: "Saved" }).click();
  await page.getByRole("button", { name: /^The answer/ }).waitFor();
  await page.getByRole("button", { name: "Slowest operations" }).click();
  await page.getByRole("button", { name: /^The answer/ }).click();
  await page.getByRole("textbox", { name: "SQL" }).getByText("answer").waitFor();
  await page.getByRole("button", { name: "Delete The answer" }).click();
  await page.getByText("Nothing is saved so far").waitFor();
  await page.getByRole("tab", { name: "History" }).click();
  await page.getByRole("button", { name: /SELECT 40 \+ 2/ }).waitFor();
});

test("sql: on a phone", async () => {
  const { page } = await open(sql("SELECT service, count(*) FROM spans GROUP BY service"), { viewport: phone });
  await page.getByRole("region", { name: "Rows" }).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
  await accessible(page);
});
