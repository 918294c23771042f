import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { listRuns } from "@/api/endpoints";
import * as queries from "@/api/queries";
import type { RunView, ScheduleView } from "@/api/types";
import { Failed, Loaded } from "@/components/Loaded";
import { Page } from "@/components/Page";
import { ZonedTime } from "@/components/ZonedTime";
import { count } from "@/lib/format";
import { EmptyState, Skeleton } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card, Facts } from "@/ui/Card";
import { Sentence } from "@/ui/Sentence";
import { StatusPill } from "@/ui/Status";
import { ScheduleActions, useBeingRemoved } from "./Actions";
import { does } from "@/components/schedule";
import { RunResult } from "./outcome";
import { Problem } from "./Row";

const PAGE = 50;

/** One schedule: what it does, when, and what came of every due time. */
export default function Schedule() {
  const { name } = useParams({ from: "/shell/activity/schedules/$name" });
  const query = useQuery({ ...queries.schedule(name), enabled: !useBeingRemoved(name) });
  const gone = (
    <EmptyState title={`There is no schedule ${name}`}>
      <Link to="/activity/schedules" className="link">
        All schedules
      </Link>
    </EmptyState>
  );
  return (
    <Page
      title={name}
      documentTitle={`Schedule ${name}`}
      above={
        <Link to="/activity/schedules" className="link">
          Schedules
        </Link>
      }
      below={query.data && `${does(query.data)}, ${query.data.words}`}
      actions={query.data && <Actions schedule={query.data} />}
    >
      <Loaded query={query} what="the schedule" notFound={gone}>
        {(schedule) => (
          <>
            <About schedule={schedule} />
            <Runs schedule={schedule} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Actions({ schedule }: { schedule: ScheduleView }) {
  const navigate = useNavigate();
  return <ScheduleActions schedule={schedule} onRemoved={() => navigate({ to: "/activity/schedules" })} />;
}

function About({ schedule }: { schedule: ScheduleView }) {
  const zone = schedule.time_zone;
  const late = `Up to ${count(schedule.window_minutes, "minute")} late, then ${
    schedule.catch_up ? "one run is made up for" : "it counts as missed"
  }`;
  return (
    <Card title="Schedule" aside={!schedule.enabled && <StatusPill status="off" label="Paused" />}>
      {schedule.problem && (
        <div className="pb-3">
          <Problem text={schedule.problem} />
        </div>
      )}
      <Facts
        items={[
          [
            "Next",
            schedule.next.length === 0 ? (
              "—"
            ) : (
              <ul>
                {schedule.next.map((at) => (
                  <li key={at}>
                    <ZonedTime at={at} zone={zone} />
                  </li>
                ))}
              </ul>
            ),
          ],
          ["Cron", <code key="cron">{schedule.cron}</code>],
          ["Time zone", zone],
          ["Late", late],
          ["Put off", schedule.jitter_seconds > 0 ? `by up to ${schedule.jitter_seconds} s` : "not"],
          ["While under way", schedule.overlap === "skip" ? "the later run is left out" : "the later run waits"],
          ["Owner", `${schedule.owner}, whose rights it has`],
        ]}
      />
    </Card>
  );
}

function Runs({ schedule }: { schedule: ScheduleView }) {
  const query = useInfiniteQuery({
    queryKey: [...queries.keys.schedules, "runs", schedule.id],
    queryFn: ({ pageParam }) => listRuns(schedule.id, { limit: PAGE, before: pageParam }),
    enabled: !useBeingRemoved(schedule.name),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (last) => (last.length < PAGE ? undefined : last.at(-1)?.due_at),
  });
  const runs = query.data?.pages.flat() ?? [];
  return (
    <Card title="Runs" flush>
      {query.isPending && <Skeleton className="h-10" rows={4} />}
      {query.isError && (
        <Failed what="the runs" error={query.error} retry={() => void query.refetch()} busy={query.isFetching} />
      )}
      {query.data &&
        (runs.length > 0 ? (
          <ul className="grid divide-y divide-border">
            {runs.map((run) => (
              <Run key={run.due_at} run={run} zone={schedule.time_zone} />
            ))}
          </ul>
        ) : (
          <EmptyState title="It has not been due yet" />
        ))}
      {query.hasNextPage && (
        <div className="p-3">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
    </Card>
  );
}

function Run({ run, zone }: { run: RunView; zone: string }) {
  return (
    <li className="grid gap-x-4 gap-y-1 px-4 py-2.5 md:grid-cols-[11rem_minmax(0,1fr)_auto] md:items-center">
      <RunResult run={run} />
      <span className="text-table text-muted">
        {run.refusal && <Sentence text={run.refusal.message} />}
        {run.missed_before > 0 && `${count(run.missed_before, "due time")} before it passed over. `}
      </span>
      <span className="text-table text-muted">
        due <ZonedTime at={run.due_at} zone={zone} />
      </span>
    </li>
  );
}
