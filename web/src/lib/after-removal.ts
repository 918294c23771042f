// Volumes to delete once a removal has succeeded. Kept in this tab, so that a reload does not lose it;
// a volume that is still used cannot be deleted, which is why this waits.
import { dropDraft, loadDraft, saveDraft } from "./draft";
import { createStore } from "./store";

export interface PendingDeletion {
  operation_id: string;
  deployment: string;
  volumes: { device_id: string; name: string }[];
}

const KEY = "after-removal";

export const pendingDeletions = createStore<PendingDeletion[]>(loadDraft<PendingDeletion[]>(KEY) ?? []);

export function addPendingDeletion(pending: PendingDeletion): void {
  pendingDeletions.set((now) => [...now, pending]);
  saveDraft(KEY, pendingDeletions.get());
}

export function takePendingDeletion(operationId: string): PendingDeletion | undefined {
  const found = pendingDeletions.get().find((one) => one.operation_id === operationId);
  if (!found) return undefined;
  pendingDeletions.set((now) => now.filter((one) => one !== found));
  if (pendingDeletions.get().length > 0) saveDraft(KEY, pendingDeletions.get());
  else dropDraft(KEY);
  return found;
}
