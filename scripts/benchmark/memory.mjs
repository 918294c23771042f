// What a server takes that has deployed something and is then left alone.
import { readFileSync } from "node:fs";
import { enginePidFile } from "./docker.mjs";
import { MB, size } from "./numbers.mjs";
import { Server } from "./server.mjs";
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
  const server = await Server.used(bench);
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
