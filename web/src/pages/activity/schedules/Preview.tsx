import { keepPreviousData, useQuery } from "@tanstack/react-query";
import * as api from "@/api/endpoints";
import { messageOf } from "@/api/problem";
import { keys } from "@/api/queries";
import { ZonedTime } from "@/components/ZonedTime";
import { useDebounced } from "@/lib/useDebounced";
import { StatusGlyph } from "@/ui/Status";

const COUNT = 5;

/** What was chosen, in the server's words, and when it is due next. */
export function Preview({ cron, zone }: { cron: string; zone: string }) {
  const asked = useDebounced(JSON.stringify([cron, zone]), 250);
  const query = useQuery({
    queryKey: [...keys.schedules, "preview", asked],
    queryFn: () => {
      const [cron, time_zone] = JSON.parse(asked) as [string, string];
      return api.previewSchedule({ cron, time_zone, count: COUNT });
    },
    placeholderData: keepPreviousData,
    retry: false,
  });
  return (
    <section aria-label="Preview" aria-live="polite" className="grid gap-1 rounded-control bg-raised px-3 py-2">
      {query.isError ? (
        <p className="flex items-start gap-2">
          <StatusGlyph status="warn" className="mt-0.5" />
          {messageOf(query.error)}
        </p>
      ) : query.data ? (
        <>
          <p className="font-medium">Runs {query.data.words}</p>
          <ol className="grid text-table text-muted tabular-nums">
            {query.data.next.map((at) => (
              <li key={at}>
                <ZonedTime at={at} zone={query.data.time_zone} />
              </li>
            ))}
          </ol>
        </>
      ) : (
        <p className="text-muted">Working out when that is…</p>
      )}
    </section>
  );
}
