// Writes the licenses of the packages whose code is in the built files, which they
// ask for: those that the lock file has for production.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const parts = [];
for (const [path, info] of Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (path === "" || info.dev || info.optional || !existsSync(path)) continue;
  const file = readdirSync(path).find((name) => /^licen[cs]e/i.test(name));
  const text = file ? readFileSync(join(path, file), "utf8").trim() : `${info.license ?? "no license is named"}`;
  parts.push(`${path.replace(/^.*node_modules\//, "")} ${info.version}\n\n${text}\n`);
}
writeFileSync(".build/licenses.txt", parts.join(`\n${"-".repeat(80)}\n\n`));
