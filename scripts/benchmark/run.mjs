// Runs programs.
import { spawn } from "node:child_process";
import { stopped } from "./stop.mjs";

// Neither the settings of whoever runs this nor a proxy may change what is measured.
const FOREIGN = /^(STEWARD_.*|COMPOSE_.*|DOCKER_CONTEXT|NO_COLOR|CLICOLOR_FORCE|(http|https|all|no)_proxy)$/i;
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));

/** How long a command may take, and how long a program may take to end once it is asked to. */
const PATIENCE = 300_000;
const GRACE = 8_000;

/**
 * Starts a program, in a group of its own: a Ctrl-C in the terminal must reach this process alone,
 * which then ends the others in the right order.
 */
export function start(program, args, env = {}) {
  const child = spawn(program, args, { detached: true, env: { ...environment, ...env } });
  // A program may end without having read what it is given.
  child.stdin.on("error", () => {});
  const running = { child, endedAt: 0, over: undefined };
  running.over = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => (running.endedAt = performance.now()));
    // Later than `exit`: by now all of its output is there.
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  // Nobody may be waiting for it when it ends.
  running.over.catch(() => {});
  return running;
}

export const hasEnded = ({ child }) => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

/** Ends a program, by its process id: asks, waits, then forces the group. Safe to repeat. */
export async function end(running) {
  if (hasEnded(running)) return;
  const { child, over } = running;
  child.kill("SIGTERM");
  const force = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE);
  await over.catch(() => {});
  clearTimeout(force);
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * Runs a command to its end and gives its output and its wall time in milliseconds. `codes` are the
 * exit codes that are no failure; `always` is for the clean-up, which goes on when the run is stopped.
 */
export async function run(program, args, { env, input = "", codes = [0], always = false } = {}) {
  const late = AbortSignal.timeout(PATIENCE);
  const signal = always ? late : AbortSignal.any([stopped, late]);
  signal.throwIfAborted();
  const startedAt = performance.now();
  const running = start(program, args, env);
  const { child } = running;
  const texts = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (texts.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (texts.err += text));
  child.stdin.end(input);
  const cancel = () => void end(running);
  signal.addEventListener("abort", cancel, { once: true });
  const { code } = await running.over;
  signal.removeEventListener("abort", cancel);
  if (late.aborted) throw new Error(`${program} ${args.join(" ")} took longer than ${PATIENCE / 1000} s`);
  signal.throwIfAborted();
  if (!codes.includes(code)) {
    const why = (texts.err.trim() || texts.out.trim()).split("\n").slice(-5).join("\n");
    throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${why}`);
  }
  return { ...texts, code, ms: running.endedAt - startedAt };
}
