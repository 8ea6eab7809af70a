import { expect, inject, test } from "vitest";
import { accessible, open, phone } from "./browser";
import { ids, otlpTraces, send, span, trace } from "./seed";

const selected = (url: string) => new URL(url).searchParams.get("span");

test("the waterfall: a click opens a span, with its events, links and logs", async () => {
  const { page, complaints } = await open(`/trace/${ids.other}`);
  const waterfall = page.getByRole("application", { name: /Waterfall/ });
  await waterfall.waitFor();
  await waterfall.click({ position: { x: 120, y: 26 + 3 * 24 + 12 } }); // the fourth row
  await page.waitForURL(new RegExp(`span=${span(0x2004)}`));
  const details = page.getByRole("complementary", { name: "Span" });
  await details.getByText("pgconn.PgError").waitFor();
  await details.getByText("/src/cart.go:42").waitFor();
  await details.getByText("cart 18: deadlock detected").waitFor();
  await details.getByText(/Slower than/).waitFor();
  await accessible(page);
  expect(complaints).toEqual([]);
});

test("a link leads to the other trace", async () => {
  const { page } = await open(`/trace/${ids.good}?span=${span(0x1005)}`);
  await page.getByRole("complementary", { name: "Span" }).getByRole("link", { name: ids.other }).click();
  await page.waitForURL(new RegExp(`trace/${ids.other}\\?span=${span(0x2001)}`));
});

test("keyboard: rows, collapse, errors, search, views", async () => {
  const { page } = await open(`/trace/${ids.other}`);
  await page.getByRole("application", { name: /Waterfall/ }).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => selected(page.url())).toBe(span(0x2002));
  await page.keyboard.press("ArrowLeft"); // collapses it
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => selected(page.url())).toBe(span(0x2005));
  await page.keyboard.press("e");
  await expect.poll(() => selected(page.url())).toBe(span(0x2004));
  await page.keyboard.press("/");
  await page.keyboard.type("render");
  await page.keyboard.press("Enter");
  await expect.poll(() => selected(page.url())).toBe(span(0x2005));
  await page.getByLabel("Search in the trace").fill("db.system.name = 'postgresql'");
  await page.waitForTimeout(600);
  await page.keyboard.press("Enter");
  await expect.poll(() => selected(page.url())).toBe(span(0x2004));
});

test("all views of a trace are accessible and complain of nothing", async () => {
  const views = {
    flame: "[aria-label^='Flame graph']",
    statistics: "table",
    table: "[aria-label='Spans'] button",
    logs: "table",
    compare: "tr",
  };
  for (const [view, shown] of Object.entries(views)) {
    const { page, complaints } = await open(`/trace/${ids.other}?view=${view}`);
    await page.locator(shown).first().waitFor();
    await accessible(page);
    expect(complaints, view).toEqual([]);
    await page.context().close();
  }
});

test("two traces are compared by structure", async () => {
  const { page } = await open(`/trace/${ids.good}?view=compare&with=${ids.other}`);
  const select = page.getByRole("row", { name: /SELECT items/ });
  await select.waitFor();
  expect(await select.innerText()).toMatch(/0 → 1 errors/);
  expect(await select.innerText()).toMatch(/\+100 ms/);
});

test("a broken trace says what is wrong, of the whole and of each span", async () => {
  const { page, complaints } = await open(`/trace/${ids.broken}?span=${span(0x3001)}`);
  const note = await page.getByRole("note").innerText();
  for (const what of ["not stored", "circle of parents", "clocks differ", "never ended"]) expect(note).toContain(what);
  await page
    .getByRole("complementary", { name: "Span" })
    .getByText(/Its parent is not stored/)
    .waitFor();
  await accessible(page);
  expect(complaints).toEqual([]);
});

test("hostile telemetry is text, and does not stop the page", async () => {
  const { page, complaints } = await open(`/trace/${ids.hostile}?span=${span(0x4001)}`);
  const details = page.getByRole("complementary", { name: "Span" });
  await details.getByRole("heading", { name: "<img src=x onerror=alert(2)>" }).waitFor();
  await details.getByRole("button", { name: /All 1 MiB/ }).waitFor();
  await page.goto(page.url().replace(span(0x4001), span(0x4002)));
  await details.getByLabel("Find in Attributes").fill("key.999");
  await details.getByText("key.999", { exact: true }).waitFor();
  for (const view of ["flame", "statistics", "table"]) {
    await page.goto(page.url().replace(/\?.*/, `?view=${view}`));
    await page.waitForTimeout(400);
  }
  await page.goto(`${page.url().replace(/\/trace.*/, "/traces?from=2026-05-01&to=2026-05-02&scope=all")}`);
  await page.getByText("<img src=x onerror=alert(2)>").first().waitFor();
  await page.goto(
    `${page.url().replace(/\/traces.*/, `/services/${encodeURIComponent("<script>alert(1)</script>")}?from=2026-05-01&to=2026-05-02`)}`,
  );
  await page.getByRole("heading", { name: "<script>alert(1)</script>" }).waitFor();
  expect(complaints).toEqual([]);
});

test("a trace that is not stored", async () => {
  const { page } = await open(`/trace/${trace(0xdead)}`);
  await page.getByText("This trace is not stored").waitFor();
  await accessible(page);
});

test("a trace of 50,000 spans scrolls to its end", async () => {
  const id = trace(0xb16);
  for (let part = 0; part < 10; part++) {
    await send(
      inject("otlp"),
      "traces",
      otlpTraces(
        Array.from({ length: 5000 }, (_, i) => {
          const n = part * 5000 + i;
          return {
            service: `s${n % 7}`,
            name: `work ${n % 40}`,
            trace: id,
            id: span(0x100000 + n),
            parent: n === 0 ? undefined : span(0x100000 + ((n - 1) >> 2)),
            at: 864e5 + n * 0.01,
            took: 400 - n * 0.005,
          };
        }),
      ),
    );
  }
  const { page, complaints } = await open(`/trace/${id}`);
  await page.getByText("50,000").first().waitFor();
  const waterfall = page.getByRole("application", { name: /Waterfall/ });
  await waterfall.focus();
  await page.keyboard.press("End");
  await expect.poll(() => selected(page.url())).not.toBeNull();
  expect(complaints).toEqual([]);
});

test("on a phone, in light", async () => {
  const { page, complaints } = await open(`/trace/${ids.other}?span=${span(0x2004)}`, {
    viewport: phone,
    colorScheme: "light",
  });
  await page.getByRole("complementary", { name: "Span" }).getByText("pgconn.PgError").waitFor();
  await accessible(page);
  await page.getByRole("button", { name: "Close the details" }).click();
  await page.getByRole("application", { name: /Waterfall/ }).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
  expect(complaints).toEqual([]);
});
