import { expect, test } from "vitest";
import { accessible, boxOf, open, phone, take } from "./browser";
import { range, T0 } from "./seed";

const page_ = `/traces?${range}`;

test("results, facets and the heat map of the same spans", async () => {
  const { page, complaints } = await open(page_);
  const rows = page.getByRole("region", { name: "Results" }).locator("tbody tr");
  await rows.first().waitFor();
  // 62 carts, and what is broken or hostile and has no parent.
  await page
    .getByRole("region", { name: "Over time" })
    .getByText(/^\d+ spans$/)
    .waitFor();
  await page.getByRole("button", { name: /^shop/ }).first().waitFor();
  expect(await rows.count()).toBeGreaterThan(60);
  await accessible(page);
  expect(complaints).toEqual([]);
});

test("a click on a value filters, another takes it away; back and forward work", async () => {
  const { page } = await open(`${page_}&scope=all`);
  const status = page.getByRole("complementary", { name: "Facets" }).getByRole("button", { name: /^error/ });
  await status.click();
  await page.waitForURL(/f=status\+%3D\+%27error%27/);
  const rows = page.getByRole("region", { name: "Results" }).locator("tbody tr");
  await expect
    .poll(() =>
      rows
        .locator("td:nth-child(3)")
        .allInnerTexts()
        .then((t) => t.every((n) => n.includes("SELECT items"))),
    )
    .toBe(true);
  await page.goBack();
  await expect.poll(() => rows.first().innerText()).not.toContain("SELECT items");
  await page.goForward();
  await page.getByRole("button", { name: "Remove status = 'error'" }).click();
  await expect.poll(() => page.url()).not.toContain("f=");
});

test("a typed condition is completed by names and values", async () => {
  const { page } = await open(`${page_}&scope=all`);
  const editor = page.getByRole("textbox", { name: "Condition" });
  await editor.click();
  await page.keyboard.type("db.sys");
  await take(page, /db.system.name/);
  await page.keyboard.type("= 'po");
  await take(page, /postgresql/);
  // Enter takes a completion first where one is open.
  await expect
    .poll(
      async () => {
        await page.keyboard.press("Enter");
        return page.url();
      },
      { timeout: 20_000, interval: 500 },
    )
    .toContain("f=db.system.name");
  await expect
    .poll(() => page.getByRole("region", { name: "Results" }).locator("tbody td:nth-child(3)").allInnerTexts())
    .toSatisfy((names: string[]) => names.length > 0 && names.every((n) => n.startsWith("SELECT items")));
});

test("a wrong condition is said, with its place", async () => {
  const { page } = await open(`${page_}&f=${encodeURIComponent("duration > 5 parsecs")}`);
  const alert = page.getByRole("alert");
  await alert.waitFor();
  expect(await alert.innerText()).toContain("parsecs");
  expect(await alert.locator("mark").innerText()).toContain("parsecs");
});

test("a box on the heat map is compared with the rest", async () => {
  // The slow half of the carts: all that the deadlocks are in.
  const box = [T0, T0 + 6e5, 170e6, 1e9].join(",");
  const { page, complaints } = await open(`${page_}&scope=all&box=${box}`);
  const compared = page.getByRole("region", { name: "Selection against the rest" });
  await compared.getByRole("heading", { name: /^name/ }).waitFor();
  await accessible(page);
  await compared.getByRole("button", { name: /GET \/cart/ }).click();
  await page.waitForURL(/f=name\+%3D\+%27GET\+%2Fcart%27/);
  expect(complaints).toEqual([]);
});

test("dragging over the heat map selects, and zooming in sets the range", async () => {
  const { page } = await open(page_);
  const over = page.getByRole("figure", { name: "Durations by time" }).locator(".u-over");
  await over.waitFor();
  const at = await boxOf(over);
  await page.mouse.move(at.x + at.width * 0.2, at.y + 10);
  await page.mouse.down();
  await page.mouse.move(at.x + at.width * 0.5, at.y + at.height - 20, { steps: 5 });
  await page.mouse.up();
  await page.waitForURL(/box=/);
  const before = new URL(page.url()).searchParams.get("from");
  await page.getByRole("button", { name: "Zoom in" }).click();
  await expect.poll(() => new URL(page.url()).searchParams.get("from")).not.toBe(before);
});

test("keyboard: to a result and into its trace", async () => {
  const { page } = await open(page_);
  await page.getByRole("region", { name: "Results" }).locator("tbody tr").first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/trace\/[0-9a-f]{32}\?.*span=/);
});

test("an empty range leads to the data", async () => {
  const { page } = await open("/traces?from=2001-01-01&to=2001-01-02");
  await page.getByRole("button", { name: "Show the latest data" }).click();
  await page.getByRole("region", { name: "Results" }).waitFor();
});

test("on a phone, in light", async () => {
  const { page, complaints } = await open(page_, { viewport: phone, colorScheme: "light" });
  await page.getByRole("region", { name: "Results" }).locator("tbody tr").first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
  await accessible(page);
  await page.getByRole("button", { name: "Facets" }).click();
  await page.getByRole("complementary", { name: "Facets" }).waitFor();
  expect(complaints).toEqual([]);
});
