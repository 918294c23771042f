import { Link } from "@tanstack/react-router";
import type { Operation } from "@/api/types";
import { bytesOf, duration, number } from "@/lib/format";
import { OPERATION, isAtRest, operationTitle, stepLabel } from "@/lib/names";
import { useNow } from "@/lib/now";
import { progressByOperation, share } from "@/lib/progress";
import { useStore } from "@/lib/store";
import { ProgressBar } from "@/ui/Meter";
import { StatusGlyph } from "@/ui/Status";
import { Sentence } from "@/ui/Sentence";
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
    <li className="relative grid gap-0.5 px-1 py-2 hover:bg-hover/50">
      <div className="flex items-center gap-3">
        <StatusGlyph status={status} />
        <Link
          to="/operations/$id"
          params={{ id: operation.id }}
          className="stretched min-w-0 font-medium hover:underline"
        >
          {operationTitle(operation)}
        </Link>
        <span className="ml-auto shrink-0 text-table text-muted">
          <Ago at={operation.created_at} />
        </span>
      </div>
      <p className="pl-7 text-table text-muted">
        {label} by {operation.actor}
        <Detail operation={operation} />
      </p>
      {!isAtRest(operation.state) && <RowProgress operation={operation} />}
    </li>
  );
}

function Detail({ operation }: { operation: Operation }) {
  if (operation.state === "queued" && operation.waiting) return <>, waiting for another operation</>;
  if (!isAtRest(operation.state)) return operation.current_step ? <>: {stepLabel(operation.current_step)}</> : null;
  if (operation.error) {
    return (
      <>
        : <Sentence text={operation.error.message} />
      </>
    );
  }
  if (!operation.changed) return <>, nothing had to change</>;
  if (operation.started_at && operation.finished_at)
    return <> in {duration(operation.finished_at - operation.started_at)}</>;
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
    <div className="grid gap-1 pt-1 pl-7 text-table text-muted">
      <ProgressBar label={`Progress of ${operation.target}`} value={share(progress)} text={text} />
      <span className="tabular-nums">
        {text}
        {now - at > 5000 && ` (${duration(now - at)} ago)`}
      </span>
    </div>
  );
}
