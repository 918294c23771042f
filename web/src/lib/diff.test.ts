import { expect, test } from "vitest";
import { DIFF } from "../../mock/data";
import { diffCounts, parseDiff } from "./diff";

test("lines are counted on both sides", () => {
  const lines = parseDiff(DIFF);
  expect(lines[0]).toMatchObject({ kind: "hunk" });
  expect(lines[1]).toMatchObject({ kind: "same", before: 6, after: 6 });
  expect(lines[2]).toMatchObject({ kind: "remove", before: 7, after: null });
  expect(lines[3]).toMatchObject({ kind: "add", before: null, after: 7, text: '      - "8088:80/tcp"' });
  expect(diffCounts(lines)).toEqual({ added: 2, removed: 2 });
});

test("an empty diff has no lines, and a removed line that looks like a heading stays a line", () => {
  expect(parseDiff("")).toEqual([]);
  const lines = parseDiff("--- a\n+++ b\n@@ -1,2 +1 @@\n--- title\n same\n\\ No newline at end of file\n");
  expect(lines.map((line) => [line.kind, line.text])).toEqual([
    ["hunk", "@@ -1,2 +1 @@"],
    ["remove", "-- title"],
    ["same", "same"],
  ]);
});
