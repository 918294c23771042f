import { Archive, CalendarClock, ListChecks, ScrollText, type LucideIcon } from "lucide-react";

/** Pages below others, for whoever looks for them by name. */
export interface DeeperEntry {
  to: string;
  label: string;
  icon: LucideIcon;
  /** Only for those who may do this. */
  permission?: string;
}

export const DEEPER: DeeperEntry[] = [
  { to: "/activity/schedules", label: "Schedules", icon: CalendarClock },
  { to: "/activity/audit", label: "Audit", icon: ScrollText },
  { to: "/settings/backups", label: "Backups of Steward", icon: Archive, permission: "backups.read" },
  { to: "/settings/tasks", label: "Background tasks", icon: ListChecks },
];
