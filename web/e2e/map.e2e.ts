import { expect, test } from "vitest";
import { accessible, open, phone } from "./browser";
import { range } from "./seed";

test("who calls whom, by mouse and by keyboard", async () => {
  const { page, complaints } = await open(`/map?${range}`);
  const cart = page.getByRole("button", { name: /^cart ?\d/ });
  await cart.waitFor();
  await page
    .getByText(/^shop → cart|shop → cart:/)
    .first()
    .waitFor({ state: "attached" });
  await accessible(page);
  await page.getByRole("button", { name: /^postgresql ?database/ }).click();
  await page.waitForURL(/service=postgresql/);
  await cart.focus();
  await page.keyboard.press("Enter");
  const side = page.getByRole("complementary", { name: "Chosen service" });
  await side.getByRole("button", { name: "shop" }).waitFor();
  await accessible(page);
  await page.getByRole("switch", { name: /outside/ }).press("Space");
  await expect.poll(() => page.getByRole("button", { name: /^postgresql/ }).count()).toBe(1); // the one of the list
  await side.getByRole("link", { name: "Its spans" }).click();
  await page.waitForURL(/\/traces\?.*f=service/);
  expect(complaints).toEqual([]);
});

test("on a phone, in light", async () => {
  const { page, complaints } = await open(`/map?${range}&service=cart`, { viewport: phone, colorScheme: "light" });
  await page.getByRole("complementary", { name: "Chosen service" }).waitFor();
  await accessible(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
  expect(complaints).toEqual([]);
});
