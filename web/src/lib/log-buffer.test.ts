import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LogLine } from "@/api/types";
import { KEPT_LINES, LogBuffer, levelMatches, matcher } from "./log-buffer";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const line = (text: string, at: number | null = null): LogLine => ({ at, service: "web", stream: "stdout", text });

test("the buffer is bounded and its indexes go on", () => {
  const buffer = new LogBuffer();
  buffer.add(Array.from({ length: KEPT_LINES + 10 }, (_, index) => line(String(index))));
  vi.runAllTimers();
  const entries = buffer.snapshot();
  expect(entries).toHaveLength(KEPT_LINES);
  expect(entries[0]?.index).toBe(10);
});

test("many lines are told as one change", () => {
  const buffer = new LogBuffer();
  const told = vi.fn();
  buffer.subscribe(told);
  for (let index = 0; index < 100; index += 1) buffer.add([line("x")]);
  vi.runAllTimers();
  expect(told).toHaveBeenCalledTimes(1);
});

test("after a reconnection lines that are here already are left out", () => {
  const buffer = new LogBuffer();
  buffer.add([line("a", 1), line("b", 2)]);
  buffer.resume();
  buffer.add([line("a", 1), line("b", 2), line("c", 3)]);
  vi.runAllTimers();
  expect(buffer.snapshot().map((entry) => entry.plain)).toEqual(["a", "b", "c"]);
});

test("the filter joins words and leaves out those with a hyphen", () => {
  const buffer = new LogBuffer();
  buffer.add(["GET /a 200", "GET /b 500 error", "POST /a 200"].map((text) => line(text)));
  vi.runAllTimers();
  const found = (typed: string) =>
    buffer
      .snapshot()
      .filter(matcher(typed))
      .map((entry) => entry.index);
  expect(found("get")).toEqual([0, 1]);
  expect(found("get 200")).toEqual([0]);
  expect(found("get -500")).toEqual([0]);
  expect(found("-")).toEqual([0, 1, 2]);
  expect(buffer.snapshot().filter((entry) => levelMatches("error", entry))).toHaveLength(1);
});
