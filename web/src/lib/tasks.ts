// Background tasks: how one is, in words and as a status.
import type { ReconcilerStatus } from "@/api/types";
import type { Named } from "./names";

export function task({ running, failure, failures, finished_at: finished }: ReconcilerStatus): Named {
  if (running) return { status: "busy", label: "At work" };
  if (failure) return { status: "crit", label: failures > 1 ? `Failed ${failures} times in a row` : "Failed" };
  return finished === null ? { status: "unknown", label: "Not yet begun" } : { status: "ok", label: "OK" };
}
