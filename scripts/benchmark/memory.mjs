// What a server takes that has deployed something and is then left alone.
import { readFileSync } from "node:fs";
import { enginePidFile, needImage } from "./docker.mjs";
import { IMAGE, web } from "./entries.mjs";
import { MB, size } from "./numbers.mjs";
import { freePort, Server } from "./server.mjs";
import { pause } from "./stop.mjs";

const IDLE = 30_000;
const TARGET = 30 * MB;

/** A value of a file in /proc, in bytes. */
function value(file, key) {
  const found = new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(readFileSync(file, "utf8"));
  if (!found) throw new Error(`${file} has no ${key}`);
  return Number(found[1]) * 1024;
}

function engineMemory() {
  try {
    return `dockerd: ${size(value(`/proc/${readFileSync(enginePidFile(), "utf8").trim()}/status`, "VmRSS"))} RSS`;
  } catch {
    // Only to compare with: the figure stands without it.
    return "";
  }
}

export async function memory(bench) {
  await needImage(bench, IMAGE);
  const server = await Server.make(bench);
  await server.start();
  await server.claim();
  await server.entry("web", web(await freePort()));
  await server.deploy("web", `bench-${process.pid}`);
  await pause(IDLE);
  const rss = value(`/proc/${server.pid}/status`, "VmRSS");
  const pss = value(`/proc/${server.pid}/smaps_rollup`, "Pss");
  return {
    measured: `${size(rss)} RSS, ${size(pss)} PSS`,
    yardstick: engineMemory(),
    target: `RSS < ${size(TARGET)}`,
    ok: rss < TARGET,
    samples: { rss_bytes: rss, pss_bytes: pss },
  };
}
