import { expect, test } from "vitest";
import * as format from "./format";

test("unknown is a dash, never zero", () => {
  for (const unknown of [null, undefined, Number.NaN]) {
    expect(format.bytes(unknown)).toBe("—");
    expect(format.duration(unknown)).toBe("—");
    expect(format.percent(unknown, 10)).toBe("—");
    expect(format.ago(unknown, 0)).toBe("—");
  }
  expect(format.bytes(0)).toBe("0 B");
  expect(format.percent(1, 0)).toBe("—");
});

test("bytes have three digits and binary units", () => {
  const cases: [number, string][] = [
    [512, "512 B"],
    [999, "999 B"],
    [1000, "0.977 KiB"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [58 * 1024 ** 2, "58 MiB"],
    [15.5 * 1024 ** 3, "15.5 GiB"],
    [3.254 * 1024 ** 4, "3.25 TiB"],
  ];
  for (const [value, expected] of cases) expect(format.bytes(value)).toBe(expected);
  expect(format.mebibytes(128)).toBe("128 MiB");
  expect(format.bytesOf(412 * 1024 ** 2, 690 * 1024 ** 2)).toBe("412 MiB of 690 MiB");
  expect(format.bytesOf(412, null)).toBe("412 B");
});

test("durations name their two largest units", () => {
  const cases: [number, string][] = [
    [12, "12 ms"],
    [400, "400 ms"],
    [960, "1.0 s"],
    [9900, "9.9 s"],
    [42_000, "42 s"],
    [185_000, "3 min 5 s"],
    [3_600_000, "1 h"],
    [7_440_000, "2 h 4 min"],
    [86_400_000 * 3 + 7_200_000, "3 d 2 h"],
  ];
  for (const [value, expected] of cases) expect(format.duration(value)).toBe(expected);
});

test("ages are relative for a day and a date after it", () => {
  const now = new Date(2026, 5, 15, 12).getTime();
  expect(format.ago(now, now)).toBe("just now");
  expect(format.ago(now + 2000, now)).toBe("just now");
  expect(format.ago(now - 30_000, now)).toMatch(/^30\s?s/);
  expect(format.ago(now - 3 * 3_600_000, now)).toMatch(/^3\s?h/);
  expect(format.ago(now - 3 * 86_400_000, now)).toBe("Jun 12");
  expect(format.ago(now - 400 * 86_400_000, now)).toContain("2025");
});

test("command lines are quoted for reading", () => {
  expect(format.commandLine(["docker", "compose", "--file", "a b.yaml"])).toBe("docker compose --file 'a b.yaml'");
  expect(format.commandLine(["echo", "it's"])).toBe("echo 'it'\\''s'");
  expect(format.commandLine(["run", ""])).toBe("run ''");
});

test("counts agree with their noun", () => {
  expect(format.count(1, "app")).toBe("1 app");
  expect(format.count(0, "app")).toBe("0 apps");
  expect(format.count(2, "entry", "entries")).toBe("2 entries");
});
