// The log lines that are kept for the page: bounded, and told to React a few times a second at most.
import type { LogLine } from "@/api/types";
import { level, plain, type Level } from "./ansi";

export const KEPT_LINES = 50_000;
const TELL_EVERY = 100;

export interface Entry {
  /** Rises by one from line to line, over dropped ones too. */
  index: number;
  /** A remark of the page's own, such as a gap, instead of a line. */
  note?: string;
  line: LogLine;
  plain: string;
  level: Level | null;
}

export class LogBuffer {
  private entries: readonly Entry[] = [];
  private fresh: Entry[] = [];
  private next = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();
  /** The newest time seen; lines that are not newer are repeats after a reconnection. */
  private newest = 0;
  private skipTo = 0;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): readonly Entry[] => this.entries;

  add(lines: LogLine[]): void {
    for (const line of lines) {
      if (this.skipTo > 0 && line.at !== null && line.at <= this.skipTo) continue;
      if (line.at !== null) this.newest = Math.max(this.newest, line.at);
      const text = plain(line.text);
      this.fresh.push({ index: this.next++, line, plain: text, level: level(text) });
    }
    this.schedule();
  }

  note(text: string): void {
    const line: LogLine = { at: null, service: "", stream: "stdout", text };
    this.fresh.push({ index: this.next++, note: text, line, plain: text, level: null });
    this.schedule();
  }

  /** What comes next begins with lines that are here already. */
  resume(): void {
    this.skipTo = this.newest;
  }

  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.entries = [];
    this.fresh = [];
    this.newest = this.skipTo = 0;
    this.tell();
  }

  get isEmpty(): boolean {
    return this.entries.length === 0 && this.fresh.length === 0;
  }

  private schedule(): void {
    if (this.fresh.length === 0) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const all = this.entries.concat(this.fresh);
      this.fresh = [];
      this.entries = all.length > KEPT_LINES ? all.slice(-KEPT_LINES) : all;
      this.tell();
    }, TELL_EVERY);
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** `a b -c`: lines that hold `a` and `b` and not `c`. */
export function matcher(typed: string): (entry: Entry) => boolean {
  const words = typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "" && word !== "-");
  const wanted = words.filter((word) => !word.startsWith("-"));
  const unwanted = words.filter((word) => word.startsWith("-")).map((word) => word.slice(1));
  return (entry) => {
    if (entry.note !== undefined) return true;
    const text = entry.plain.toLowerCase();
    return wanted.every((word) => text.includes(word)) && !unwanted.some((word) => text.includes(word));
  };
}

export function wantedWords(typed: string): string[] {
  return typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "" && !word.startsWith("-"));
}

export type LevelFilter = "all" | "warn" | "error";

export function levelMatches(filter: LevelFilter, entry: Entry): boolean {
  if (filter === "all" || entry.note !== undefined) return true;
  if (filter === "error") return entry.level === "error";
  return entry.level === "error" || entry.level === "warn";
}
