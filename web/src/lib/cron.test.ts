import { expect, test } from "vitest";
import { choiceOf, cronOf, NIGHTLY, type Choice } from "./cron";

const CHOICES: [Partial<Choice>, string][] = [
  [{ rhythm: "minutes", every: 1 }, "* * * * *"],
  [{ rhythm: "minutes", every: 20 }, "*/20 * * * *"],
  [{ rhythm: "hourly", time: "00:05" }, "5 * * * *"],
  [{ rhythm: "daily", time: "03:00" }, "0 3 * * *"],
  [{ rhythm: "weekly", time: "04:30", days: [4, 1] }, "30 4 * * 1,4"],
  [{ rhythm: "monthly", time: "02:00", day: "1" }, "0 2 1 * *"],
  [{ rhythm: "monthly", time: "02:00", day: "L" }, "0 2 L * *"],
  [{ rhythm: "custom", text: " 0 0 13 * FRI " }, "0 0 13 * FRI"],
];

test.each(CHOICES)("%j is %s", (choice, cron) => {
  expect(cronOf({ ...NIGHTLY, ...choice })).toBe(cron);
});

test.each(CHOICES.map(([, cron]) => cron))("%s is the same after it was read and written", (cron) => {
  expect(cronOf(choiceOf(cron))).toBe(cron);
});

test("what no choice makes is written by hand", () => {
  for (const cron of ["*/7 * * * *", "0 3 * * MON-FRI", "0 3 1 * 1", "0 3 1 6 *", "0,30 3 * * *", "x", ""])
    expect(choiceOf(cron).rhythm).toBe("custom");
});
