// A burst of log lines through to one viewer, against `docker logs -f` of the same container.
import { containers } from "./docker.mjs";
import { printer } from "./entries.mjs";
import { median, rate, rounded } from "./numbers.mjs";
import { inPairs } from "./pairs.mjs";
import { watch } from "./round.mjs";
import { Server } from "./server.mjs";
import { dockerLines, dockerLogs, socket, socketLines } from "./viewers.mjs";

const LINES = 20_000;
const PAIRS = 3;
const TARGET = 0.8;

export async function logs(bench) {
  const server = await Server.claimed(bench);
  await server.entry("printer", printer(LINES));
  const name = `bench-${process.pid}`;
  await server.deploy("printer", name);
  const [container] = await containers(`steward-${name}`);
  if (!container) throw new Error("the deployment has no container");

  // The lines are numbered by round, so that nobody takes those of the round before for news.
  let round = 0;
  const look = (open, read) => () => watch({ container, round: ++round, lines: LINES, open, read });
  const bySteward = look((take, fail) => socket(bench.root, server, name, take, fail), socketLines);
  const byDocker = look((take, fail) => dockerLogs(container, take, fail), dockerLines);
  const [ours, theirs] = await inPairs(PAIRS, "logs", bySteward, byDocker);

  const rates = (seen) => seen.map((sample) => sample.rate);
  const lost = (seen) => seen.reduce((sum, sample) => sum + sample.lost, 0);
  const ratio = median(rates(ours)) / median(rates(theirs));
  // Quick because it leaves lines out is not quick.
  const gaps = lost(ours) > 0 ? `, ${lost(ours)} lines lost` : "";
  return {
    measured: `${rate(median(rates(ours)))}, ratio ${ratio.toFixed(2)}${gaps}`,
    yardstick: `docker logs -f: ${rate(median(rates(theirs)))}`,
    target: `ratio >= ${TARGET}, none lost`,
    ok: ratio >= TARGET && lost(ours) === 0,
    samples: {
      steward_lines_per_s: rounded(rates(ours)),
      docker_lines_per_s: rounded(rates(theirs)),
      steward_lost: lost(ours),
      docker_lost: lost(theirs),
      ratio,
    },
  };
}
