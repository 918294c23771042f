// From the start of the process to the first answer, with a data folder that has been used.
import { docker } from "./docker.mjs";
import { median, rounded, time } from "./numbers.mjs";
import { run } from "./run.mjs";
import { Server } from "./server.mjs";

const TIMES = 10;
const TARGET = 200;

export async function start(bench) {
  const server = await Server.used(bench);
  await server.stop();
  const samples = { serve: [], version: [], docker: [] };
  for (let count = 0; count < TIMES; count++) {
    samples.serve.push(await server.start());
    await server.stop();
    samples.version.push((await run(bench.steward, ["version"])).ms);
    samples.docker.push((await docker(["version", "--format", "{{.Client.Version}}"])).ms);
  }
  const serve = median(samples.serve);
  return {
    measured: time(serve),
    yardstick: `docker version: ${time(median(samples.docker))}, steward version: ${time(median(samples.version))}`,
    target: `< ${TARGET} ms`,
    ok: serve < TARGET,
    samples: {
      serve_ms: rounded(samples.serve),
      docker_version_ms: rounded(samples.docker),
      steward_version_ms: rounded(samples.version),
    },
  };
}
