// Fails when the first load or a route grew past its budget (gzip), or the whole past what is embedded.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url).pathname;
const KIB = 1024;
const BUDGET = { first: 200 * KIB, route: 80 * KIB, all: 3072 * KIB };

const zipped = (file) => gzipSync(readFileSync(file)).length;
const walk = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)],
  );

const html = readFileSync(join(dist, "index.html"), "utf8");
const first = [...html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map((match) => match[1]);
const files = walk(dist);
const scripts = files.filter((file) => file.endsWith(".js"));
let failed = false;

function report(what, size, budget) {
  const over = size > budget;
  failed ||= over;
  console.log(`${over ? "OVER" : "ok  "} ${(size / KIB).toFixed(1).padStart(7)} KiB of ${budget / KIB}  ${what}`);
}

/** The scripts that a browser has loaded when these have run. */
function withImports(names) {
  const all = new Set(names);
  for (const name of all) {
    const text = readFileSync(join(dist, name), "utf8");
    for (const [, other] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) all.add(`assets/${other}`);
  }
  return [...all];
}

const pageOf = (page) =>
  scripts.map((file) => file.slice(dist.length)).filter((name) => name.startsWith(`assets/${page}-`));
for (const page of ["Setup", "Login", "Home"]) {
  const loaded = withImports([...first, ...pageOf(page)]);
  report(
    `first load of ${page}, ${loaded.length} scripts, gzip`,
    loaded.reduce((sum, name) => sum + zipped(join(dist, name)), 0),
    BUDGET.first,
  );
}
for (const file of scripts) {
  const name = file.slice(dist.length);
  if (!first.includes(name)) report(name, zipped(file), BUDGET.route);
}
report(
  "everything, as embedded",
  files.reduce((sum, file) => sum + statSync(file).size, 0),
  BUDGET.all,
);
if (/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/.test(html)) {
  console.log("OVER index.html holds something inline; the content policy forbids it");
  failed = true;
}
process.exit(failed ? 1 : 0);
