import { cx } from "./cx";

interface MeterProps {
  label: string;
  /** From 0 to 1; unknown when null. */
  value: number | null;
  /** What it says in words, such as `6.1 of 8 GiB`. */
  text: string;
  warnAt?: number;
  critAt?: number;
  className?: string;
}

/** A level against its limit, with ticks where it starts to matter. */
export function Meter({ label, value, text, warnAt, critAt, className }: MeterProps) {
  const over = value !== null && critAt !== undefined && value >= critAt;
  const near = value !== null && warnAt !== undefined && value >= warnAt;
  const fill = over ? "bg-crit" : near ? "bg-warn" : "bg-accent";
  const word = over ? "very high" : near ? "high" : null;
  return (
    <div className={cx("grid gap-1.5", className)}>
      <div className="flex flex-wrap items-baseline justify-between gap-x-2 text-table">
        <span className="text-muted">{label}</span>
        <span className="tabular-nums">
          {text}
          {word && <span className="ml-1.5 font-medium">({word})</span>}
        </span>
      </div>
      <div
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={value === null ? undefined : Math.round(value * 100)}
        aria-valuetext={text}
        className="relative h-2 overflow-hidden rounded-full bg-hover"
      >
        {value !== null && (
          <div
            className={cx("h-full rounded-full", fill)}
            style={{ width: `${Math.min(100, Math.max(0, value * 100))}%` }}
          />
        )}
        {[warnAt, critAt].map(
          (at) =>
            at !== undefined && (
              <i key={at} className="absolute inset-y-0 w-px bg-control" style={{ left: `${at * 100}%` }} />
            ),
        )}
      </div>
    </div>
  );
}

/** How far something is. Without a share it moves, and says so in words. */
export function ProgressBar({ label, value, text }: { label: string; value: number | null; text: string }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value === null ? undefined : Math.round(value * 100)}
      aria-valuetext={text}
      className="h-1.5 overflow-hidden rounded-full bg-hover"
    >
      <div
        className={cx("h-full rounded-full bg-busy", value === null && "w-1/4 opacity-60 motion-safe:animate-pulse")}
        style={value === null ? undefined : { width: `${Math.min(100, Math.max(0, value * 100))}%` }}
      />
    </div>
  );
}
