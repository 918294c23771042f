import { Link } from "@tanstack/react-router";
import type { ScheduleView } from "@/api/types";
import { ZonedTime } from "@/components/ZonedTime";
import { StatusGlyph, StatusPill } from "@/ui/Status";
import { ScheduleActions } from "./Actions";
import { does } from "@/components/schedule";
import { RunResult } from "./outcome";

/** One schedule in the list: what, when, when next, and what came of the last run. */
export function Row({ schedule }: { schedule: ScheduleView }) {
  const { name, words, time_zone: zone, enabled, last_run: last, problem } = schedule;
  const next = schedule.next[0];
  return (
    <li className="grid gap-x-4 gap-y-2 px-4 py-3 lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_auto] lg:items-center">
      <div className="grid min-w-0 gap-0.5">
        <span className="flex flex-wrap items-center gap-2">
          <Link to="/activity/schedules/$name" params={{ name }} className="font-medium hover:underline">
            {name}
          </Link>
          {!enabled && <StatusPill status="off" label="Paused" />}
        </span>
        <span className="text-table text-muted">
          {does(schedule)}, {words} ({zone})
        </span>
        {problem && <Problem text={problem} />}
      </div>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 text-table">
        <dt className="text-muted">Next</dt>
        <dd>{next === undefined ? "—" : <ZonedTime at={next} zone={zone} />}</dd>
        <dt className="text-muted">Last</dt>
        <dd className="flex flex-wrap items-center gap-x-2">
          {last ? (
            <>
              <RunResult run={last} />
              <span className="text-muted">
                due <ZonedTime at={last.due_at} zone={zone} />
                {last.missed_before > 0 && `, ${last.missed_before} before it passed over`}
              </span>
            </>
          ) : (
            "Not run yet"
          )}
        </dd>
      </dl>
      <div className="flex flex-wrap gap-1">
        <ScheduleActions schedule={schedule} />
      </div>
    </li>
  );
}

/** Why the next run will be refused. */
export function Problem({ text }: { text: string }) {
  return (
    <span className="flex items-start gap-1.5 text-table">
      <StatusGlyph status="crit" size={14} className="mt-1" />
      {text}
    </span>
  );
}
