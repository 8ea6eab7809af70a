import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import { afterEach, expect, inject } from "vitest";

let browser: Promise<Browser> | undefined;

/** launch is Debian's Chromium: playwright-core brings none. */
export const launch = () =>
  chromium.launch({
    executablePath: execFileSync(
      "sh",
      ["-c", "command -v chromium || command -v chromium-browser || command -v google-chrome"],
      { encoding: "utf8" },
    ).trim(),
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });

export const desktop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

// Chromium's own editing of text that is selected tries a style, of this hash, which
// the policy refuses: it is not to be seen.
const ownEditing = "sha256-nb53RtsOMBU9A266E9J+TKTxSo6zU6V+GNlIQReJiXI=";

export interface Opened {
  page: Page;
  /** What the page complained about: it is to be empty. */
  complaints: string[];
}

/** open opens an address of the interface, and listens for whatever goes wrong there. */
export async function open(path: string, options: BrowserContextOptions = {}, url = inject("url")): Promise<Opened> {
  browser ??= launch();
  const context = await (await browser).newContext({
    viewport: desktop,
    colorScheme: "dark",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("pageerror", (err) => complaints.push(String(err)));
  page.on("console", (m) => m.type() === "error" && !m.text().includes(ownEditing) && complaints.push(m.text()));
  const own = [new URL(url || inject("url")).origin, "data:", "blob:"];
  page.on("request", (r) => {
    if (!own.some((o) => r.url().startsWith(o))) complaints.push(`a request left for ${r.url()}`);
  });
  page.on("dialog", (d) => {
    complaints.push(`a dialog said ${d.message()}`);
    void d.dismiss();
  });
  await page.goto(`${url}${path}`);
  return { page, complaints };
}

/** boxOf is where something is, once it is drawn: a chart is made anew when its data comes. */
export async function boxOf(what: Locator) {
  for (;;) {
    await what.waitFor();
    const box = await what.boundingBox();
    if (box) return box;
  }
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** accessible lets axe look at the page. evaluate is not bound by the page's policy. */
export async function accessible(page: Page) {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const axe = (
      globalThis as unknown as {
        axe: {
          run: (context: {
            exclude: string[];
          }) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
        };
      }
    ).axe;
    const found = await axe.run({ exclude: ['[role="tooltip"]'] });
    return found.violations.map(
      (v) =>
        `${v.id}: ${v.nodes
          .slice(0, 3)
          .map((n) => `${n.html.slice(0, 160)} ${n.failureSummary ?? ""}`)
          .join(" | ")}`,
    );
  });
  expect(violations).toEqual([]);
}

// Only the contexts: the browser is for the other tests, too.
afterEach(async () => {
  for (const context of (await browser)?.contexts() ?? []) await context.close();
});

/** Waits for a completion and takes it. An editor does not take one that has just opened: nobody can have read it. */
export async function take(page: Page, name: string | RegExp): Promise<void> {
  const option = page.getByRole("option", { name });
  await option.waitFor();
  await page.waitForTimeout(100);
  await page.keyboard.press("Tab");
  await option.waitFor({ state: "detached" });
}
