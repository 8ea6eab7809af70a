import { expect, inject, test } from "vitest";
import { accessible, boxOf, open, phone } from "./browser";
import { ids, range, send, T0 } from "./seed";

test("logs: a line is opened, leads to its trace, and back", async () => {
  const { page, complaints } = await open(`/logs?${range}`);
  await page.getByText("cart 18: deadlock detected").click();
  const record = page.getByRole("complementary", { name: "Log record" });
  await record.getByText(ids.other).waitFor();
  expect(page.url()).toContain("line=");
  await accessible(page);
  await record.getByRole("link", { name: "Trace" }).click();
  await page.waitForURL(`**/trace/${ids.other}*`);
  await page.goBack();
  await record.getByText(ids.other).waitFor();
  await page.keyboard.press("c");
  await record.getByText("cart 17 is loaded").waitFor();
  await page.keyboard.press("Escape");
  await record.waitFor({ state: "detached" });
  expect(complaints).toEqual([]);
});

test("logs: a value of a facet filters, a condition in the address holds, and what is wrong with it is said", async () => {
  const { page } = await open(`/logs?${range}`);
  await page
    .getByRole("complementary", { name: "Facets" })
    .getByRole("button", { name: /^ERROR/ })
    .click();
  await page.waitForURL(/f=level/);
  await page.getByText("cart 17 is loaded").waitFor({ state: "detached" });
  await page.getByText("cart 18: deadlock detected").waitFor();
  await page.goto(`${inject("url")}/logs?${range}&f=${encodeURIComponent("nope(body)")}`);
  await page
    .getByRole("alert")
    .getByText(/unknown function nope/)
    .first()
    .waitFor();
});

test("logs: dragging over the histogram zooms in", async () => {
  const { page } = await open(`/logs?${range}`);
  const plot = page.locator("figure .u-over").first();
  await plot.waitFor();
  const box = await boxOf(plot);
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + 40, y);
  await page.mouse.down();
  await page.mouse.move(box.x + 90, y, { steps: 4 });
  await page.mouse.move(box.x + 160, y, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL((u) => {
    const from = Date.parse(u.searchParams.get("from") ?? "");
    return from > T0 - 6e4 && Date.parse(u.searchParams.get("to") ?? "") < T0 + 6e5;
  });
});

test("logs: a pattern shows its lines", async () => {
  const { page, complaints } = await open(`/logs?${range}&view=patterns`, { colorScheme: "light" });
  const pattern = page.getByRole("region", { name: "Patterns" }).getByRole("button").first();
  await pattern.waitFor();
  await accessible(page);
  await pattern.click();
  await page.waitForURL(/f=body/);
  await page.getByRole("region", { name: "Log records" }).locator("li").first().waitFor();
  expect(complaints).toEqual([]);
});

test("logs: live, with a filter and a pause", async () => {
  const { page, complaints } = await open(`/logs?live=1&f=${encodeURIComponent("service = 'live'")}`);
  const live = page.getByRole("region", { name: "Live" });
  await live.getByText("Live", { exact: true }).waitFor();
  const say = (service: string, text: string, n: number) =>
    send(inject("otlp"), "logs", {
      resourceLogs: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
          scopeLogs: [
            {
              logRecords: Array.from({ length: n }, (_, i) => ({
                timeUnixNano: `${Date.now()}000000`,
                severityNumber: 9,
                body: { stringValue: `${text} ${i}` },
              })),
            },
          ],
        },
      ],
    });
  await say("other", "not this", 3);
  await say("live", "hello", 2000);
  await live.getByText("hello 1999").waitFor();
  expect(await live.getByText("not this").count()).toBe(0);
  await page.keyboard.press(" ");
  await live.getByText("Paused").waitFor();
  await say("live", "later", 5);
  await live.getByText("5 new").waitFor();
  expect(await live.getByText("later 4").count()).toBe(0);
  await accessible(page);
  await page.keyboard.press(" ");
  await live.getByText("later 4").waitFor();
  expect(complaints).toEqual([]);
});

test("logs: on a phone nothing is wider than it", async () => {
  const { page } = await open(`/logs?${range}&view=raw`, { viewport: phone, colorScheme: "light" });
  await page.getByText("cart 17 is loaded").click();
  await page.getByRole("complementary", { name: "Log record" }).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
  await accessible(page);
});
