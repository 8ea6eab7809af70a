// Every page without a mouse: from one to the next by its key, into what it has, and
// out of it again. What is reached by Tab is seen to be reached.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { open } from "./browser";
import { range } from "./seed";

/** tabTo presses Tab until what has a name is focused. */
async function tabTo(page: Page, name: RegExp, most = 80) {
  const seen: string[] = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const e = document.activeElement as HTMLElement;
      const label = e.getAttribute("aria-label") ?? e.innerText ?? e.textContent ?? "";
      const { outlineStyle, boxShadow, outlineWidth } = getComputedStyle(e);
      const seen = e.closest(":focus-visible, :focus-within");
      return {
        label: label.trim(),
        marked:
          seen !== null &&
          (outlineStyle !== "none" || boxShadow !== "none" || outlineWidth !== "0px" || e.isContentEditable),
      };
    });
    seen.push(at.label.slice(0, 40));
    if (name.test(at.label)) {
      expect(at.marked, `${at.label} is marked while it has the focus`).toBe(true);
      return;
    }
  }
  throw new Error(`no Tab leads to ${name}: ${seen.join(" | ")}`);
}

async function go(page: Page, key: string, url: RegExp) {
  await page.keyboard.press("g");
  await page.keyboard.press(key);
  await page.waitForURL(url);
}

test("keyboard only: services, a service, its tabs", async () => {
  const { page, complaints } = await open(`/services?${range}`);
  await page.getByRole("link", { name: "cart" }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("cart");
  await tabTo(page, /^cart$/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/services/cart?*");
  await page.getByRole("tab", { name: /Operations/ }).waitFor();
  await tabTo(page, /^Operations/);
  await page.keyboard.press("ArrowRight");
  await page.getByRole("link", { name: "shop" }).waitFor();
  expect(page.url()).toContain("tab=dependencies");
  expect(complaints).toEqual([]);
});

test("keyboard only: traces to a span's details and back", async () => {
  const { page, complaints } = await open(`/services?${range}`);
  await page.getByRole("link", { name: "cart" }).waitFor();
  await go(page, "t", /\/traces/);
  await page.getByRole("region", { name: "Results" }).locator("tbody tr").first().waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("name = 'GET /cart'");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.waitForURL(/f=name/);
  await page.keyboard.press("Escape");
  await tabTo(page, /GET \/cart|Start/, 120);
  await page.goBack();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder(/trace id/).fill("000000000000000000000000000000a1");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/trace/*");
  await page.getByRole("application", { name: /Waterfall/ }).waitFor();
  await page.keyboard.press("e");
  await page.getByRole("complementary", { name: "Span" }).getByText("deadlock detected").first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("complementary", { name: "Span" }).waitFor({ state: "detached" });
  await tabTo(page, /^Waterfall$/);
  await page.keyboard.press("ArrowRight");
  await page.waitForURL(/view=flame/);
  expect(complaints).toEqual([]);
});

test("keyboard only: logs, errors, metrics, the map, SQL, dashboards, status", async () => {
  const { page, complaints } = await open(`/services?${range}`);
  await page.getByRole("link", { name: "cart" }).waitFor();
  await go(page, "l", /\/logs/);
  await page.getByText("cart 17 is loaded").waitFor();
  await page.keyboard.press("j");
  await page.getByRole("complementary", { name: "Log record" }).waitFor();
  await page.keyboard.press("Escape");
  await go(page, "e", /\/errors/);
  await page.getByRole("link", { name: "pgconn.PgError" }).waitFor();
  await tabTo(page, /pgconn\.PgError/);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/errors\/[0-9a-f]/);
  for (const [key, url] of [
    ["m", /\/map/],
    ["n", /\/metrics/],
    ["d", /\/dashboards/],
    ["i", /\/status/],
  ] as const) {
    await go(page, key, url);
  }
  // Each page of the sidebar is reached by Tab, too.
  await tabTo(page, /^Service map$/, 30);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/map/);
  await tabTo(page, /cart/);
  await page.keyboard.press("Enter");
  await page.waitForURL(/service=cart/);
  await go(page, "q", /\/sql/);
  await page.getByRole("textbox").first().waitFor();
  await page.keyboard.press("Control+Enter");
  expect(complaints).toEqual([]);
});
