import { expect, test } from "vitest";
import { level, parse, plain } from "./ansi";

test("text without escapes is one span", () => {
  expect(parse("hello")).toEqual([{ text: "hello" }]);
  expect(parse("")).toEqual([]);
});

test("colours become spans and end with a reset", () => {
  expect(parse("\x1b[32mINFO\x1b[0m up")).toEqual([{ color: 2, text: "INFO" }, { text: " up" }]);
  expect(parse("\x1b[1;31mbad\x1b[22m\x1b[39m ok")).toEqual([
    { bold: true, color: 1, text: "bad" },
    { bold: undefined, dim: undefined, color: undefined, text: " ok" },
  ]);
  expect(parse("\x1b[97mx")).toEqual([{ color: 15, text: "x" }]);
});

test("256 colours and true colour do not leak their numbers", () => {
  expect(parse("\x1b[38;5;2mgreen")).toEqual([{ color: 2, text: "green" }]);
  expect(parse("\x1b[38;5;200mpink")).toEqual([{ color: undefined, text: "pink" }]);
  expect(parse("\x1b[38;2;1;2;3;4mx")).toEqual([{ color: undefined, underline: true, text: "x" }]);
});

test("what is not a colour is dropped", () => {
  const cases: [string, string][] = [
    ["\x1b[2Jcleared", "cleared"],
    ["\x1b]0;title\x07after", "after"],
    ["\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"],
    ["\x1b]0;never ends", ""],
    ["a\x1b[", "a"],
    ["a\x1b", "a"],
    ["bell\x07 back\b", "bell back"],
    ["tab\tstays", "tab\tstays"],
    ["safe\u202etxt.exe", "safetxt.exe"],
    ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
  ];
  for (const [line, expected] of cases) {
    expect(plain(line)).toBe(expected);
    expect(
      parse(line)
        .map((span) => span.text)
        .join(""),
    ).toBe(expected);
  }
});

test("a long hostile line is read in no time", () => {
  const line = "\x1b[".repeat(20_000);
  const began = performance.now();
  parse(line);
  expect(performance.now() - began).toBeLessThan(1000);
});

test("levels are found near the beginning", () => {
  expect(level("2026-01-01 ERROR no")).toBe("error");
  expect(level("[warn] slow")).toBe("warn");
  expect(level("INFO up")).toBe("info");
  expect(level("debug: x")).toBe("debug");
  expect(level("terror in the information age")).toBe(null);
});
