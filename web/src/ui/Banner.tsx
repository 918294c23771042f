import type { ReactNode } from "react";
import type { Status } from "@/lib/names";
import { cx } from "./cx";
import { StatusGlyph } from "./Status";

const EDGE: Record<Status, string> = {
  ok: "border-ok/50 bg-ok/8",
  warn: "border-warn/50 bg-warn/8",
  crit: "border-crit/50 bg-crit/8",
  busy: "border-busy/50 bg-busy/8",
  off: "border-border bg-raised",
  unknown: "border-border bg-raised",
};

interface BannerProps {
  status: Status;
  title: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
  role?: "alert" | "status";
  className?: string;
}

/** A message that belongs to the page and stays until its cause is gone. */
export function Banner({ status, title, children, actions, role, className }: BannerProps) {
  return (
    <div
      role={role}
      className={cx(
        "flex flex-wrap items-start gap-x-3 gap-y-2 rounded-card border px-4 py-3",
        EDGE[status],
        className,
      )}
    >
      <StatusGlyph status={status} size={20} />
      <div className="grid min-w-0 flex-1 basis-56 gap-1">
        <p className="font-medium">{title}</p>
        {children && <div className="grid gap-1 text-muted">{children}</div>}
      </div>
      {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
    </div>
  );
}

/** What this place is for, and the one thing to do next. */
export function EmptyState({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="grid justify-items-center gap-3 px-4 py-10 text-center">
      <p className="text-lead font-medium">{title}</p>
      {children && <div className="max-w-md text-muted">{children}</div>}
      {action}
    </div>
  );
}

/** Grey blocks in the shape of what is coming. */
export function Skeleton({ className, rows = 1 }: { className?: string; rows?: number }) {
  return (
    <div aria-hidden className="grid gap-2">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className={cx("skeleton", className ?? "h-5")} />
      ))}
    </div>
  );
}
