import type { ReactNode } from "react";
import { cx } from "./cx";

interface CardProps {
  title?: ReactNode;
  /** Small text or a control at the right of the heading. */
  aside?: ReactNode;
  /** Lists and tables bring their own padding. */
  flush?: boolean;
  className?: string;
  id?: string;
  children: ReactNode;
}

export function Card({ title, aside, flush, className, id, children }: CardProps) {
  return (
    <section id={id} className={cx("card min-w-0", className)}>
      {title !== undefined && (
        <header
          className={cx(
            "flex min-h-12 flex-wrap items-center justify-between gap-x-3 gap-y-1 px-4 py-2",
            flush && "border-b border-border",
          )}
        >
          <h2 className="text-lead font-semibold">{title}</h2>
          {aside !== undefined && <div className="flex items-center gap-2 text-table text-muted">{aside}</div>}
        </header>
      )}
      <div className={cx(!flush && "px-4 pb-4", !flush && title === undefined && "pt-4")}>{children}</div>
    </section>
  );
}

/** Name and value pairs. */
export function Facts({ items, className }: { items: [string, ReactNode][]; className?: string }) {
  return (
    <dl className={cx("grid grid-cols-[minmax(6rem,auto)_1fr] gap-x-4 gap-y-2 text-body", className)}>
      {items.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
