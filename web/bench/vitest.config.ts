import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["bench/**/*.bench.ts"],
    globalSetup: "bench/setup.ts",
    testTimeout: 300_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
