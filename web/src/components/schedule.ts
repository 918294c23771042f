import type { ScheduleView } from "@/api/types";
import { kindVerb } from "@/lib/names";

/** What a schedule does: `Restart photos`. */
export const does = (schedule: ScheduleView): string => `${kindVerb(schedule.request.kind)} ${schedule.target}`;
