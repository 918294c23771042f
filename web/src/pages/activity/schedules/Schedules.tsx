import { useQuery } from "@tanstack/react-query";
import { CalendarPlus } from "lucide-react";
import { useState } from "react";
import * as queries from "@/api/queries";
import { LinkButton } from "@/components/links";
import { Loaded } from "@/components/Loaded";
import { Page } from "@/components/Page";
import { useBlocked } from "@/components/permissions";
import { EmptyState } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { ActivityTabs } from "../tabs";
import { Calendar } from "./Calendar";
import { Row } from "./Row";
import { ScheduleForm, type Start } from "./ScheduleForm";

/** What is done at due times: the list, and a month of it. */
export default function Schedules() {
  const query = useQuery(queries.schedules);
  const blocked = useBlocked("schedules.manage", "somewhere");
  const [form, setForm] = useState<Start | null>(null);
  return (
    <Page
      title="Activity"
      documentTitle="Schedules"
      actions={
        <Button
          look="primary"
          icon={<CalendarPlus aria-hidden size={16} />}
          reason={blocked}
          onClick={() => setForm({})}
        >
          New schedule
        </Button>
      }
    >
      <ActivityTabs />
      <Loaded query={query} what="the schedules">
        {(schedules) =>
          schedules.length === 0 ? (
            <Suggestions onChoose={setForm} reason={blocked} />
          ) : (
            <>
              <Card title="Schedules" flush>
                <ul className="grid divide-y divide-border">
                  {schedules.map((schedule) => (
                    <Row key={schedule.id} schedule={schedule} />
                  ))}
                </ul>
              </Card>
              <Calendar />
            </>
          )
        }
      </Loaded>
      {form && <ScheduleForm start={form} onClose={() => setForm(null)} />}
    </Page>
  );
}

/** Nothing is there yet: what people usually want, one press each. */
function Suggestions({ onChoose, reason }: { onChoose: (start: Start) => void; reason: string | null }) {
  const apps = useQuery(queries.deployments).data ?? [];
  const suggested = apps.slice(0, 2).flatMap((app) => [
    { label: `Restart ${app.name} every night`, start: { action: "restart", app: app.id, cron: "0 3 * * *" } as const },
    {
      label: `Update ${app.name} on Sundays`,
      start: { action: "update", app: app.id, cron: "0 4 * * 7" } as const,
    },
  ]);
  return (
    <EmptyState
      title="Nothing is scheduled yet"
      action={
        suggested.length > 0 ? (
          <div className="flex flex-wrap justify-center gap-2">
            {suggested.map(({ label, start }) => (
              <Button key={label} reason={reason} onClick={() => onChoose(start)}>
                {label}
              </Button>
            ))}
          </div>
        ) : (
          <LinkButton to="/catalog">Open the catalog</LinkButton>
        )
      }
    >
      A schedule does at a certain time what you could do by hand: restart an app, bring it up to date, stop it for the
      night.
    </EmptyState>
  );
}
