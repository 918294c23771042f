// Operations of the mock: some that have ended each in its way, and two that play before one's eyes.
import type * as t from "../src/api/types.ts";
import * as data from "./data.ts";

export type Script = (
  operation: t.OperationDetail,
  wait: (times?: number) => Promise<unknown>,
) => AsyncGenerator<Partial<t.Progress> | null>;

function planOf(kind: t.OperationKind, target: string): t.Plan {
  return {
    kind,
    target,
    device_id: "dev_0000000000000001",
    device: "home",
    summary: `${kind} of ${target} on home.`,
    changed: true,
    checks: [],
    steps: data.STEPS,
    files: [{ path: "compose.yaml", content: data.COMPOSE, diff: data.DIFF }],
    commands: [["docker", "compose", "--project-name", target, "up", "--detach"]],
    images: [{ reference: `docker.io/library/${target}:1`, present: true, embedded: false }],
    volumes: [{ name: `${target}_data`, exists: true }],
    targets: [],
    risks: [],
    hash: "hash",
  };
}

export function operationOf(
  kind: t.OperationKind,
  target: string,
  deploymentId: string | null,
  request: Record<string, unknown>,
  index: number,
): t.OperationDetail {
  const names =
    kind === "deployment.deploy" || kind === "deployment.update"
      ? data.STEPS.map((step) => step.name)
      : ["validating", "deploying"];
  return {
    id: `op_${String(index).padStart(16, "0")}`,
    kind,
    state: "queued",
    target,
    deployment_id: deploymentId,
    device_id: "dev_0000000000000001",
    actor: "anna",
    request,
    changed: true,
    created_at: Date.now(),
    started_at: null,
    finished_at: null,
    current_step: null,
    failed_step: null,
    error: null,
    left_over: [],
    waiting: null,
    cancel_requested: false,
    parent_id: null,
    plan: planOf(kind, target),
    steps: names.map((name, ordinal) => ({
      ordinal,
      name,
      state: "pending",
      started_at: null,
      finished_at: null,
      undone_at: null,
      error: null,
      undo_note: null,
    })),
    commands: [],
    targets: [],
  };
}

const MIB = 1024 * 1024;

function command(step: number, argv: string[], exit: number | null, output: string, undo = false): t.CommandRecord {
  return { step, undo, device: "home", argv, exit_code: exit, duration_ms: 1840, output, started_at: Date.now() };
}

export async function* succeeding(
  operation: t.OperationDetail,
  wait: (times?: number) => Promise<unknown>,
): AsyncGenerator<Partial<t.Progress> | null> {
  operation.state = "running";
  operation.started_at = Date.now();
  for (const step of operation.steps) {
    step.state = "running";
    step.started_at = Date.now();
    operation.current_step = step.name;
    yield null;
    if (step.name === "deploying") {
      for (let part = 1; part <= 6; part += 1) {
        await wait();
        yield {
          step: step.name,
          message: "Pulling the image",
          done: part,
          total: 6,
          bytes_done: part * 9.6 * MIB,
          bytes_total: 58 * MIB,
        };
      }
      operation.commands.push(
        command(
          step.ordinal,
          ["docker", "compose", "--project-name", operation.target, "up", "--detach"],
          0,
          `Container ${operation.target}-web-1  Started\n`,
        ),
      );
    } else await wait();
    step.state = "done";
    step.finished_at = Date.now();
  }
  operation.state = "succeeded";
  operation.current_step = null;
  operation.finished_at = Date.now();
  yield null;
}

