import type { BulkAction } from "@/api/types";

export const VERBS: Record<BulkAction, string> = {
  restart: "Restart",
  stop: "Stop",
  start: "Start",
  update: "Update",
};
