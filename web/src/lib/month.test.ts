import { expect, test } from "vitest";
import { monthGrid } from "./month";

test("a month is whole weeks, Monday first", () => {
  const { weeks, from, to } = monthGrid({ year: 2026, month: 10 });
  expect(weeks).toHaveLength(6);
  expect(weeks[0]?.[0]).toBe("2026-10-26");
  expect(weeks[5]?.[6]).toBe("2026-12-06");
  expect(weeks.every((week) => week.length === 7)).toBe(true);
  expect(new Date(from).getDay()).toBe(1);
  expect(to).toBeGreaterThan(from);
});

test("a month that fits exactly has no row more", () => {
  // February 2027 begins on a Monday.
  expect(monthGrid({ year: 2027, month: 1 }).weeks).toHaveLength(4);
});
