import { Link } from "@tanstack/react-router";
import type { Operation } from "@/api/types";
import { bytesOf, duration, number } from "@/lib/format";
import { OPERATION, isAtRest, kindVerb, stepLabel } from "@/lib/names";
import { useNow } from "@/lib/now";
import { progressByOperation, share } from "@/lib/progress";
import { useStore } from "@/lib/store";
import { ProgressBar } from "@/ui/Meter";
import { StatusGlyph } from "@/ui/Status";
import { Ago } from "@/ui/Time";

export function OperationList({ operations }: { operations: Operation[] }) {
  return (
    <ul className="grid divide-y divide-border">
      {operations.map((operation) => (
        <OperationRow key={operation.id} operation={operation} />
      ))}
    </ul>
  );
}

/** One operation in a list: what, on what, where it is, who and when. */
export function OperationRow({ operation }: { operation: Operation }) {
  const { status, label } = OPERATION[operation.state];
  return (
    <li className="relative grid gap-1.5 px-1 py-2 hover:bg-hover/50">
      <div className="flex min-h-6 items-center gap-3">
        <StatusGlyph status={status} />
        <Link to="/operations/$id" params={{ id: operation.id }} className="stretched min-w-0 font-medium hover:underline">
          {kindVerb(operation.kind)} {operation.target}
        </Link>
        <span className="ml-auto shrink-0 text-table text-muted">
          <Ago at={operation.created_at} />
        </span>
      </div>
      <div className="flex flex-wrap gap-x-2 pl-7 text-table text-muted">
        <span>{label}</span>
        <Detail operation={operation} />
        <span>by {operation.actor}</span>
      </div>
      {!isAtRest(operation.state) && <RowProgress operation={operation} />}
    </li>
  );
}

function Detail({ operation }: { operation: Operation }) {
  if (operation.state === "queued" && operation.waiting) {
    return <span>waiting for another operation</span>;
  }
  if (!isAtRest(operation.state)) return operation.current_step ? <span>{stepLabel(operation.current_step)}</span> : null;
  if (operation.error) return <span className="line-clamp-1">{operation.error.message}</span>;
  if (!operation.changed) return <span>nothing to change</span>;
  if (operation.started_at && operation.finished_at) return <span>in {duration(operation.finished_at - operation.started_at)}</span>;
  return null;
}

function RowProgress({ operation }: { operation: Operation }) {
  const heard = useStore(progressByOperation)[operation.id];
  const now = useNow();
  if (!heard) return null;
  const { progress, at } = heard;
  const amount =
    progress.bytes_done !== null
      ? bytesOf(progress.bytes_done, progress.bytes_total)
      : progress.done !== null
        ? `${number(progress.done)} of ${number(progress.total)}`
        : "";
  const text = [progress.message, amount].filter(Boolean).join(", ");
  return (
    <div className="grid gap-1 pl-7 text-table text-muted">
      <ProgressBar label={`Progress of ${operation.target}`} value={share(progress)} text={text} />
      <span className="tabular-nums">
        {text}
        {now - at > 5000 && ` (${duration(now - at)} ago)`}
      </span>
    </div>
  );
}
