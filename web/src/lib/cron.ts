// Cron expressions as people choose them: a rhythm and a time. What fits none is written by hand.

export type Rhythm = "minutes" | "hourly" | "daily" | "weekly" | "monthly" | "custom";

export interface Choice {
  rhythm: Rhythm;
  /** `minutes`: every so many. */
  every: number;
  /** `HH:MM`; of `hourly` only the minutes count. */
  time: string;
  /** `weekly`: days, 1 is Monday, 7 Sunday. */
  days: number[];
  /** `monthly`: 1 to 31, or `L` for the last day. */
  day: string;
  /** `custom`: the expression itself. */
  text: string;
}

/** The steps that divide an hour evenly. */
export const STEPS = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30];
export const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

export const NIGHTLY: Choice = { rhythm: "daily", every: 15, time: "03:00", days: [1], day: "1", text: "0 3 * * *" };

/** The minutes and the hour of `HH:MM`, as cron has them. */
function clock(time: string): [number, number] {
  const [hour = "0", minute = "0"] = time.split(":");
  return [Number(minute) || 0, Number(hour) || 0];
}

export function cronOf(choice: Choice): string {
  const [minute, hour] = clock(choice.time);
  switch (choice.rhythm) {
    case "minutes":
      return choice.every === 1 ? "* * * * *" : `*/${choice.every} * * * *`;
    case "hourly":
      return `${minute} * * * *`;
    case "daily":
      return `${minute} ${hour} * * *`;
    case "weekly":
      return `${minute} ${hour} * * ${[...choice.days].sort((a, b) => a - b).join(",")}`;
    case "monthly":
      return `${minute} ${hour} ${choice.day} * *`;
    case "custom":
      return choice.text.trim();
  }
}

const two = (value: string | undefined) => (value ?? "0").padStart(2, "0");

/** The choice behind an expression; `custom` for one that no choice makes. */
export function choiceOf(cron: string): Choice {
  const base = { ...NIGHTLY, text: cron };
  const step = /^(?:\*|\*\/(\d+)) \* \* \* \*$/.exec(cron);
  if (step && STEPS.includes(Number(step[1] ?? 1))) return { ...base, rhythm: "minutes", every: Number(step[1] ?? 1) };
  const hourly = /^(\d{1,2}) \* \* \* \*$/.exec(cron);
  if (hourly) return { ...base, rhythm: "hourly", time: `00:${two(hourly[1])}` };
  const at = /^(\d{1,2}) (\d{1,2}) (\S+) \* (\S+)$/.exec(cron);
  if (!at) return { ...base, rhythm: "custom" };
  const [, minute, hour, day = "", weekdays = ""] = at;
  const time = `${two(hour)}:${two(minute)}`;
  if (day === "*" && weekdays === "*") return { ...base, rhythm: "daily", time };
  if (day === "*" && /^[1-7](,[1-7])*$/.test(weekdays))
    return { ...base, rhythm: "weekly", time, days: weekdays.split(",").map(Number) };
  if (weekdays === "*" && /^(L|[1-9]|[12]\d|3[01])$/.test(day)) return { ...base, rhythm: "monthly", time, day };
  return { ...base, rhythm: "custom" };
}
