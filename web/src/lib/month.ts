// The grid of a month: whole weeks, Monday first.

export interface Month {
  year: number;
  /** 0 is January, as with `Date`. */
  month: number;
}

const two = (value: number) => String(value).padStart(2, "0");

/** The weeks that a month touches as dates `YYYY-MM-DD`, and the moments at which the first begins and the last ends. */
export function monthGrid({ year, month }: Month): { from: number; to: number; weeks: string[][] } {
  const first = new Date(year, month, 1);
  const before = (first.getDay() + 6) % 7;
  const length = new Date(year, month + 1, 0).getDate();
  const count = Math.ceil((before + length) / 7);
  const dates = Array.from({ length: count * 7 }, (_, index) => {
    const date = new Date(year, month, 1 - before + index);
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  });
  return {
    from: new Date(year, month, 1 - before).getTime(),
    to: new Date(year, month, 1 - before + count * 7).getTime(),
    weeks: Array.from({ length: count }, (_, week) => dates.slice(week * 7, week * 7 + 7)),
  };
}

export const monthName = ({ year, month }: Month): string =>
  new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" }).format(new Date(year, month, 1));
