import type { Status } from "@/lib/names";
import { cx } from "./cx";

const COLOR: Record<Status, string> = {
  ok: "text-ok",
  warn: "text-warn",
  crit: "text-crit",
  busy: "text-busy",
  off: "text-off",
  unknown: "text-off",
};

/** A state as a shape of its own; colour only repeats it. */
export function StatusGlyph({ status, size = 16, className }: { status: Status; size?: number; className?: string }) {
  return (
    <svg
      aria-hidden
      width={size}
      height={size}
      viewBox="0 0 16 16"
      className={cx("shrink-0", COLOR[status], status === "busy" && "motion-safe:animate-spin", className)}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {SHAPES[status]}
    </svg>
  );
}

// Marks inside filled shapes are cut out in the colour of the card.
const MARK = "var(--card)";
const SHAPES: Record<Status, React.ReactNode> = {
  ok: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" stroke="none" />
      <path d="M5 8.2 7.2 10.4 11.2 6" stroke={MARK} />
    </>
  ),
  warn: (
    <>
      <path d="M8 1.6 15 14H1Z" fill="currentColor" />
      <path d="M8 6v3.4M8 11.8v.1" stroke={MARK} />
    </>
  ),
  crit: (
    <>
      <path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Z" fill="currentColor" stroke="none" />
      <path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" stroke={MARK} />
    </>
  ),
  busy: (
    <>
      <circle cx="8" cy="8" r="6" opacity="0.3" />
      <path d="M8 2a6 6 0 0 1 6 6" />
    </>
  ),
  off: <rect x="2.5" y="2.5" width="11" height="11" rx="1.5" />,
  unknown: (
    <>
      <circle cx="8" cy="8" r="6.4" strokeDasharray="2.4 2.4" />
      <path d="M6.4 6.6a1.7 1.7 0 1 1 2.2 1.7c-.4.2-.6.5-.6.9M8 11.3v.1" strokeWidth="1.4" />
    </>
  ),
};

const TINT: Record<Status, string> = {
  ok: "bg-ok/14",
  warn: "bg-warn/14",
  crit: "bg-crit/14",
  busy: "bg-busy/14",
  off: "bg-off/14",
  unknown: "bg-off/14",
};

export function StatusPill({ status, label, className }: { status: Status; label: string; className?: string }) {
  return (
    <span
      className={cx(
        "inline-flex items-center gap-1.5 rounded-full px-2 py-0.5 text-meta font-medium whitespace-nowrap text-text",
        TINT[status],
        className,
      )}
    >
      <StatusGlyph status={status} size={14} />
      {label}
    </span>
  );
}

/** The glyph and the word without the pill, for tables and lists. */
export function StatusText({ status, label, className }: { status: Status; label: string; className?: string }) {
  return (
    <span className={cx("inline-flex items-center gap-2 whitespace-nowrap", className)}>
      <StatusGlyph status={status} />
      {label}
    </span>
  );
}
