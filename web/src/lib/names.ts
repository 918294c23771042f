// What kinds, states and roles are called on the page, and which status they show.
import type {
  BulkAction,
  BackupState,
  ContainerHealth,
  ContainerState,
  DeploymentState,
  DeviceStatus,
  Operation,
  OperationKind,
  OperationState,
  StepState,
} from "@/api/types";
import { words } from "./format";

export type Status = "ok" | "warn" | "crit" | "busy" | "off" | "unknown";
export interface Named {
  status: Status;
  label: string;
}

export const DEPLOYMENT: Record<DeploymentState, Named> = {
  deploying: { status: "busy", label: "Deploying" },
  running: { status: "ok", label: "Running" },
  degraded: { status: "warn", label: "Degraded" },
  stopped: { status: "off", label: "Stopped" },
  failed: { status: "crit", label: "Failed" },
  unknown: { status: "unknown", label: "Not known" },
};

export const DEVICE: Record<DeviceStatus, Named> = {
  online: { status: "ok", label: "Online" },
  degraded: { status: "warn", label: "Degraded" },
  offline: { status: "crit", label: "Offline" },
};

export const OPERATION: Record<OperationState, Named> = {
  queued: { status: "unknown", label: "Queued" },
  running: { status: "busy", label: "Running" },
  rolling_back: { status: "warn", label: "Rolling back" },
  succeeded: { status: "ok", label: "Done" },
  rolled_back: { status: "warn", label: "Rolled back" },
  needs_attention: { status: "crit", label: "Rollback incomplete" },
  cancelled: { status: "off", label: "Cancelled" },
};

/** What cannot be undone was not, when it failed. */
const IRREVERSIBLE: OperationKind[] = ["script.run", "volume.delete"];
export const isIrreversible = (kind: string): boolean => IRREVERSIBLE.includes(kind as OperationKind);

/** How an operation of a kind is, in a word. */
export function operationState(kind: string, state: OperationState): Named {
  const named = OPERATION[state];
  return state === "rolled_back" && isIrreversible(kind) ? { ...named, label: "Failed" } : named;
}

export const STEP: Record<StepState, Named> = {
  pending: { status: "unknown", label: "Waiting" },
  running: { status: "busy", label: "Running" },
  done: { status: "ok", label: "Done" },
  failed: { status: "crit", label: "Failed" },
  undoing: { status: "busy", label: "Being undone" },
  undone: { status: "off", label: "Undone" },
  undo_failed: { status: "crit", label: "Undo failed" },
};

export const BACKUP: Record<BackupState, Named> = {
  good: { status: "ok", label: "Good" },
  damaged: { status: "crit", label: "Damaged" },
  other_key: { status: "warn", label: "Another key" },
  newer: { status: "warn", label: "Newer Steward" },
  other_instance: { status: "off", label: "Another Steward" },
};

const KINDS: Record<OperationKind, { verb: string; noun: string; doing: string }> = {
  "deployment.deploy": { verb: "Deploy", noun: "Deploy", doing: "Deploying" },
  "deployment.start": { verb: "Start", noun: "Start", doing: "Starting" },
  "deployment.stop": { verb: "Stop", noun: "Stop", doing: "Stopping" },
  "deployment.restart": { verb: "Restart", noun: "Restart", doing: "Restarting" },
  "deployment.update": { verb: "Update", noun: "Update", doing: "Updating" },
  "deployment.rollback": { verb: "Roll back", noun: "Roll back", doing: "Rolling back" },
  "deployment.remove": { verb: "Remove", noun: "Remove", doing: "Removing" },
  "deployment.bulk": { verb: "Change", noun: "Change of many", doing: "Changing" },
  "script.run": { verb: "Run script", noun: "Run script", doing: "Running script" },
  "volume.delete": { verb: "Delete volume", noun: "Delete volume", doing: "Deleting volume" },
  "steward.backup": { verb: "Back up", noun: "Backup", doing: "Backing up" },
  "steward.restart": { verb: "Restart", noun: "Restart of Steward", doing: "Restarting" },
};

export const ALL_KINDS = Object.keys(KINDS) as OperationKind[];
export const ALL_OPERATION_STATES = Object.keys(OPERATION) as OperationState[];

/** `Restart`; a kind that this page does not know yet is shown as it is. */
export const kindVerb = (kind: string): string => KINDS[kind as OperationKind]?.verb ?? kind;
export const kindDoing = (kind: string): string => KINDS[kind as OperationKind]?.doing ?? kind;

const BULK: Record<BulkAction, string> = { start: "Start", stop: "Stop", restart: "Restart", update: "Update" };

/** `Restart photos`; of an operation on many, `Restart 3 apps`. */
export function operationTitle(operation: Pick<Operation, "kind" | "target" | "request">): string {
  const action = operation.kind === "deployment.bulk" ? BULK[operation.request.action as BulkAction] : undefined;
  return `${action ?? kindVerb(operation.kind)} ${operation.target}`;
}

export const isAtRest = (state: OperationState): boolean =>
  state === "succeeded" || state === "rolled_back" || state === "needs_attention" || state === "cancelled";

export const stepLabel = words;

export function container(state: ContainerState | null, health: ContainerHealth | null): Named {
  if (state === null) return { status: "off", label: "No container" };
  if (state === "running") {
    if (health === "unhealthy") return { status: "crit", label: "Unhealthy" };
    if (health === "starting") return { status: "busy", label: "Starting" };
    if (health === "healthy") return { status: "ok", label: "Healthy" };
    return { status: "ok", label: "Running" };
  }
  const others: Record<Exclude<ContainerState, "running">, Named> = {
    created: { status: "off", label: "Created" },
    paused: { status: "off", label: "Paused" },
    restarting: { status: "warn", label: "Restarting" },
    removing: { status: "busy", label: "Being removed" },
    exited: { status: "off", label: "Ended" },
    dead: { status: "crit", label: "Dead" },
  };
  return others[state];
}
