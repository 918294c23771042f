// What a server left on its machine: files, processes, locks.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Every file below a folder, by its path in it, but for those below these folders. */
export function files(folder: string, ...but: string[]): string[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = found.filter((one) => one.isFile()).map((one) => relative(folder, join(one.parentPath, one.name)));
  return paths.filter((path) => !but.some((one) => path.startsWith(`${one}/`))).sort();
}

/** Command lines of running processes that hold this text. */
export function processes(text: string): string[] {
  const lines = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`;
      } catch {
        // It has ended meanwhile.
        return "";
      }
    });
  return lines.filter((line) => line.includes(text));
}

/** What the database says of itself, past the server: what is broken, and locks that nothing under way holds. */
export function database(folder: string): { broken: string[]; held: string[] } {
  const rows = (sql: string): string[] => {
    // Opened anew each time, as a killed server leaves it.
    const file = new DatabaseSync(join(folder, "steward.db"), { readOnly: true, timeout: 5_000 });
    try {
      return file
        .prepare(sql)
        .all()
        .map((row) => Object.values(row).join(" "));
    } finally {
      file.close();
    }
  };
  return {
    broken: rows("PRAGMA integrity_check").filter((line) => line !== "ok"),
    held: rows(`SELECT locks.name, operations.id, operations.state FROM locks
      JOIN operations ON operations.id = locks.operation_id
      WHERE operations.state IN ('succeeded', 'rolled_back', 'cancelled', 'needs_attention')`),
  };
}
