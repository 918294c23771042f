// The lab's engine, through Docker's own command line. DOCKER_HOST leads there.
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./run.mjs";

export const docker = (args, options) => run("docker", args, options);

const words = (text) => text.split("\n").filter(Boolean);
const ofProject = (project) => ["--filter", `label=com.docker.compose.project=${project}`];

/** The ids of a project's containers. */
export async function containers(project) {
  return words((await docker(["ps", "--quiet", ...ofProject(project)])).out);
}

/** Removes whatever is left of a Compose project, data included. */
export async function sweep(project, options) {
  const kinds = [
    [["ps", "--all", "--quiet"], ["rm", "--force", "--volumes"]],
    [["network", "ls", "--quiet"], ["network", "rm"]],
    [["volume", "ls", "--quiet"], ["volume", "rm"]],
  ];
  for (const [list, remove] of kinds) {
    const found = words((await docker([...list, ...ofProject(project)], options)).out);
    if (found.length > 0) await docker([...remove, ...found], options);
  }
}

/** Pulls an image that is not there, and removes it again when everything is measured. */
export async function needImage(bench, image) {
  if ((await docker(["image", "inspect", image], { codes: [0, 1] })).code === 0) return;
  bench.whole.add(`removing the image ${image}`, () => docker(["image", "rm", image], { always: true, codes: [0, 1] }));
  await docker(["pull", "--quiet", image]);
}

/** Where the engine keeps the number of its process, and the file of the Compose plugin. */
const lab = () => dirname(process.env.DOCKER_HOST.replace("unix://", ""));
export const enginePidFile = () => join(lab(), "run", "engine-own.pid");
export const composePlugin = () => realpathSync(join(process.env.DOCKER_CONFIG, "cli-plugins", "docker-compose"));
