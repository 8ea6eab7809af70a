import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { open } from "./browser";
import { ids, range } from "./seed";

// A proxy that strips a prefix, which the server behind it knows nothing of, and
// that can be away.
const prefix = "/ops/telemetry";
let proxy: Server;
let base = "";
let away = false;

beforeAll(async () => {
  const to = new URL(inject("url"));
  proxy = createServer((req, res) => {
    if (away || !req.url?.startsWith(`${prefix}/`)) return void req.socket.destroy();
    const headers = { ...req.headers, host: to.host };
    // The proxy speaks for its own pages.
    if (headers.origin) headers.origin = to.origin;
    const up = request(
      { host: to.hostname, port: to.port, method: req.method, path: req.url.slice(prefix.length), headers },
      (answer) => {
        res.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(res);
      },
    );
    up.on("error", () => res.destroy());
    req.pipe(up);
  });
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${prefix}`;
});

afterAll(() => void proxy.close());

test("below a prefix, behind a proxy: from page to page, and each opened by itself", async () => {
  const { page, complaints } = await open("/", {}, base);
  await page.waitForURL(`${base}/services`);
  await page.getByRole("link", { name: "Traces" }).click();
  await page.waitForURL(new RegExp(`${prefix}/traces`));
  expect(await page.getByRole("link", { name: "Traces" }).getAttribute("aria-current")).toBe("page");
  await page.goto(`${base}/trace/${ids.good}`);
  await page.getByRole("application", { name: /Waterfall/ }).waitFor();
  await page.reload();
  await page.getByRole("application", { name: /Waterfall/ }).waitFor();
  await page.goto(`${base}/services/cart?${range}`);
  await page.getByRole("button", { name: "CartService/Get" }).waitFor();
  expect(complaints).toEqual([]);
});

test("the server goes away and comes back", async () => {
  const { page } = await open(`/services/shop?${range}`, {}, base);
  await page.getByRole("region", { name: "Requests" }).waitFor();
  away = true;
  await page.keyboard.press("r");
  await page.getByRole("alert").getByText("the server cannot be reached").waitFor();
  await page.getByText("goes on by itself when it is back").waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
  away = false;
  await page.getByText("goes on by itself when it is back").waitFor({ state: "hidden" });
  await page.getByRole("region", { name: "Requests" }).waitFor();
});
