// Starts what the pages are tested against: a real ttlog serve on free ports, with
// the captured telemetry where it is there, and telemetry of its own (seed.ts).
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";
import { seed } from "./seed";

declare module "vitest" {
  interface ProvidedContext {
    url: string;
    otlp: string;
    captures: boolean;
    pid: number;
  }
}

/** findCapture looks where internal/capturetest does. */
export function findCapture(name: string): string | undefined {
  const dirs = process.env.TTLOG_CAPTURES ? [process.env.TTLOG_CAPTURES] : [];
  for (let dir = process.cwd(); dir !== dirname(dir); dir = dirname(dir)) dirs.push(join(dir, "shared", "data"));
  return dirs.map((d) => join(d, name)).find(existsSync);
}

/** imported puts the captures into a data directory, once. */
function imported(binary: string, data: string) {
  const files = ["hotrod.traces.binpb.zst", "node.metrics.binpb.zst", "loghub.logs.binpb.zst"].map(findCapture);
  if (existsSync(data) || !files[0]) return;
  execFileSync(binary, ["import", ...files.filter((f) => f !== undefined), "--data", data], { stdio: "ignore" });
}

export type Store = (binary: string, data: string) => void;

export async function start(
  dir: string,
  store: Store = imported,
): Promise<{ url: string; otlp: string; process: ChildProcess }> {
  const binary = process.env.E2E_BINARY ?? join(dir, "ttlog");
  const root = resolve(import.meta.dirname, "../..");
  if (!existsSync(binary)) {
    execFileSync("go", ["build", "-o", binary, "./cmd/ttlog"], {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, CGO_ENABLED: "0" },
    });
  }
  const data = join(dir, "data");
  store(binary, data);
  const child = spawn(
    binary,
    ["serve", "--data", data, "--port", "0", "--otlp-grpc", "", "--otlp-http", "127.0.0.1:0", "--log-level", "warn"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = /^ttlog ready: http=(\S+)/.exec(line);
    const otlp = /otlp-http=(\S+)/.exec(line);
    if (ready && otlp) return { url: ready[1]!, otlp: otlp[1]!, process: child };
  }
  throw new Error("ttlog serve ended before it was ready");
}

/** serve starts the server for all tests, and returns what ends it; fill sends it telemetry. */
export async function serve(project: TestProject, fill: (otlp: string) => Promise<void>, store?: Store) {
  const dir = mkdtempSync(join(tmpdir(), "ttlog-pages-"));
  const server = await start(dir, store);
  try {
    await fill(server.otlp);
  } catch (err) {
    server.process.kill("SIGKILL");
    throw err;
  }
  project.provide("url", server.url);
  project.provide("otlp", server.otlp);
  project.provide("pid", server.process.pid!);
  project.provide("captures", findCapture("hotrod.traces.binpb.zst") !== undefined);
  return async () => {
    const ended = new Promise((done) => server.process.once("exit", done));
    server.process.kill("SIGTERM");
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
}

export default (project: TestProject) => serve(project, seed);
