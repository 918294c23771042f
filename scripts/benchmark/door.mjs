// The one door: what an empty operation costs beside the disk's own fsync, and what a million do.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.mjs";

const ROWS = 1_000_000;
const TARGETS = [
  ["door_empty_operation_p99_ms", (value) => value <= 5],
  ["door_with_rows_p99_ms", (value) => value <= 5],
  ["sustained_empty_operations_per_s", (value) => value >= 200],
  ["fill_memory_growth_mib", (value) => value <= 16],
  ["fill_open_files_growth", (value) => value === 0],
  ["start_with_rows_ms", (value) => value < 200],
  ["verify_s", (value) => value < 10],
  ["back_after_a_crash_ms", (value) => value < 10_000],
];

export async function door(bench) {
  const folder = await mkdtemp(join(tmpdir(), "steward-bench-door-"));
  bench.cleanup.add("the folder of the door", () => rm(folder, { recursive: true, force: true }));
  const program = process.env.STEWARD_DOOR_BENCH;
  if (!program) throw new Error("run scripts/bench: it builds the program that measures the door");
  const { out } = await run(program, [folder, String(ROWS)]);
  const found = Object.fromEntries(out.trim().split("\n").map((line) => line.split("\t")).map(([key, value]) => [key, Number(value)]));
  const missed = TARGETS.filter(([key, holds]) => !holds(found[key])).map(([key]) => key);
  return {
    measured: [
      `${found.door_empty_operation_p50_ms} ms, p99 ${found.door_empty_operation_p99_ms} ms`,
      `${found.sustained_empty_operations_per_s}/s`,
      `with ${ROWS} rows: p99 ${found.door_with_rows_p99_ms} ms, start ${found.start_with_rows_ms} ms, verify ${found.verify_s} s, after a crash ${found.back_after_a_crash_ms} ms`,
    ].join("; "),
    yardstick: `fsync of 4 KiB: ${found.fsync_p50_ms} ms, p99 ${found.fsync_p99_ms} ms`,
    target: `p99 <= 5 ms; >= 200/s; start < 200 ms, verify < 10 s, after a crash < 10 s${missed.length > 0 ? ` (missed: ${missed.join(", ")})` : ""}`,
    ok: missed.length === 0,
    samples: found,
  };
}
