import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import * as queries from "@/api/queries";
import type { ScheduleView } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { LinkButton } from "@/components/links";
import { does } from "@/components/schedule";
import { ZonedTime } from "@/components/ZonedTime";
import { ahead, count } from "@/lib/format";
import { useNow } from "@/lib/now";
import { viewerZone } from "@/lib/zones";
import { EmptyState, Skeleton } from "@/ui/Banner";
import { Card } from "@/ui/Card";
import { StatusGlyph } from "@/ui/Status";

const MOST = 5;

/** What is scheduled next: each schedule once, the soonest first. */
export function Next() {
  const query = useQuery(queries.schedules);
  return (
    <Card
      title="Next"
      flush
      aside={
        <Link to="/activity/schedules" className="link">
          All schedules
        </Link>
      }
    >
      <Loaded query={query} what="the schedules" skeleton={<Skeleton className="m-4 h-8" rows={2} />}>
        {(schedules) => <List schedules={schedules} />}
      </Loaded>
    </Card>
  );
}

function List({ schedules }: { schedules: ScheduleView[] }) {
  if (schedules.length === 0) {
    return (
      <EmptyState
        title="Nothing is scheduled"
        action={<LinkButton to="/activity/schedules">Schedule something</LinkButton>}
      >
        A restart every night, an update on Sundays: what comes next is shown here.
      </EmptyState>
    );
  }
  const due = schedules
    .flatMap((schedule) => schedule.next.slice(0, 1).map((at) => ({ schedule, at })))
    .sort((a, b) => a.at - b.at);
  if (due.length === 0) {
    return <p className="px-4 py-3 text-muted">Nothing is due: {count(schedules.length, "schedule")}, all paused.</p>;
  }
  return (
    <>
      <ul className="grid divide-y divide-border">
        {due.slice(0, MOST).map((one) => (
          <Due key={one.schedule.id} {...one} />
        ))}
      </ul>
      {due.length > MOST && (
        <p className="px-4 pb-3 text-table text-muted">and {count(due.length - MOST, "more schedule")}</p>
      )}
    </>
  );
}

function Due({ schedule, at }: { schedule: ScheduleView; at: number }) {
  const now = useNow();
  return (
    <li className="relative grid gap-0.5 px-4 py-2 hover:bg-hover/50">
      <div className="flex items-baseline gap-3">
        <Link
          to="/activity/schedules/$name"
          params={{ name: schedule.name }}
          className="stretched min-w-0 font-medium hover:underline"
        >
          {does(schedule)}
        </Link>
        <span className="ml-auto shrink-0 text-table text-muted tabular-nums">{ahead(at, now)}</span>
      </div>
      <p className="text-table text-muted">
        <ZonedTime at={at} zone={viewerZone()} />, by {schedule.name}
      </p>
      {schedule.problem && (
        <p className="flex items-start gap-1.5 text-table">
          <StatusGlyph status="crit" size={14} className="mt-1" />
          {schedule.problem}
        </p>
      )}
    </li>
  );
}
