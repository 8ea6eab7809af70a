// Puts what vite built into dist/, which the Go package embeds: text as gzip,
// the rest as it is. A file of dist/ that decompresses to the same
// content is left alone, since another Node may compress to other bytes. With
// --check it writes nothing, and fails where it would have.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const [built, dist] = [".build", "dist"];
const check = process.argv.includes("--check");
const isText = (name) => /\.(js|css|svg|txt|json)$/.test(name);
function files(dir) {
  let entries = [];
  try {
    entries = readdirSync(dir, { recursive: true });
  } catch {
    return []; // the first build
  }
  return entries.map((name) => join(dir, name)).filter((path) => statSync(path).isFile());
}

function same(path, text, data) {
  try {
    const have = readFileSync(path);
    return (text ? gunzipSync(have) : have).equals(data);
  } catch {
    return false;
  }
}

const wanted = new Set();
const changed = [];
for (const path of files(built)) {
  const data = readFileSync(path);
  const text = isText(path);
  const to = join(dist, relative(built, path)) + (text ? ".gz" : "");
  wanted.add(to);
  if (same(to, text, data)) continue;
  changed.push(to);
  if (check) continue;
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, text ? gzipSync(data, { level: 9 }) : data);
}
for (const path of files(dist)) {
  if (wanted.has(path)) continue;
  changed.push(path);
  if (!check) rmSync(path);
}
if (check && changed.length > 0) {
  console.error(`dist/ is not what the sources give (make ui, then commit):\n  ${changed.join("\n  ")}`);
  process.exit(1);
}
console.log(`dist/: ${wanted.size} files, ${changed.length} ${check ? "differ" : "changed"}`);
