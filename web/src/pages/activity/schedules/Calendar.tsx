import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import * as queries from "@/api/queries";
import type { CalendarDay } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { monthGrid, monthName, type Month } from "@/lib/month";
import type { Status } from "@/lib/names";
import { useNow } from "@/lib/now";
import { viewerZone } from "@/lib/zones";
import { IconButton } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { cx } from "@/ui/cx";
import { StatusGlyph } from "@/ui/Status";

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const thisMonth = (now: number): Month => ({ year: new Date(now).getFullYear(), month: new Date(now).getMonth() });

/** A month: what ran and what will, on the days of the viewer's zone. */
export function Calendar() {
  const now = useNow();
  const [month, setMonth] = useState<Month>(() => thisMonth(now));
  const { from, to, weeks } = monthGrid(month);
  const query = useQuery(queries.calendar({ from, to, time_zone: viewerZone() }));
  const turn = (by: number) => {
    const first = new Date(month.year, month.month + by, 1);
    setMonth({ year: first.getFullYear(), month: first.getMonth() });
  };
  return (
    <Card
      title={monthName(month)}
      aside={
        <>
          <IconButton label="Month before" icon={<ChevronLeft aria-hidden size={16} />} onClick={() => turn(-1)} />
          <IconButton label="Month after" icon={<ChevronRight aria-hidden size={16} />} onClick={() => turn(1)} />
        </>
      }
    >
      <Loaded query={query} what="the calendar">
        {(days) => <Grid weeks={weeks} days={days} month={month} today={today(now)} />}
      </Loaded>
    </Card>
  );
}

/** `2026-11-21`, here. */
function today(now: number): string {
  const date = new Date(now);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");
}

interface GridProps {
  weeks: string[][];
  days: CalendarDay[];
  month: Month;
  today: string;
}

function Grid({ weeks, days, month, today }: GridProps) {
  const of = (date: string) => days.filter((day) => day.date === date);
  const within = `${month.year}-${String(month.month + 1).padStart(2, "0")}`;
  return (
    <table className="w-full table-fixed border-collapse" aria-label={`Schedules in ${monthName(month)}`}>
      <thead className="max-md:sr-only">
        <tr>
          {WEEKDAYS.map((day) => (
            <th key={day} scope="col" className="pb-1 text-left text-meta font-medium text-muted">
              {day}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="max-md:grid">
        {weeks.map((week) => (
          <tr key={week[0]} className="max-md:grid">
            {week.map((date) => {
              const entries = of(date);
              return (
                <td
                  key={date}
                  aria-current={date === today ? "date" : undefined}
                  className={cx(
                    "h-20 border border-border p-1.5 align-top max-md:h-auto max-md:border-x-0",
                    date === today && "bg-hover",
                    // On a phone the month is a list of the days that have something.
                    entries.length === 0 && "max-md:hidden",
                  )}
                >
                  <span className={cx("text-meta tabular-nums", date.startsWith(within) ? "text-text" : "text-muted")}>
                    {Number(date.slice(8))}
                    <span className="md:sr-only"> {date.slice(0, 7)}</span>
                  </span>
                  <ul className="grid gap-0.5">
                    {entries.map((entry) => (
                      <Entry key={entry.schedule_id} entry={entry} />
                    ))}
                  </ul>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Entry({ entry }: { entry: CalendarDay }) {
  return (
    <li className="text-meta">
      <Link
        to="/activity/schedules/$name"
        params={{ name: entry.name }}
        title={summary(entry)}
        aria-label={`${entry.name}: ${summary(entry)}`}
        className="flex min-h-6 min-w-0 items-center gap-1 rounded-control hover:bg-hover"
      >
        <StatusGlyph status={statusOf(entry)} size={14} />
        <span className="truncate">{entry.name}</span>
      </Link>
    </li>
  );
}

/** The worst that happened on the day; a day that is still to come is hollow. */
function statusOf({ refused, missed, started, unchanged }: CalendarDay): Status {
  if (refused > 0) return "crit";
  if (missed > 0) return "warn";
  if (started + unchanged > 0) return "ok";
  return "off";
}

/** `2 started, 1 missed, 5 to come`. */
function summary(entry: CalendarDay): string {
  const parts: [number, string][] = [
    [entry.started, "started"],
    [entry.unchanged, "with nothing to do"],
    [entry.refused, "refused"],
    [entry.missed, "missed"],
    [entry.skipped, "left out"],
    [entry.upcoming, "to come"],
  ];
  const shown = parts.filter(([amount]) => amount > 0);
  // The server counts up to a hundred.
  return shown
    .map(([amount, word]) => `${amount}${amount >= 100 && word === "to come" ? " or more" : ""} ${word}`)
    .join(", ");
}
