// The program itself, as a process.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { DOCKER_CONFIG, PROGRAM } from "./needs.ts";
import { LONG } from "./time.ts";

/** What a run of the command line did. */
export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Nothing of this process's own configuration reaches the program; `config` is where it keeps its sign-in. */
function environment(config: string): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  const docker = DOCKER_CONFIG === "" ? {} : { DOCKER_CONFIG };
  return { PATH, HOME, TZ: "UTC", TERM: "dumb", STEWARD_CONFIG_DIR: config, ...docker };
}

export function launch(words: string[], config: string, timeout = 0): ChildProcessWithoutNullStreams {
  const child = spawn(PROGRAM, words, { env: environment(config), stdio: "pipe", timeout });
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  return child;
}

/** Runs a command to its end, with this on its standard input. */
export function run(words: string[], config: string, input: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = launch(words, config, LONG);
    let [out, err] = ["", ""];
    child.stdout.on("data", (text: string) => (out += text));
    child.stderr.on("data", (text: string) => (err += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, out, err }));
    // It may end without having read what it was given.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
