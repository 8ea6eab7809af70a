import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { accessible, open, phone } from "./browser";
import { range } from "./seed";

test.each(["http", "database", "redis", "go", "ttlog"])(
  "dashboards: the ready one for %s has no query that fails",
  async (id) => {
    const { page, complaints } = await open(`/dashboards/ready-${id}?${range}`);
    const panels = page.locator("main section.panel");
    await panels.first().waitFor();
    const n = await panels.count();
    for (let i = 0; i < n; i++) {
      await panels.nth(i).scrollIntoViewIfNeeded();
      await panels.nth(i).locator("figure, table, dl, p").first().waitFor();
    }
    expect(await page.getByRole("alert").allTextContents()).toEqual([]);
    await accessible(page);
    expect(complaints).toEqual([]);
  },
);

test("dashboards: made, changed, kept, exported, imported, deleted", async () => {
  const { page, complaints } = await open(`/dashboards?${range}`);
  await page.getByRole("button", { name: "New" }).click();
  await page.waitForURL(/dashboards\/new-dashboard-.*edit=1/);
  await page.getByLabel("Title").fill("Checkout");
  await page.getByRole("button", { name: "Add a panel" }).click();
  const editor = page.getByRole("dialog");
  await editor.getByLabel("Title").fill("Spans");
  await editor.getByRole("textbox", { name: "Query of the panel" }).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("SELECT count(*) AS spans FROM spans WHERE service = :service");
  await page.keyboard.press("Escape");
  await editor.getByRole("combobox", { name: "Show as" }).or(editor.getByLabel("Show as")).first().click();
  await page.getByRole("option", { name: "Number" }).click();
  await accessible(page);
  await editor.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Variables" }).click();
  await page.getByRole("button", { name: "Add a variable" }).click();
  await page.getByLabel("Name").fill("service");
  await page.getByLabel("Query of its values").fill("SELECT service FROM spans GROUP BY service");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Checkout" }).waitFor();
  await page.getByLabel("service", { exact: true }).first().click();
  await page.getByRole("option", { name: "cart", exact: true }).click();
  await page.waitForURL(/var-service=cart/);
  await page.getByRole("region", { name: "Spans" }).locator("dd").waitFor();
  await accessible(page);

  await page.getByRole("button", { name: "More", exact: true }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "Export" }).click(),
  ]);
  const path = (await file.path())!;
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ title: "Checkout", panels: [{ kind: "number" }] });
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.waitForURL(/\/dashboards\?/);
  await page.getByRole("link", { name: /Checkout/ }).waitFor({ state: "detached" });
  await page.locator("input[type=file]").setInputFiles(path);
  await page.waitForURL(/\/dashboards\/checkout-/);
  await page.getByRole("region", { name: "Spans" }).waitFor();
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.waitForURL(/\/dashboards\?/);
  // What is typed half is refused.
  expect(complaints.filter((c) => !c.includes("status of 400"))).toEqual([]);
});

test("dashboards: on a phone, in light colours, one panel alone", async () => {
  const { page } = await open(`/dashboards/ready-http?${range}&full=p4`, { viewport: phone, colorScheme: "light" });
  await page.getByRole("region", { name: "Requests a second by route" }).getByRole("figure").waitFor();
  expect(await page.locator("main section.panel").count()).toBe(1);
  await page.getByRole("button", { name: "All panels" }).click();
  await page.getByRole("region", { name: "Routes" }).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
  await accessible(page);
});
