// The lab's engine and its nodes, as a person at a shell uses them.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DOCKER_CONFIG, DOCKER_HOST, PROGRAM } from "./needs.ts";
import type { Ran } from "./program.ts";
import { LONG, WHOLE } from "./time.ts";

/** The repository. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** How `lab/node` ends when this machine does not give what a node is made from. */
const IMPOSSIBLE = 75;

/** Runs a program to its end, on the lab's engine. */
export function shell(words: string[], input = "", more: NodeJS.ProcessEnv = {}, timeout = LONG): Promise<Ran> {
  const [program = "", ...rest] = words;
  const env = { ...process.env, DOCKER_HOST, DOCKER_CONFIG, ...more };
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { env, stdio: "pipe", timeout });
    let [out, err] = ["", ""];
    child.stdout.on("data", (text: Buffer) => (out += text.toString()));
    child.stderr.on("data", (text: Buffer) => (err += text.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, out, err }));
    // It may end without having read what it was given.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

/** A run that has to succeed; gives what it printed, without the last line end. */
export async function good(words: string[], input?: string, more?: NodeJS.ProcessEnv): Promise<string> {
  const { code, out, err } = await shell(words, input, more);
  assert.equal(code, 0, `${words.join(" ")}: ${err}${out}`);
  return out.trimEnd();
}

/** A machine with systemd and an engine of its own. It sees the repository at /src and the program at /opt/steward. */
export class Node {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /** None when this machine cannot have one, after saying why. The first takes minutes: its image is made. */
  static async open(name: string): Promise<Node | undefined> {
    const node = new Node(`${name}-${process.pid}`);
    const volumes = ["--volume", `${ROOT}:/src:ro`, "--volume", `${PROGRAM}:/opt/steward:ro`];
    const { code, err } = await shell([`${ROOT}lab/node`, "up", node.name, ...volumes], "", {}, WHOLE);
    if (code === 0) return node;
    await node.close();
    assert.equal(code, IMPOSSIBLE, `${node.name} did not come up: ${err}`);
    console.log(`skipped: needs a machine with systemd: ${err}`);
    return undefined;
  }

  /** Runs a command there, as root. */
  run(words: string[], input?: string): Promise<Ran> {
    return shell(["docker", "exec", "--interactive", this.name, ...words], input);
  }

  /** A run that has to succeed; gives what it printed. */
  good(words: string[], input?: string): Promise<string> {
    return good(["docker", "exec", "--interactive", this.name, ...words], input);
  }

  /** Its address in the lab's network. */
  address(): Promise<string> {
    return good(["docker", "inspect", "--format", "{{.NetworkSettings.Networks.lab.IPAddress}}", this.name]);
  }

  async close(): Promise<void> {
    await shell([`${ROOT}lab/node`, "down", this.name]);
  }
}
