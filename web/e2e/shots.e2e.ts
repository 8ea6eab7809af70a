// The pictures of docs/ui.md, made where UI_SHOTS names a folder for them: `make
// ui-shots`. They show the seed's telemetry, so they are the same from run to run but
// for what the machine's fonts differ in.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { open, phone } from "./browser";
import { ids, range, span } from "./seed";

const folder = process.env.UI_SHOTS;
const size = { width: 1280, height: 760 };

const shots: [name: string, path: string, scheme: "dark" | "light", narrow?: boolean][] = [
  ["services", `/services?${range}`, "dark"],
  ["service", `/services/cart?${range}`, "light"],
  ["traces", `/traces?${range}&scope=all`, "dark"],
  ["trace", `/trace/${ids.other}?span=${span(0x2004)}&critical=1`, "dark"],
  ["map", `/map?${range}`, "light"],
  ["errors", `/errors?${range}`, "dark"],
  ["logs", `/logs?${range}`, "light"],
  ["phone", `/trace/${ids.other}`, "dark", true],
];

test.skipIf(!folder)("pictures for the documentation", async () => {
  mkdirSync(folder!, { recursive: true });
  for (const [name, path, colorScheme, narrow] of shots) {
    const { page } = await open(path, { viewport: narrow ? phone : size, colorScheme });
    await page.waitForLoadState("networkidle");
    await page.evaluate(() => document.fonts.ready);
    const picture = await page.screenshot({ type: "jpeg", quality: 72, animations: "disabled", caret: "hide" });
    expect(picture.length, name).toBeLessThan(100_000);
    writeFileSync(join(folder!, `${name}.jpg`), picture);
    await page.context().close();
  }
});
