// The same figures for people and for programs.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { dirname } from "node:path";

const COLUMNS = ["figure", "measured", "yardstick", "target", "verdict"];

export function table(rows) {
  const cells = [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column] || "-"))];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd();
  return cells.map(line).join("\n");
}

/** The figures with what they depend on: a number without its machine says little. */
export function write(file, rows, versions) {
  const machine = {
    processors: cpus().length,
    model: cpus()[0]?.model,
    memory_bytes: totalmem(),
    kernel: release(),
    load: loadavg(),
  };
  const report = { at: new Date().toISOString(), machine, versions, figures: rows };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
