// A server with the captured HotROD spans ten times, two million, and two
// generated traces.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { otlpTraces, type SeedSpan, send, span, trace } from "../e2e/seed";
import { serve } from "../e2e/setup";

export const traces = { "10k": trace(0x10_000), "1m": trace(0x1_000_000) };

/** generate sends a trace of n spans: each has four children, some have errors. */
async function generate(otlp: string, id: string, n: number) {
  const part = 10_000;
  for (let first = 0; first < n; first += part) {
    const spans: SeedSpan[] = [];
    for (let i = first; i < Math.min(n, first + part); i++) {
      const depth = Math.floor(Math.log(3 * i + 1) / Math.log(4));
      spans.push({
        service: `service-${(i * 7919) % 12}`,
        name: `operation ${(i * 104729) % 60}`,
        trace: id,
        id: span(i + 1),
        parent: i === 0 ? undefined : span(((i - 1) >> 2) + 1),
        at: (i / n) * 9_000 * (1 - 1 / (depth + 1)),
        took: 10_000 / (depth + 1) ** 2,
        error: i % 997 === 0 ? "failed" : undefined,
        attrs: { "item.number": i },
      });
    }
    await send(otlp, "traces", otlpTraces(spans));
  }
}

function laps(binary: string, data: string) {
  execFileSync("sh", ["-c", 'go run ./cmd/laps | "$0" import --signal traces --data "$1" -', binary, data], {
    cwd: resolve(import.meta.dirname, "../../bench"),
    stdio: ["ignore", "ignore", "inherit"],
  });
}

export default (project: TestProject) =>
  serve(
    project,
    async (otlp) => {
      await generate(otlp, traces["10k"], 10_000);
      await generate(otlp, traces["1m"], 1_000_000);
    },
    laps,
  );
