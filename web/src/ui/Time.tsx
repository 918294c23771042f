import { ago, dateTime, exact } from "@/lib/format";
import { useNow } from "@/lib/now";

/** A moment as its age; the full date is one hover or focus away. */
export function Ago({ at, className }: { at: number | null | undefined; className?: string }) {
  const now = useNow();
  if (at === null || at === undefined) return <span className={className}>—</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)} className={className}>
      {ago(at, now)}
    </time>
  );
}

export function When({ at, className }: { at: number | null | undefined; className?: string }) {
  if (at === null || at === undefined) return <span className={className}>—</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)} className={className}>
      {dateTime(at)}
    </time>
  );
}
