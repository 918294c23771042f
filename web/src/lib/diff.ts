// Reads a unified diff into lines that can be shown side by side with their numbers.
export interface DiffLine {
  kind: "add" | "remove" | "same" | "hunk";
  text: string;
  before: number | null;
  after: number | null;
}

export function parseDiff(diff: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let before = 0;
  let after = 0;
  let inside = false;
  for (const text of diff.replace(/\n$/, "").split("\n")) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text);
    if (hunk) {
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      inside = true;
      lines.push({ kind: "hunk", text, before: null, after: null });
    } else if (!inside) {
      // The names of the two files; the heading says them already.
      continue;
    } else if (text.startsWith("+")) {
      lines.push({ kind: "add", text: text.slice(1), before: null, after: after++ });
    } else if (text.startsWith("-")) {
      lines.push({ kind: "remove", text: text.slice(1), before: before++, after: null });
    } else if (!text.startsWith("\\")) {
      lines.push({ kind: "same", text: text.slice(1), before: before++, after: after++ });
    }
  }
  return lines;
}

export function diffCounts(lines: DiffLine[]): { added: number; removed: number } {
  return {
    added: lines.filter((line) => line.kind === "add").length,
    removed: lines.filter((line) => line.kind === "remove").length,
  };
}
