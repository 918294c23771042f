// Schedules in memory.
import type * as t from "../src/api/types.ts";
import * as data from "./data.ts";

const MIN = 60_000;
const HOUR = 60 * MIN;

const base = {
  time_zone: "Europe/Berlin",
  window_minutes: 60,
  jitter_seconds: 0,
  overlap: "skip" as const,
  catch_up: false,
  enabled: true,
  owner_id: data.OWNER.id,
  owner: "anna",
  version: 1,
  created_at: data.now - 9 * data.DAY,
  updated_at: data.now - 9 * data.DAY,
  since: data.now - 9 * data.DAY,
  problem: null,
};

const run = (schedule_id: string, due_at: number, more: Partial<t.RunView>): t.RunView => ({
  schedule_id,
  due_at,
  decided_at: due_at,
  outcome: "missed",
  operation_id: null,
  refusal: null,
  missed_before: 0,
  state: null,
  ...more,
});

const NIGHTLY = "sch_0000000000000001";
const WEEKLY = "sch_0000000000000002";
const BACKUPS = "sch_0000000000000003";
const midnight = new Date(data.now).setHours(3, 0, 0, 0);

export const RUNS: Record<string, t.RunView[]> = {
  [NIGHTLY]: [
    run(NIGHTLY, midnight, { outcome: "started", operation_id: "op_0000000000000001", state: "succeeded" }),
    run(NIGHTLY, midnight - data.DAY, { missed_before: 2 }),
  ],
  [WEEKLY]: [
    run(WEEKLY, midnight - 2 * data.DAY, {
      outcome: "refused",
      refusal: { code: "not_allowed", message: "the account that owns this schedule is gone" },
    }),
  ],
};

export const schedules = (app: string): t.ScheduleView[] => [
  {
    ...base,
    id: NIGHTLY,
    name: "nightly",
    request: { kind: "deployment.restart", deployment_id: app },
    cron: "0 3 * * *",
    words: "every day at 03:00",
    target: "vaultwarden",
    next: [1, 2, 3].map((days) => midnight + days * data.DAY),
    last_run: RUNS[NIGHTLY]?.[0] ?? null,
  },
  {
    ...base,
    id: WEEKLY,
    name: "weekly",
    request: { kind: "deployment.update", deployment_id: app, settings: {}, ports: {} },
    cron: "30 4 * * 1,4",
    words: "Mondays and Thursdays at 04:30",
    target: "vaultwarden",
    next: [],
    enabled: false,
    last_run: RUNS[WEEKLY]?.[0] ?? null,
    problem: "The account of ben, who owns it, is gone. Whoever saves it owns it.",
  },
  {
    ...base,
    id: BACKUPS,
    name: "backups",
    request: { kind: "steward.backup" } as t.ScheduleView["request"],
    cron: "15 2 * * *",
    words: "every day at 02:15",
    target: "steward",
    next: [1, 2, 3].map((days) => midnight + days * data.DAY - 45 * MIN),
    last_run: null,
  },
];

export const calendar = (all: t.ScheduleView[]): t.CalendarDay[] =>
  all.flatMap(({ id, name, next }) => [
    ...(RUNS[id] ?? []).map((one) => day(id, name, one.due_at, { [one.outcome]: 1 })),
    ...next.map((at) => day(id, name, at, { upcoming: 1 })),
  ]);

function day(schedule_id: string, name: string, first_at: number, counts: Partial<t.CalendarDay>): t.CalendarDay {
  const none = { upcoming: 0, started: 0, unchanged: 0, refused: 0, missed: 0, skipped: 0 };
  const at = new Date(first_at);
  const date = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0"));
  return { ...none, date: date.join("-"), schedule_id, name, first_at, ...counts };
}

export const preview = (cron: string, time_zone: string, count: number): t.SchedulePreview => ({
  cron,
  time_zone,
  words: cron === "0 3 * * *" ? "every day at 03:00" : `by ${cron}`,
  next: Array.from({ length: count }, (_, index) => midnight + (index + 1) * 24 * HOUR),
});
