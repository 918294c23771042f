// The latest word of each running operation. It comes with events and is never stored: the operation
// itself, asked from the API, is what counts.
import type { Progress } from "@/api/types";
import { createStore } from "./store";

export interface Heard {
  progress: Progress;
  at: number;
}

export const progressByOperation = createStore<Record<string, Heard>>({});

export function heard(progress: Progress): void {
  const id = progress.operation_id;
  if (id) progressByOperation.set((now) => ({ ...now, [id]: { progress, at: Date.now() } }));
}

/** The share that is done, by bytes when they are known, else by parts. */
export function share(progress: Progress): number | null {
  if (progress.bytes_total && progress.bytes_done !== null) return progress.bytes_done / progress.bytes_total;
  if (progress.total && progress.done !== null) return progress.done / progress.total;
  return null;
}
