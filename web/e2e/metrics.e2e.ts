import { beforeAll, expect, inject, test } from "vitest";
import { accessible, open, phone } from "./browser";
import { ids, range, span, T0 } from "./seed";

const ns = (ms: number) => `${T0 + ms}000000`;
const bounds = [0.01, 0.05, 0.1, 0.5];

beforeAll(async () => {
  const attributes = (route: string) => [{ key: "http.route", value: { stringValue: route } }];
  const points = (route: string) =>
    [0, 1, 2, 3, 4, 5].map((i) => ({
      attributes: attributes(route),
      startTimeUnixNano: ns(0),
      timeUnixNano: ns(i * 60_000),
      count: 10 * i,
      sum: i,
      bucketCounts: [i, 4 * i, 3 * i, i, i],
      explicitBounds: bounds,
      exemplars: i === 3 ? [{ timeUnixNano: ns(150_000), asDouble: 0.3, traceId: ids.good, spanId: span(0x1001) }] : [],
    }));
  const res = await fetch(`${inject("otlp")}/v1/metrics`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      resourceMetrics: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
          scopeMetrics: [
            {
              metrics: [
                {
                  name: "shop.request.duration",
                  unit: "s",
                  description: "How long requests take.",
                  histogram: { aggregationTemporality: 2, dataPoints: [...points("/cart"), ...points("/pay")] },
                },
                {
                  name: "shop.queue.size",
                  unit: "{order}",
                  gauge: { dataPoints: [{ timeUnixNano: ns(1000), asInt: 7 }] },
                },
              ],
            },
          ],
        },
      ],
    }),
  });
  expect(res.ok).toBe(true);
});

test("metrics: found by name, grouped, and the trace of an exemplar", async () => {
  const { page, complaints } = await open(`/metrics-explorer?${range}`);
  await page.getByPlaceholder("Find a metric").fill("shop.req");
  const list = page.getByRole("complementary", { name: "Metrics" });
  await list.getByRole("button", { name: /shop\.queue/ }).waitFor({ state: "detached" });
  await accessible(page);
  await list.getByRole("button", { name: /shop\.request\.duration/ }).click();
  await page.waitForURL(/metric=shop\.request\.duration/);
  await page.getByText("How long requests take.").waitFor();
  await page.getByLabel("Group by").first().click();
  await page.getByRole("option", { name: "http.route" }).click();
  await page.waitForURL(/by=http\.route/);
  await page.keyboard.press("Escape");
  const series = page.getByRole("region", { name: "Series" });
  await series.getByText("/cart").waitFor();
  await series.getByText("/pay").waitFor();
  await page.getByRole("figure", { name: "shop.request.duration by bucket" }).waitFor();
  await accessible(page);
  await page.getByRole("link", { name: ids.good }).first().click();
  await page.waitForURL(`**/trace/${ids.good}*`);
  expect(complaints).toEqual([]);
});

test("metrics: what is asked for is in the address, on a phone as well", async () => {
  const { page } = await open(`/metrics-explorer?${range}&metric=shop.request.duration&of=heatmap`, {
    viewport: phone,
    colorScheme: "light",
  });
  await page.getByRole("figure", { name: "shop.request.duration by bucket" }).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(phone.width);
  await accessible(page);
});
