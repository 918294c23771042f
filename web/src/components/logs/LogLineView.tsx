import { memo, type ReactNode } from "react";
import { parse, type Span } from "@/lib/ansi";
import { clockMs, exact } from "@/lib/format";
import type { Entry } from "@/lib/log-buffer";
import { cx } from "@/ui/cx";

// Written out, so that the style sheet is made with all of them.
const COLORS = [
  "text-[var(--ansi-0)]",
  "text-[var(--ansi-1)]",
  "text-[var(--ansi-2)]",
  "text-[var(--ansi-3)]",
  "text-[var(--ansi-4)]",
  "text-[var(--ansi-5)]",
  "text-[var(--ansi-6)]",
  "text-[var(--ansi-7)]",
];

const LEVELS = {
  error: { letter: "E", word: "error", className: "bg-crit/14" },
  warn: { letter: "W", word: "warning", className: "bg-warn/14" },
  info: { letter: "I", word: "information", className: "" },
  debug: { letter: "D", word: "debug", className: "" },
};

interface LogLineProps {
  entry: Entry;
  wrap: boolean;
  times: boolean;
  services: boolean;
  marked: string[];
}

/** One line. Whatever it holds ends up in text nodes. */
export const LogLineView = memo(function LogLineView({ entry, wrap, times, services, marked }: LogLineProps) {
  if (entry.note !== undefined) {
    return (
      <div className="border-y border-border bg-raised px-3 py-1 font-sans text-table text-muted">{entry.note}</div>
    );
  }
  const level = entry.level ? LEVELS[entry.level] : null;
  return (
    <div className={cx("flex gap-2 px-3 font-mono text-table", level?.className)}>
      <span aria-label={level?.word} className="w-[1ch] shrink-0 text-muted select-none">
        {level?.letter ?? ""}
      </span>
      {times && (
        <time className="shrink-0 text-subtle" title={exact(entry.line.at)}>
          {clockMs(entry.line.at)}
        </time>
      )}
      {services && <span className="shrink-0 text-accent">{entry.line.service}</span>}
      <span className={cx("min-w-0", wrap ? "break-all whitespace-pre-wrap" : "whitespace-pre")}>
        {parse(entry.line.text).map((span, index) => (
          <AnsiSpan key={index} span={span} marked={marked} />
        ))}
      </span>
    </div>
  );
});

function AnsiSpan({ span, marked }: { span: Span; marked: string[] }) {
  const content = mark(span.text, marked);
  const plainSpan = span.color === undefined && !span.bold && !span.dim && !span.italic && !span.underline;
  if (plainSpan) return content;
  return (
    <span
      className={cx(
        span.color !== undefined && COLORS[span.color % 8],
        span.bold && "font-bold",
        span.dim && span.color === undefined && "text-muted",
        span.italic && "italic",
        span.underline && "underline",
      )}
    >
      {content}
    </span>
  );
}

function mark(text: string, words: string[]): ReactNode {
  if (words.length === 0) return text;
  const lower = text.toLowerCase();
  const parts: ReactNode[] = [];
  let from = 0;
  for (;;) {
    const next = words
      .map((word) => ({ word, at: lower.indexOf(word, from) }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.at - b.at || b.word.length - a.word.length)[0];
    if (!next) break;
    parts.push(text.slice(from, next.at));
    from = next.at + next.word.length;
    parts.push(
      <mark key={next.at} className="rounded-[2px] bg-focus text-[#161b22] in-data-[theme=light]:text-white">
        {text.slice(next.at, from)}
      </mark>,
    );
  }
  parts.push(text.slice(from));
  return parts;
}
