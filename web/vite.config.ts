import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// What changes together is in one file: a release of the application leaves the
// libraries in the caches of those who had it before.
const vendors: [string, RegExp][] = [
  ["react", /node_modules\/(react|react-dom|scheduler)\//],
  ["mantine", /node_modules\/(@mantine|@floating-ui|clsx|react-remove-scroll|react-number-format|aria-hidden)\//],
  ["tanstack", /node_modules\/@tanstack\//],
];

export default defineConfig({
  // Relative, and resolved by the base element that the server writes: the same
  // files work at the root, below a prefix and behind a proxy that strips one.
  base: "./",
  plugins: [react()],
  build: {
    outDir: ".build",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // a data: URL would need to be allowed by the CSP
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        manualChunks: (id: string) => vendors.find(([, of]) => of.test(id))?.[0],
      },
    },
  },
  server: { proxy: { "/api": process.env.TTLOG_URL ?? "http://127.0.0.1:3000" } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
