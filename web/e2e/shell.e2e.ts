import { expect, test } from "vitest";
import { accessible, open, phone } from "./browser";
import { range } from "./seed";

test("the first page: services, without a complaint", async () => {
  const { page, complaints } = await open("/");
  await page.getByRole("link", { name: "Services" }).waitFor();
  await page.waitForURL("**/services");
  await accessible(page);
  expect(complaints).toEqual([]);
});

test("the range is in the address and stays from page to page; back leads back", async () => {
  const { page } = await open(`/services?${range}`);
  await page.getByRole("link", { name: "Traces" }).click();
  await page.waitForURL(/\/traces\?.*from=2026-05-01/);
  await page.getByRole("button", { name: /^Time range/ }).click();
  await page.getByRole("button", { name: "Last 15 minutes" }).click();
  await page.waitForURL(/from=now-15m/);
  await page.keyboard.press("Backspace");
  await page.waitForURL(/from=2026-05-01/);
  await page.goBack();
  await page.waitForURL(/from=now-15m/);
});

test("keyboard: pages, help, commands", async () => {
  const { page, complaints } = await open(`/services?${range}`);
  await page.getByRole("link", { name: "Services" }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.waitForURL("**/traces?*");
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("Go to").waitFor();
  await accessible(page);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder(/trace id/).fill("services");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/services?*");
  expect(complaints).toEqual([]);
});

test("on a phone the pages are in a menu", async () => {
  const { page } = await open(`/services?${range}`, { viewport: phone, colorScheme: "light" });
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("link", { name: "Traces" }).click();
  await page.waitForURL("**/traces?*");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
});

test("no other host is asked, and no script of the page's text runs", async () => {
  const { page, complaints } = await open("/services");
  await page.getByRole("link", { name: "Services" }).waitFor();
  const ran = await page.evaluate(() => {
    const s = document.createElement("script");
    s.textContent = "window.ran = true";
    document.head.append(s);
    return (window as unknown as { ran?: boolean }).ran === true;
  });
  expect(ran).toBe(false);
  expect(complaints.length).toBe(1); // of the policy, which stopped it
});
