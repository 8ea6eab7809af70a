import { expect, test } from "vitest";
import { knowServices, serviceColor } from "./colors";

const hue = (name: string) => Number(/ (\d+)\)$/.exec(serviceColor(name, "dark"))![1]);

test("a few services have hues far from each other, and many have none twice", () => {
  const few = ["customer", "driver", "frontend", "mysql", "redis-manual", "route"];
  knowServices(few);
  for (const a of few) {
    for (const b of few) {
      const d = Math.abs(hue(a) - hue(b));
      if (a !== b) expect(Math.min(d, 360 - d)).toBeGreaterThan(20);
    }
  }
  const many = Array.from({ length: 24 }, (_, i) => `service-${i}`);
  knowServices(many);
  expect(new Set(many.map((n) => serviceColor(n, "light"))).size).toBe(24);
  expect(serviceColor("service-3", "light")).toBe(serviceColor("service-3", "light"));
});
