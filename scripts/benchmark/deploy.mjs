// A deployment whose image is there, against `docker compose up` with the same file.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { docker, sweep } from "./docker.mjs";
import { web } from "./entries.mjs";
import { median, rounded, time } from "./numbers.mjs";
import { inPairs } from "./pairs.mjs";
import { freePort, Server } from "./server.mjs";
import { pause } from "./stop.mjs";

const PAIRS = 5;
const TARGET = 1.2;
/** What was removed before is seen by everybody by then. */
const SETTLE = 500;

export async function deploy(bench) {
  const server = await Server.claimed(bench);
  const port = await freePort();
  await server.entry("web", web(port));
  // Two runs at once must not meet.
  const name = `bench-${process.pid}`;
  const project = `yardstick-${process.pid}`;
  server.projects.add(project);

  let compose;
  const bySteward = async () => {
    await pause(SETTLE);
    const ms = await server.deploy("web", name);
    compose ??= await copy(server, { name, port, project });
    await server.remove(name);
    return ms;
  };
  const byCompose = async () => {
    await pause(SETTLE);
    // A Steward that looks at the engine whenever something starts is no part of plain Compose.
    const { ms } = await server.without(() => compose(["up", "-d", "--wait"]));
    await compose(["down", "--volumes"]);
    await sweep(project);
    return ms;
  };
  const [ours, theirs] = await inPairs(PAIRS, "deploy", bySteward, byCompose);
  const ratio = median(ours) / median(theirs);
  return {
    measured: `${time(median(ours))}, ratio ${ratio.toFixed(2)}`,
    yardstick: `docker compose up -d --wait: ${time(median(theirs))}`,
    target: `ratio <= ${TARGET}`,
    ok: ratio <= TARGET,
    samples: { steward_ms: rounded(ours), compose_ms: rounded(theirs), ratio },
  };
}

/**
 * Copies the file that Steward wrote, under names and a port of its own, so that both can exist.
 * Gives a function that runs Compose with the copy.
 */
async function copy(server, { name, port, project }) {
  const from = join(server.data, "projects", `steward-${name}`);
  const to = join(server.folder, project);
  const file = join(to, "compose.yaml");
  const other = await differentPort(port);
  const text = readFileSync(join(from, "compose.yaml"), "utf8")
    .replaceAll(`steward-${name}`, project)
    .replaceAll(name, project)
    .replaceAll(`${port}:80/tcp`, `${other}:80/tcp`);
  if (!text.includes(`name: ${project}\n`) || !text.includes(`${other}:80/tcp`)) {
    throw new Error(`the Compose file is not as expected:\n${text}`);
  }
  mkdirSync(to);
  writeFileSync(file, text);
  const args = ["compose", "-p", project, "--project-directory", to, "-f", file];
  // Steward writes one only when the application has secrets.
  if (existsSync(join(from, "secrets.env"))) {
    copyFileSync(join(from, "secrets.env"), join(to, "secrets.env"));
    args.push("--env-file", join(to, "secrets.env"));
  }
  return (words) => docker([...args, ...words]);
}

async function differentPort(port) {
  for (;;) {
    const other = await freePort();
    if (other !== port) return other;
  }
}