export async function* failing(
  operation: t.OperationDetail,
  wait: (times?: number) => Promise<unknown>,
): AsyncGenerator<Partial<t.Progress> | null> {
  operation.state = "running";
  operation.started_at = Date.now();
  for (const step of operation.steps) {
    step.state = "running";
    step.started_at = Date.now();
    operation.current_step = step.name;
    yield null;
    await wait();
    step.finished_at = Date.now();
    if (step.name === "health_check") {
      step.state = "failed";
      step.error = {
        code: "step_failed",
        message: "`web` did not become healthy within 120 seconds: HTTP 500 from port 8089.",
      };
      break;
    }
    step.state = "done";
  }
  failed(operation);
  operation.state = "rolling_back";
  yield null;
  for (const step of [...operation.steps].reverse()) {
    step.state = "undoing";
    yield null;
    await wait();
    step.state = "undone";
    step.undone_at = Date.now();
    step.undo_note = data.STEPS[step.ordinal]?.undo || "Nothing to undo.";
  }
  operation.state = "rolled_back";
  operation.current_step = null;
  operation.finished_at = Date.now();
  yield null;
}

function failed(operation: t.OperationDetail): void {
  operation.failed_step = "health_check";
  operation.error = {
    code: "step_failed",
    message: "`web` did not become healthy within 120 seconds: HTTP 500 from port 8089.",
    hint: "Its last lines say why: cannot open /data/db.sqlite3: permission denied.",
  };
  operation.commands.push(
    command(
      2,
      ["docker", "compose", "--project-name", operation.target, "up", "--detach"],
      0,
      `Container ${operation.target}-web-1  Started\n`,
    ),
    command(
      4,
      ["docker", "compose", "--project-name", operation.target, "logs", "--tail", "20"],
      0,
      "cannot open /data/db.sqlite3: permission denied\n",
    ),
    command(
      2,
      ["docker", "compose", "--project-name", operation.target, "down", "--volumes"],
      0,
      `Container ${operation.target}-web-1  Removed\n`,
      true,
    ),
  );
}

function ended(
  kind: t.OperationKind,
  target: string,
  state: t.OperationState,
  index: number,
  ago: number,
): t.OperationDetail {
  const app = data.DEPLOYMENTS.find((one) => one.name === target);
  const operation = operationOf(
    kind,
    target,
    app?.id ?? null,
    { kind, application: target, name: target, ports: { "80/tcp": 8089 } },
    index,
  );
  operation.created_at = data.now - ago;
  operation.started_at = operation.created_at + 200;
  operation.finished_at = operation.created_at + 14_000;
  operation.state = state;
  const good = state === "succeeded";
  operation.steps.forEach((step, at) => {
    step.started_at = operation.created_at + at * 2500;
    step.finished_at = step.started_at + 2400;
    step.state = good ? "done" : "undone";
    if (!good) {
      step.undone_at = operation.created_at + 13_000;
      step.undo_note = data.STEPS[step.ordinal]?.undo || "Nothing to undo.";
    }
  });
  if (good)
    operation.commands.push(
      command(2, ["docker", "compose", "--project-name", target, "up", "--detach"], 0, "Started\n"),
    );
  else failed(operation);
  if (state === "needs_attention") {
    const step = operation.steps[2];
    if (step) {
      step.state = "undo_failed";
      step.undo_note = "The container immich-web-1 could not be removed: the engine did not answer.";
    }
    operation.left_over = ["docker rm --force immich-web-1"];
  }
  return operation;
}

export function finished(): t.OperationDetail[] {
  return [
    ended("deployment.restart", "vaultwarden", "succeeded", 1, 12 * data.MIN),
    ended("deployment.update", "jellyfin", "rolled_back", 2, 3 * data.HOUR),
    ended("deployment.deploy", "immich", "succeeded", 3, 6 * data.HOUR),
    ended("deployment.stop", "freshrss", "succeeded", 4, 2 * data.DAY),
    ended("deployment.deploy", "gogs", "rolled_back", 5, 3 * data.DAY),
  ];
}

export const stuck = (): t.OperationDetail => ended("deployment.update", "immich", "needs_attention", 6, data.HOUR);

/** What a list tells of an operation. */
export function recordOf({ plan, steps, commands, targets, ...record }: t.OperationDetail): t.Operation {
  return record;
}
