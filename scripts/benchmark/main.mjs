// Measures every figure, or those that are named, one after the other. Exit code 0 when all could be
// measured, whatever the verdicts; 1 when one could not or something is left behind; 130 when interrupted.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { binary } from "./binary.mjs";
import { Cleanup } from "./cleanup.mjs";
import { deploy } from "./deploy.mjs";
import { docker } from "./docker.mjs";
import { door } from "./door.mjs";
import { logs } from "./logs.mjs";
import { memory } from "./memory.mjs";
import { page } from "./page.mjs";
import { table, write } from "./report.mjs";
import { run } from "./run.mjs";
import { start } from "./start.mjs";
import { stopOnSignals, stopped } from "./stop.mjs";

const FIGURES = {
  deploy: ["Deploy, image present", deploy],
  memory: ["Idle memory", memory],
  start: ["Start to first answer", start],
  page: ["First page, JavaScript, gzip", page],
  binary: ["Size of the binary", binary],
  logs: ["20,000 log lines to one viewer", logs],
  door: ["An empty operation; a million of them", door],
};

async function measure(bench, key) {
  const [figure, work] = FIGURES[key];
  const cleanup = new Cleanup();
  let row;
  console.error(`bench: ${key}`);
  try {
    const { ok, ...result } = await work({ ...bench, cleanup });
    row = { key, figure, ...result, verdict: ok ? "ok" : "missed" };
  } catch (error) {
    row = { key, figure, measured: "", yardstick: "", target: "", verdict: "not measured", error: error.message };
    if (!stopped.aborted) console.error(`bench: ${key}: ${error.stack}`);
  }
  return { ...row, clean: await cleanup.run() };
}

async function versions({ steward }) {
  const read = async (program, args) => (await run(program, args)).out.trim();
  return {
    steward: await read(steward, ["version"]),
    engine: (await docker(["version", "--format", "{{.Server.Version}}"])).out.trim(),
    compose: (await docker(["compose", "version", "--short"])).out.trim(),
    node: process.versions.node,
  };
}

async function main(wanted) {
  const unknown = wanted.find((key) => !Object.hasOwn(FIGURES, key));
  if (unknown) throw new Error(`there is no figure '${unknown}'; there are ${Object.keys(FIGURES).join(", ")}`);
  const root = fileURLToPath(new URL("../..", import.meta.url));
  if (!process.env.STEWARD_BIN) throw new Error("run scripts/bench: it says where the program and the engine are");
  const bench = { root, steward: process.env.STEWARD_BIN, whole: new Cleanup() };
  const found = await versions(bench);
  const rows = [];
  try {
    for (const key of wanted.length > 0 ? wanted : Object.keys(FIGURES)) {
      if (!stopped.aborted) rows.push(await measure(bench, key));
    }
  } finally {
    process.exitCode = (await bench.whole.run()) ? 0 : 1;
  }
  stopped.throwIfAborted();
  if (rows.some((row) => !row.clean || row.verdict === "not measured")) process.exitCode = 1;
  console.log(table(rows));
  write(join(root, "target", "bench.json"), rows.map(({ clean: _, ...row }) => row), found);
}

stopOnSignals();
try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = error.message === "interrupted" ? 130 : 1;
}
