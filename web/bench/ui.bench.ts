// What the pages take in a real browser. Times are on the page's own clock, from
// the start of the navigation to the frame that shows the result.
import type { Page } from "playwright-core";
import { expect, inject, test } from "vitest";
import { open } from "../e2e/browser";
import { traces } from "./setup";

const hotrod = "from=2026-11-22T22:08:40Z&to=2026-11-22T22:10:10Z";

function report(id: string, got: number, target: number, unit: string) {
  console.log(`${id.padEnd(14)} ${got.toFixed(unit === "MB" ? 0 : 1).padStart(9)} ${unit}   target ${target} ${unit}`);
  expect(got).toBeLessThanOrEqual(target);
}

const painted = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))),
  );

test("ui.first", async () => {
  const { page } = await open(`/services?${hotrod}`);
  await page.getByRole("link", { name: "frontend" }).waitFor();
  report("ui.first", (await painted(page)) / 1e3, 1, "s");
});

test("ui.search", async () => {
  const { page } = await open(`/traces?${hotrod}`);
  await page.getByRole("region", { name: "Results" }).locator("tbody tr").first().waitFor();
  await page.waitForLoadState("networkidle");
  await page.getByRole("textbox", { name: "Condition" }).click();
  await page.keyboard.type("duration > 700ms");
  await page.keyboard.press("Escape");
  const took = await page.evaluate(
    () =>
      new Promise<number>((done) => {
        const results = document.querySelector("[aria-label=Results]")!;
        const before = results.querySelector("tbody")!.textContent;
        const start = performance.now();
        const look = () => {
          const now = document.querySelector("[aria-label=Results] tbody");
          if (now && now.textContent !== before) requestAnimationFrame(() => done(performance.now() - start));
          else requestAnimationFrame(look);
        };
        document.querySelector<HTMLElement>("[data-condition] .cm-content")!.focus();
        document.activeElement!.dispatchEvent(
          new KeyboardEvent("keydown", { key: "Enter", code: "Enter", keyCode: 13, bubbles: true, cancelable: true }),
        );
        requestAnimationFrame(look);
      }),
  );
  report("ui.search", took, 300, "ms");
});

for (const [size, target] of [
  ["10k", 0.5],
  ["1m", 3],
] as const) {
  test(`ui.trace${size}`, async () => {
    const { page } = await open(`/traces?${hotrod}`);
    await page.getByRole("region", { name: "Results" }).waitFor();
    await page.waitForLoadState("networkidle");
    // From the click to the frame: the application is there already.
    await page.evaluate((id) => {
      const a = document.createElement("a");
      a.href = `trace/${id}`;
      (window as unknown as { start: number }).start = performance.now();
      history.pushState({}, "", a.href);
      dispatchEvent(new PopStateEvent("popstate"));
    }, traces[size]);
    await page.getByRole("application", { name: /Waterfall/ }).waitFor({ timeout: 60_000 });
    const end = await painted(page);
    report(
      `ui.trace${size}`,
      (end - (await page.evaluate(() => (window as unknown as { start: number }).start))) / 1e3,
      target,
      "s",
    );
    if (size === "1m") await scrollAndMemory(page);
  });
}

async function scrollAndMemory(page: Page) {
  const at = (await page.getByRole("application", { name: /Waterfall/ }).boundingBox())!;
  await page.evaluate(() => {
    const w = window as unknown as { frames: number[]; stop: boolean };
    w.frames = [];
    let last = performance.now();
    const tick = (now: number) => {
      w.frames.push(now - last);
      last = now;
      if (!w.stop) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await page.mouse.move(at.x + at.width * 0.7, at.y + 300);
  for (let i = 0; i < 120; i++) await page.mouse.wheel(0, 400 + i * 200);
  await page.keyboard.down("Control");
  for (let i = 0; i < 60; i++) await page.mouse.wheel(0, i < 40 ? -80 : 80);
  await page.keyboard.up("Control");
  const frames = await page.evaluate(() => {
    const w = window as unknown as { frames: number[]; stop: boolean };
    w.stop = true;
    return w.frames.slice(2).sort((a, b) => a - b);
  });
  report("ui.scroll p95", frames[Math.floor(frames.length * 0.95)]!, 20, "ms");
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize = 0 } = (await session.send("Runtime.getHeapUsage")) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  report("ui.memory", (usedSize + backingStorageSize) / 1e6, 400, "MB");
}

test("the captured telemetry is there", () => expect(inject("captures")).toBe(true));
