// What runs on this machine.
import { readFileSync, readdirSync } from "node:fs";

/** Whether a process runs whose command line holds this text. */
export function runs(text: string): boolean {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").includes(text);
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
}
